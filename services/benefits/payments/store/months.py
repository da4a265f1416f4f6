"""Closing a month: what was paid, what is carried to the next with its reason, what is still at the bank."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text

from services.benefits.payments.domain.states import OrderState
from services.benefits.payments.store.orders import lock_orders, of_scope
from services.benefits.payments.store.rows import closing_table, line_table, order_table
from services.benefits.payments.store.runs import Scope
from shared.access import Access
from shared.db import Transaction
from shared.ids import new_id

Outcome = Literal["paid", "unpaid", "at_bank"]


@dataclass(frozen=True)
class Closing:
    """A month to close, and the one that its unpaid orders go to."""

    scope: Scope
    carried_to: str


# What the month owed: orders due in it or before, that no earlier closing counted as paid and nobody cancelled.
_LINES = text(
    """
    INSERT INTO month_line (closing_id, order_id, outcome, amount, reason)
    SELECT :closing, o.id,
           CASE o.state WHEN 'PAID' THEN 'paid' WHEN 'INSTRUCTED' THEN 'at_bank' ELSE 'unpaid' END,
           o.amount, CASE WHEN o.state <> 'PAID' THEN coalesce(o.held, o.reason) END
    FROM payment_order o
    WHERE o.programme = :programme AND o.fund = :fund AND o.due_month <= :period AND o.state <> 'CANCELLED'
      AND (CAST(:area AS varchar) IS NULL OR o.area_code = :area)
      AND (o.state <> 'PAID' OR o.reported_in IS NULL)
    """
)
_MARK = text(
    """
    UPDATE payment_order o
    SET reported_in = CASE l.outcome WHEN 'paid' THEN CAST(:period AS varchar) END,
        due_month = CASE l.outcome WHEN 'paid' THEN o.due_month ELSE CAST(:carried_to AS varchar) END
    FROM month_line l WHERE l.closing_id = :closing AND l.order_id = o.id
    """
)
_AREAS = text(
    """
    SELECT DISTINCT o.area_code FROM month_line l JOIN payment_order o ON o.id = l.order_id
    WHERE l.closing_id = :closing ORDER BY 1
    """
)


async def close(session: Transaction, closing: Closing, *, actor: str, now: datetime) -> UUID:
    """Close a month and carry what is unpaid; return the closing's id.

    What is at the bank is carried too: it is paid in the month in which its statement comes, or is owed there.

    Raises:
        sqlalchemy.exc.IntegrityError: it was closed before (`month_closed_once`).
    """
    scope, closing_id = closing.scope, new_id()
    row = {
        "id": closing_id,
        "programme": scope.programme,
        "payer_account": scope.payer_account,
        "period": scope.period,
        "carried_to": closing.carried_to,
        "closed_by": actor,
        "closed_at": now,
    }
    await (await session.connection()).execute(insert(closing_table), [row])
    o = order_table.c
    await lock_orders(session, of_scope(scope) & ((o.state != OrderState.PAID) | o.reported_in.is_(None)))
    of_month = {"programme": scope.programme, "fund": scope.fund, "period": scope.period, "area": scope.area_code}
    await session.execute(_LINES, {"closing": closing_id, **of_month})
    carried = {"closing": closing_id, "period": scope.period, "carried_to": closing.carried_to}
    await session.execute(_MARK, carried)
    return closing_id


async def areas_of(session: Transaction, closing_id: UUID) -> Sequence[str]:
    """Return the communes whose orders a closing counts."""
    return list((await session.execute(_AREAS, {"closing": closing_id})).scalars())


async def closing(session: Transaction, closing_id: UUID) -> Row[Any] | None:
    """Return a closing."""
    query = select(closing_table).where(closing_table.c.id == closing_id)
    return (await (await session.connection()).execute(query)).one_or_none()


async def sums_of(session: Transaction, closing_id: UUID, access: Access) -> dict[str, dict[str, int]]:
    """Return count and sum (VND) by outcome, in an access's areas."""
    line, o = line_table.c, order_table.c
    query = (
        select(line.outcome, func.count(), func.sum(line.amount))
        .join(order_table, o.id == line.order_id)
        .where(line.closing_id == closing_id, access.within(o.area_code))
        .group_by(line.outcome)
    )
    rows = await (await session.connection()).execute(query)
    return {outcome: {"count": count, "sum": int(total)} for outcome, count, total in rows}


async def page_of_lines(
    session: Transaction, closing_id: UUID, access: Access, *, outcome: str | None, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Return a closing's lines in an access's areas by order, after one."""
    line, o = line_table.c, order_table.c
    query = (
        select(line_table, o.household_id, o.person_id, o.area_code, o.period)
        .join(order_table, o.id == line.order_id)
        .where(line.closing_id == closing_id, access.within(o.area_code))
        .order_by(line.order_id)
        .limit(limit)
    )
    query = query if outcome is None else query.where(line.outcome == outcome)
    query = query if after is None else query.where(line.order_id > after)
    return (await (await session.connection()).execute(query)).all()
