"""Following a gift: what arrived first in a fund is spent first, over the payments that stand.

The rule decides alone: contributions in the order of their arrival and id, paid orders in the order of their booking
and end-to-end id, both laid along one line of VND; a payment is of the contribution that lies at its place, or of two.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from shared.db import Transaction

_REACHED = text(
    """
    WITH gift AS (
      SELECT id, sum(amount) OVER along - amount AS low, sum(amount) OVER along AS high
      FROM contribution WHERE fund = :fund AND received_on IS NOT NULL
      WINDOW along AS (ORDER BY received_on, id)
    ), spent AS (
      SELECT o.id AS order_id, o.household_id, o.programme, o.area_code, o.period, i.booked_on,
             sum(i.amount) OVER along - i.amount AS low, sum(i.amount) OVER along AS high
      FROM payment_instruction i JOIN payment_order o ON o.id = i.order_id
      WHERE o.fund = :fund AND i.booked_on IS NOT NULL AND i.state <> 'RETURNED'
      WINDOW along AS (ORDER BY i.booked_on, i.end_to_end_id)
    )
    SELECT s.order_id, s.household_id, s.programme, s.area_code, s.period, s.booked_on,
           (least(g.high, s.high) - greatest(g.low, s.low))::bigint AS amount
    FROM gift g JOIN spent s ON s.low < g.high AND g.low < s.high
    WHERE g.id = :contribution ORDER BY s.low
    """
)
_BY_COMMUNE = text(
    """
    SELECT f.kind, o.programme, o.area_code, count(DISTINCT o.household_id)::int AS households,
           sum(i.amount)::bigint AS amount
    FROM payment_instruction i JOIN payment_order o ON o.id = i.order_id JOIN fund f ON f.code = o.fund
    WHERE i.booked_on IS NOT NULL AND i.state <> 'RETURNED'
    GROUP BY f.kind, o.programme, o.area_code ORDER BY 1, 2, 3
    """
)


async def reached_by(session: Transaction, contribution_id: UUID, fund: str) -> Sequence[Row[Any]]:
    """Return the payments that a contribution of a fund reached, and how much (VND) of each is of it."""
    return (await session.execute(_REACHED, {"fund": fund, "contribution": contribution_id})).all()


async def paid_by_commune(session: Transaction) -> Sequence[Row[Any]]:
    """Return households and sums (VND) by kind of fund, programme and commune; not fit to be published as it is."""
    return (await session.execute(_BY_COMMUNE)).all()
