"""Payer accounts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select

from services.benefits.payments.store.rows import payer_table
from shared.db import Transaction


async def add_payer(session: Transaction, row: dict[str, Any]) -> None:
    """Register an account that pays.

    Raises:
        sqlalchemy.exc.IntegrityError: the code or the number is registered, or there is no such fund.
    """
    await (await session.connection()).execute(insert(payer_table), [row])


async def payer(session: Transaction, code: str, *, lock: bool = False) -> Row[Any] | None:
    """Return a payer account, locked if asked for."""
    query = select(payer_table).where(payer_table.c.code == code)
    query = query.with_for_update() if lock else query
    return (await (await session.connection()).execute(query)).one_or_none()


async def payers(session: Transaction, bank: str | None = None) -> Sequence[Row[Any]]:
    """Return all payer accounts, or those at a bank, by code."""
    query = select(payer_table).order_by(payer_table.c.code)
    query = query if bank is None else query.where(payer_table.c.bank == bank)
    return (await (await session.connection()).execute(query)).all()
