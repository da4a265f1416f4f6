"""Awards: decisions make them; two people end them before their last month."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.cash.store import awards as store
from services.benefits.cash.store import endings
from shared import clock
from shared.access import Access
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About, Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["awards"])

Reading = Annotated[Access, needs("awards.read")]


class AwardOut(BaseModel):
    """A monthly amount (VND) from month to month, both included; one that ended has nothing due after `ends_with`.

    One that is `held` does not fall due: the record of its person was merged into another's.
    """

    id: UUID
    application_id: UUID
    programme: str
    fund: str
    household_id: UUID
    person_id: UUID
    area_code: str
    monthly_amount: int
    first_month: str
    last_month: str
    granted_on: date
    granted_by: str
    state: str
    ends_with: str | None
    end_reason: str | None


def _out(row: Any) -> AwardOut:
    return AwardOut.model_validate(dict(row._mapping))


@router.get("/awards")
async def list_awards(
    tx: Tx, access: Reading, reads: Reads, paging: Paging, household_id: UUID | None = None
) -> Page[AwardOut]:
    """List awards, newest first."""
    after = paging.after(UUID)
    rows = await store.page_of_awards(
        tx, access, household_id=household_id, after=after[0] if after else None, limit=paging.limit + 1
    )
    page = paging.page([_out(row) for row in rows], key=lambda out: (out.id,))
    reads.many("award", [each.id for each in page.items])
    return page


@router.get("/awards/{award_id}")
async def get_award(tx: Tx, access: Reading, reads: Reads, award_id: UUID) -> AwardOut:
    """Read one award."""
    row = await store.award(tx, award_id)
    if row is None:
        raise Problem(404, "award_not_found")
    access.admit(row.area_code, Problem(404, "award_not_found"))
    reads.one("award", award_id, area=row.area_code)
    return _out(row)


class EndingIn(BaseModel):
    """After which month an award ends, and why."""

    model_config = ConfigDict(extra="forbid")

    ends_with: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"])
    reason: Literal["death", "moved_away", "no_longer_eligible", "mistake", "own_wish"]
    note: str = Field(min_length=3, max_length=500, examples=["Giấy chứng tử số 12 ngày 20/11/2026"])


async def _end(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    said = proposal.draft.content
    ended = await endings.end(
        session,
        UUID(proposal.draft.subject),
        ends_with=str(said["ends_with"]),
        reason=str(said["reason"]),
        actor=actor,
        now=now,
    )
    if not ended:
        raise Problem(409, "award_not_active")


AWARD_ENDING = Operation("award-ending", "awards.read", "applications.decide", apply=_end)


@router.post("/awards/{award_id}/ending", status_code=201, dependencies=[IDEMPOTENT])
async def propose_ending(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("applications.prepare")],
    about: About,
    award_id: UUID,
    body: EndingIn,
) -> ProposalOut:
    """Propose to end an award; once another person approves, unpaid later months are cancelled and given back."""
    row = await store.award(tx, award_id)
    if row is None:
        raise Problem(404, "award_not_found")
    access.admit(row.area_code, Problem(404, "award_not_found"))
    if row.state not in ("active", "held"):
        raise Problem(409, "award_not_active")
    about.one("award", award_id, area=row.area_code)
    content = body.model_dump() | {"monthly_amount": row.monthly_amount, "last_month": row.last_month}
    draft = Draft(AWARD_ENDING.kind, str(award_id), content, row.area_code)
    return proposal_out("benefits", AWARD_ENDING, await propose(tx, draft, actor=actor, now=clock.now()))


class Release(BaseModel):
    """Why a held award is paid again."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=10, max_length=2000, examples=["Hồ sơ giữ lại không có khoản này, đã đối chiếu"])


@router.post("/awards/{award_id}/release", status_code=201, dependencies=[IDEMPOTENT])
async def release_award(
    tx: Tx,
    access: Annotated[Access, needs("awards.release")],
    about: About,
    award_id: UUID,
    body: Release,  # noqa: ARG001 - its digest stands in the record
) -> AwardOut:
    """Let a held award fall due again, after looking at what the kept record is awarded."""
    row = await store.award(tx, award_id)
    if row is None:
        raise Problem(404, "award_not_found")
    access.admit(row.area_code, Problem(404, "award_not_found"))
    about.one("award", award_id, area=row.area_code)
    if not await store.release(tx, award_id):
        raise Problem(409, "award_not_held")
    return _out(await store.award(tx, award_id))
