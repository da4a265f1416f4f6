"""Whether a bank takes files now, as all senders of all processes see it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from services.benefits.payments.domain.breaker import Channel
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.store.rows import channel_table
from shared.clock import legal_date
from shared.db import Transaction


async def _locked(session: Transaction, bank: str) -> Row[Any]:
    connection = await session.connection()
    await connection.execute(insert(channel_table).values(bank=bank, failures=0).on_conflict_do_nothing())
    query = select(channel_table).where(channel_table.c.bank == bank).with_for_update()
    return (await connection.execute(query)).one()


async def may_send(session: Transaction, bank: str, now: datetime, lease: timedelta) -> bool:
    """Say whether a file may be sent to a bank now.

    After a rest one sender is let through, and the others not before it is done or its lease is over.
    """
    found = await _locked(session, bank)
    if found.halted_at is not None or not Channel(found.failures, found.open_until).may_send(now):
        return False
    if found.open_until is not None:
        await _write(session, bank, open_until=now + lease)
    return True


async def note_call(session: Transaction, bank: str, failure: str | None, now: datetime) -> None:
    """Note that a bank was called, and the cause of the failure if it was one."""
    found = await _locked(session, bank)
    channel = Channel(found.failures, found.open_until, found.reason)
    limit = terms_of(bank, legal_date(now)).failures_before_rest
    after = channel.after_success() if failure is None else channel.after_failure(failure, limit, now)
    if after != channel:
        await _write(session, bank, failures=after.failures, open_until=after.open_until, reason=after.reason)


async def halt(session: Transaction, bank: str, *, reason: str, actor: str, now: datetime) -> None:
    """Let nothing more be sent to a bank until people release it; what was halted first stays on record."""
    if (await _locked(session, bank)).halted_at is None:
        await _write(session, bank, halted_by=actor, halted_at=now, halted_reason=reason)


async def release(session: Transaction, bank: str) -> None:
    """Let files be sent to a bank again."""
    await _locked(session, bank)
    nothing = {"halted_by": None, "halted_at": None, "halted_reason": None}
    await _write(session, bank, failures=0, open_until=None, reason=None, **nothing)


async def channel(session: Transaction, bank: str) -> Row[Any] | None:
    """Return what is known of a bank's channel, None while it was never called."""
    query = select(channel_table).where(channel_table.c.bank == bank)
    return (await (await session.connection()).execute(query)).one_or_none()


async def channels(session: Transaction) -> Sequence[Row[Any]]:
    """Return all banks' channels, by bank."""
    return (await (await session.connection()).execute(select(channel_table).order_by(channel_table.c.bank))).all()


async def _write(session: Transaction, bank: str, **values: Any) -> None:
    await (await session.connection()).execute(update(channel_table).where(channel_table.c.bank == bank).values(values))
