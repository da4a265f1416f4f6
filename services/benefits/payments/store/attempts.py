"""Attempts with what the bank's statements showed of each, for comparing books."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, select

from services.benefits.payments.store.rows import entry_table, file_table, instruction_table, order_table
from shared.access import Access
from shared.db import Transaction


async def page_of_attempts(
    session: Transaction,
    access: Access,
    *,
    run_id: UUID | None,
    states: Sequence[str],
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return attempts in an access's areas by id, after one, with what statements showed of each.

    Of a run or in some states where asked; no states are all.
    """
    i, o, f, e = instruction_table.c, order_table.c, file_table.c, entry_table.c
    page = (
        select(i.id, i.order_id, i.end_to_end_id, i.message_id, f.payer_account, i.amount, i.state, i.reason)
        .join(order_table, o.id == i.order_id)
        .join(file_table, f.message_id == i.message_id)
        .where(access.within(o.area_code))
        .order_by(i.id)
        .limit(limit)
    )
    page = page.where(i.state.in_(states)) if states else page
    page = page if run_id is None else page.where(f.run_id == run_id)
    shown = (page if after is None else page.where(i.id > after)).subquery()
    debits = func.coalesce(func.sum(case((e.side == "debit", e.amount), else_=0)), 0).label("debited")
    credits = func.coalesce(func.sum(case((e.side == "credit", e.amount), else_=0)), 0).label("returned")
    query = (
        select(shown, debits, credits)
        .outerjoin(entry_table, e.instruction_id == shown.c.id)
        .group_by(*shown.c)
        .order_by(shown.c.id)
    )
    return (await (await session.connection()).execute(query)).all()
