"""Applications, their reason sheets, and the decisions on them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.beneficiaries.store import area_of
from services.benefits.cash.store import applications as store
from services.benefits.ledger.store import BudgetExhausted
from services.benefits.programmes.domain.eligibility import Assessment
from services.benefits.programmes.domain.terms import PROGRAMMES
from shared import clock
from shared.access import Access
from shared.approvals import Proposal
from shared.approvals.store import newest_proposals
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About, Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["applications"])

Reading = Annotated[Access, needs("applications.read")]

ApplicationState = Literal["submitted", "approved", "refused"]


class ApplicationIn(BaseModel):
    """Who applies for which programme."""

    model_config = ConfigDict(extra="forbid")

    programme: str = Field(examples=["monthly-assistance-poor-elderly"])
    household_id: UUID
    person_id: UUID
    applied_on: date


class DecisionIn(BaseModel):
    """What is decided. `fund` names whose budget bears it where several could."""

    model_config = ConfigDict(extra="forbid")

    approve: bool
    content_hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the application that was seen")
    note: str = Field(default="", max_length=2000)
    fund: str | None = None


class DecisionOut(BaseModel):
    """A decision with the reason sheet of its day."""

    approved: bool
    note: str
    decided_by: str
    decided_on: date
    assessment: Assessment
    award_id: UUID | None


class ApplicationOut(BaseModel):
    """An application with the reason sheet of the day it was made."""

    id: UUID
    programme: str
    household_id: UUID
    person_id: UUID
    applied_on: date
    state: ApplicationState
    content_hash: str
    prepared_by: str
    assessment: Assessment
    decision: DecisionOut | None = None


def _out(row: Any, prepared: Proposal, decision: DecisionOut | None = None) -> ApplicationOut:
    seen = {"content_hash": prepared.content_hash, "prepared_by": prepared.prepared_by}
    return ApplicationOut.model_validate(dict(row._mapping) | seen | {"assessment": row.sheet, "decision": decision})


async def _prepared(tx: Transaction, rows: Sequence[Any]) -> dict[str, Proposal]:
    return await newest_proposals(tx, store.APPLICATION, [str(row.id) for row in rows])


async def _whole(tx: Transaction, application_id: UUID, access: Access) -> ApplicationOut:
    row = await store.application(tx, application_id)
    if row is None:
        raise Problem(404, "application_not_found")
    access.admit(await area_of(tx, row.household_id), Problem(404, "application_not_found"))
    decided = await store.decision_on(tx, application_id)
    decision = None
    if decided is not None:
        decision = DecisionOut.model_validate(dict(decided._mapping) | {"assessment": decided.sheet})
    return _out(row, (await _prepared(tx, [row]))[str(application_id)], decision)


@router.post("/applications", status_code=201, dependencies=[IDEMPOTENT])
async def create_application(
    tx: Tx, actor: Actor, access: Annotated[Access, needs("applications.prepare")], about: About, body: ApplicationIn
) -> ApplicationOut:
    """Take an application; the answer says which criteria are met, which are not, and which facts are missing.

    A household that was just registered may take seconds to be known here.
    """
    if body.programme not in PROGRAMMES:
        raise Problem(422, "programme_unknown")
    access.admit(await area_of(tx, body.household_id), Problem(404, "household_not_found"))
    now = clock.now()
    if body.applied_on > clock.legal_date(now):
        raise Problem(422, "date_in_future")
    request = store.Request(body.programme, body.household_id, body.person_id, body.applied_on)
    application_id = await store.apply_for(tx, request, actor=actor, now=now)
    about.one("application", application_id)
    return await _whole(tx, application_id, access)


@router.get("/applications")
async def list_applications(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    household_id: UUID | None = None,
    state: ApplicationState | None = None,
) -> Page[ApplicationOut]:
    """List applications, newest first."""
    after = paging.after(UUID)
    rows = await store.page_of_applications(
        tx, access, household_id=household_id, state=state, after=after[0] if after else None, limit=paging.limit + 1
    )
    prepared = await _prepared(tx, rows)
    page = paging.page([_out(row, prepared[str(row.id)]) for row in rows], key=lambda out: (out.id,))
    reads.many("application", [each.id for each in page.items])
    return page


@router.get("/applications/{application_id}")
async def get_application(tx: Tx, access: Reading, reads: Reads, application_id: UUID) -> ApplicationOut:
    """Read an application and the decision on it."""
    reads.one("application", application_id)
    return await _whole(tx, application_id, access)


@router.post("/applications/{application_id}/decision", status_code=201, dependencies=[IDEMPOTENT])
async def decide_application(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("applications.decide")],
    application_id: UUID,
    body: DecisionIn,
) -> ApplicationOut:
    """Decide, as another person than who prepared. The rules are asked again for today; an approval is an award."""
    await _whole(tx, application_id, access)
    if not body.approve and not body.note.strip():
        raise Problem(422, "refusal_needs_note")
    try:
        await store.decide(
            tx,
            application_id,
            approve=body.approve,
            content_hash=body.content_hash,
            note=body.note,
            fund=body.fund,
            actor=actor,
            now=clock.now(),
        )
    except store.NotEligible as error:
        raise Problem(409, "not_eligible") from error
    except store.FactsMissing as error:
        raise Problem(409, "facts_missing") from error
    except store.FundAmbiguous as error:
        raise Problem(409, "fund_ambiguous") from error
    except BudgetExhausted as error:
        raise Problem(409, "budget_exhausted") from error
    return await _whole(tx, application_id, access)
