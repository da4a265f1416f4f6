"""Applications and what was decided on them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from services.benefits.beneficiaries.store import area_of, facts_of, lives_within
from services.benefits.cash.domain.months import span_from
from services.benefits.cash.store.rows import application_table, award_table, decision_table
from services.benefits.ledger.domain.journal import Purpose
from services.benefits.ledger.store import BudgetExhausted, budgets_of, commit_budget
from services.benefits.programmes.domain.eligibility import Assessment, assess
from services.benefits.programmes.domain.terms import PROGRAMMES, RECOGNITION
from services.benefits.turns import take_turns
from shared.access import Access
from shared.approvals import Draft, propose
from shared.approvals import approve as approve_proposal
from shared.approvals import refuse as refuse_proposal
from shared.approvals.store import open_proposal
from shared.clock import legal_date
from shared.db import Transaction
from shared.events.benefits import AwardGranted
from shared.http.problems import Problem
from shared.ids import new_id
from shared.messaging.outbox import publish

APPLICATION = "application"


class NotEligible(Exception):
    """A criterion is not met on the day of the decision."""


class FactsMissing(Exception):
    """A fact that decides is not known yet: wait for it."""


class FundAmbiguous(Exception):
    """Several funds have the budget for the award: the decision must name one."""


@dataclass(frozen=True)
class Request:
    """Who applies for what, and when."""

    programme: str
    household_id: UUID
    person_id: UUID
    applied_on: date


async def judge(session: Transaction, request: Request, on: date) -> Assessment:
    """Judge a request on a day by what the registry has said so far."""
    facts = await facts_of(session, request.household_id, request.person_id)
    return assess(PROGRAMMES[request.programme], RECOGNITION, facts, on)


async def apply_for(session: Transaction, request: Request, *, actor: str, now: datetime) -> UUID:
    """Store an application with its reason sheet and return its id."""
    sheet = (await judge(session, request, request.applied_on)).model_dump(mode="json")
    application_id = new_id()
    row = {
        "id": application_id,
        "programme": request.programme,
        "household_id": request.household_id,
        "person_id": request.person_id,
        "applied_on": request.applied_on,
        "sheet": sheet,
        "state": "submitted",
    }
    await (await session.connection()).execute(insert(application_table), [row])
    area_code = await area_of(session, request.household_id)
    draft = Draft(APPLICATION, str(application_id), asdict(request) | {"sheet": sheet}, area_code)
    await propose(session, draft, actor=actor, now=now)
    return application_id


async def application(session: Transaction, application_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """Return an application, locked if asked for."""
    query = select(application_table).where(application_table.c.id == application_id)
    query = query.with_for_update() if lock else query
    return (await (await session.connection()).execute(query)).one_or_none()


async def decision_on(session: Transaction, application_id: UUID) -> Row[Any] | None:
    """Return the decision on an application with the id of the award it made, None while there is none."""
    d, a = decision_table.c, award_table.c
    query = (
        select(decision_table, a.id.label("award_id"))
        .outerjoin(award_table, a.application_id == d.application_id)
        .where(d.application_id == application_id)
    )
    return (await (await session.connection()).execute(query)).one_or_none()


async def page_of_applications(
    session: Transaction,
    access: Access,
    *,
    household_id: UUID | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return applications of households in an access's areas, newest first, before an id."""
    c = application_table.c
    query = select(application_table).where(lives_within(access, c.household_id)).order_by(c.id.desc()).limit(limit)
    query = query if household_id is None else query.where(c.household_id == household_id)
    query = query if state is None else query.where(c.state == state)
    query = query if after is None else query.where(c.id < after)
    return (await (await session.connection()).execute(query)).all()


async def decide(
    session: Transaction,
    application_id: UUID,
    *,
    approve: bool,
    content_hash: str,
    note: str,
    fund: str | None,
    actor: str,
    now: datetime,
) -> None:
    """Decide on an application on today's date in law; an approval makes the award and commits its budget.

    Raises:
        Problem: as `shared.approvals.approve` says; who prepared may not refuse either. 409
            `content_changed` also where the amount of today is not the one that the application showed.
        NotEligible, FactsMissing: the rules, asked again today, do not allow an approval.
        BudgetExhausted, FundAmbiguous: no fund, or not one alone, can bear it.
    """
    found = await application(session, application_id, lock=True)
    assert found is not None  # noqa: S101 - who asks has read it
    proposal = await open_proposal(session, APPLICATION, str(application_id))
    if approve:
        await approve_proposal(session, proposal, seen=content_hash, actor=actor, now=now)
    else:
        await refuse_proposal(session, proposal, seen=content_hash, note=note, actor=actor, now=now)
    today = legal_date(now)
    await take_turns(session, [found.household_id])
    request = Request(found.programme, found.household_id, found.person_id, found.applied_on)
    sheet = await judge(session, request, today)
    if approve and sheet.verdict == "undecided":
        raise FactsMissing
    if approve and sheet.verdict != "eligible":
        raise NotEligible
    if approve and Assessment.model_validate(found.sheet).amount not in (None, sheet.amount):
        raise Problem(409, "content_changed")  # another amount than was seen: it is applied for anew
    connection = await session.connection()
    decision = {
        "application_id": application_id,
        "approved": approve,
        "note": note,
        "sheet": sheet.model_dump(mode="json"),
        "decided_by": actor,
        "decided_on": today,
        "decided_at": now,
    }
    await connection.execute(insert(decision_table), [decision])
    state = "approved" if approve else "refused"
    await connection.execute(
        update(application_table).where(application_table.c.id == application_id).values(state=state)
    )
    if approve and sheet.amount is not None:
        await _grant(session, application_id, request, sheet.amount, fund, actor, today)


async def _fund_for(
    session: Transaction, programme: str, area_code: str, fiscal_year: int, amount: int, fund: str | None
) -> str:
    funds = await budgets_of(session, programme, fiscal_year, amount, area_code)
    if fund is not None:
        funds = [one for one in funds if one == fund]
    if not funds:
        raise BudgetExhausted
    if len(funds) > 1:
        raise FundAmbiguous
    return funds[0]


async def _grant(
    session: Transaction,
    application_id: UUID,
    request: Request,
    amount: int,
    named_fund: str | None,
    actor: str,
    today: date,
) -> None:
    span = span_from(today)
    area_code = await area_of(session, request.household_id)
    if area_code is None:
        raise FactsMissing
    fund = await _fund_for(session, request.programme, area_code, span.fiscal_year, amount * span.months, named_fund)
    award_id = new_id()
    row = {
        "id": award_id,
        "application_id": application_id,
        "programme": request.programme,
        "fund": fund,
        "household_id": request.household_id,
        "person_id": request.person_id,
        "area_code": area_code,
        "monthly_amount": amount,
        "first_month": span.first_month,
        "last_month": span.last_month,
        "fiscal_year": span.fiscal_year,
        "granted_on": today,
        "granted_by": actor,
        "state": "active",
        "released": 0,
    }
    await (await session.connection()).execute(insert(award_table), [row])
    purpose = Purpose(fund, request.programme, span.fiscal_year)
    await commit_budget(session, purpose, amount * span.months, cause=f"award:{award_id}", actor=actor, on=today)
    event = AwardGranted(
        household_id=request.household_id,
        award_id=award_id,
        application_id=application_id,
        person_id=request.person_id,
        programme=request.programme,
        area_code=area_code,
        monthly_amount=amount,
        first_month=span.first_month,
        last_month=span.last_month,
        granted_on=today,
    )
    await publish(session, "benefits", [event])
