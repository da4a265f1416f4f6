"""Awards, and the orders and payees that they mean for a month."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, exists, func, literal, select, update

from services.benefits.beneficiaries.store import payable_on, person_table
from services.benefits.cash.store.rows import award_table
from services.benefits.payments.store.account_checks import AccountProblem
from services.benefits.payments.store.controls import hold_of_awards, let_go_of_awards
from shared.access import Access
from shared.db import Transaction, among

_MERGED, _BY = "person_merged", "system:benefits.merged_people"


def due_in(programme: str, fund: str, period: str, area_code: str | None) -> Select[Any]:
    """Return the query of the orders that a fund's awards mean for a month, in one commune or in all."""
    a = award_table.c
    query = select(
        a.id.label("award_id"),
        a.household_id,
        a.person_id,
        a.programme,
        a.fund,
        a.area_code,
        literal(period).label("period"),
        literal("monthly").label("kind"),
        a.monthly_amount.label("amount"),
    ).where(
        a.programme == programme,
        a.fund == fund,
        a.state != "held",
        a.first_month <= period,
        func.least(a.last_month, func.coalesce(a.ends_with, a.last_month)) >= period,
    )
    return query if area_code is None else query.where(a.area_code == area_code)


async def hold_of_merged(session: Transaction, person_ids: Sequence[UUID]) -> None:
    """Hold the awards of people whose record was merged into another's: they do not fall due until somebody looked.

    What the kept record is awarded stays, so that nobody is paid twice and nobody who is owed something loses it.
    Orders that stand already are held one by one: another person lets each go.
    """
    held = update(award_table).where(among(award_table.c.person_id, person_ids), award_table.c.state == "active")
    connection = await session.connection()
    awards = (await connection.execute(held.values(state="held").returning(award_table.c.id))).scalars().all()
    await hold_of_awards(session, awards, reason=_MERGED, actor=_BY)


async def release_of_unmerged(session: Transaction, person_ids: Sequence[UUID]) -> None:
    """Let awards of people fall due again whose record is one of its own after all; what was ordered goes on too.

    Who was awarded the same again meanwhile has one of the two held on, until somebody looked.
    """
    a, other = award_table.c, award_table.alias("other")
    again = exists().where(
        other.c.state == "active",
        other.c.programme == a.programme,
        other.c.person_id == a.person_id,
        other.c.fiscal_year == a.fiscal_year,
    )
    freed = update(award_table).where(among(a.person_id, person_ids), a.state == "held", ~again)
    connection = await session.connection()
    awards = (await connection.execute(freed.values(state="active").returning(a.id))).scalars().all()
    await let_go_of_awards(session, awards, reason=_MERGED, actor=_BY)


async def release(session: Transaction, award_id: UUID) -> bool:
    """Let a held award fall due again; return whether it was held."""
    freed = update(award_table).where(award_table.c.id == award_id, award_table.c.state == "held")
    return bool((await (await session.connection()).execute(freed.values(state="active"))).rowcount)


def payees(day: date) -> Select[Any]:
    """Return the query of where each person is paid on a day: `account_id`, or the `problem` that it cannot be paid.

    What somebody else is authorised to have is paid in the time of the authorisation alone. Who has neither account nor
    problem is paid in cash, by name.
    """
    p = person_table.c
    problem: AccountProblem = "authorisation_out_of_time"
    return select(
        p.person_id,
        case((payable_on(day), p.account_id)).label("account_id"),
        case((~payable_on(day), literal(problem))).label("problem"),
        p.full_name,
        p.birth_date,
    )


async def award(session: Transaction, award_id: UUID) -> Row[Any] | None:
    """Return an award."""
    query = select(award_table).where(award_table.c.id == award_id)
    return (await (await session.connection()).execute(query)).one_or_none()


async def page_of_awards(
    session: Transaction, access: Access, *, household_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Return awards in an access's areas, newest first, before an id."""
    c = award_table.c
    query = select(award_table).where(access.within(c.area_code)).order_by(c.id.desc()).limit(limit)
    query = query if household_id is None else query.where(c.household_id == household_id)
    query = query if after is None else query.where(c.id < after)
    return (await (await session.connection()).execute(query)).all()
