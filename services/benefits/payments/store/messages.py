"""What banks send, stored before anybody reads it: the bytes as they came, sealed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Result, Row, Select, and_, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.benefits.payments.store.rows import MESSAGE_CONTENT, message_line_table, message_table
from shared.db import Transaction
from shared.ids import new_id
from shared.keys import keys_of


@dataclass(frozen=True)
class StoredMessage:
    """A stored message. `applied`: its content took effect before. `new`: nobody had sent these bytes before."""

    id: UUID
    bank: str
    kind: str
    external_id: str
    content: bytes
    applied: bool
    new: bool


async def keep(
    session: Transaction,
    *,
    bank: str,
    kind: str,
    external_id: str,
    content: bytes,
    now: datetime,
    signature: str | None = None,
) -> StoredMessage:
    """Store what a bank sent, once for the same bytes."""
    connection = await session.connection()
    digest = hashlib.sha256(content).hexdigest()
    message_id = new_id()
    row = {
        "id": message_id,
        "bank": bank,
        "kind": kind,
        "external_id": external_id,
        "sha256": digest,
        "content": keys_of(session).data.seal_bytes(content, MESSAGE_CONTENT, message_id),
        "received_at": now,
        "state": "received",
        "signature": signature,
    }
    added = await connection.execute(insert(message_table).values(row).on_conflict_do_nothing())
    c = message_table.c
    query = select(c.id, c.state).where(
        c.bank == bank, c.kind == kind, c.external_id == external_id, c.sha256 == digest
    )
    stored = (await connection.execute(query)).one()
    # What somebody put aside stays aside, however often it comes again.
    done = stored.state in ("applied", "set_aside")
    return StoredMessage(stored.id, bank, kind, external_id, content, applied=done, new=added.rowcount == 1)


_NUMBER = cast(func.split_part(message_table.c.external_id, "/", 2), BigInteger)


def _of_account(bank: str, kind: str, payer: str) -> ColumnElement[bool]:
    c = message_table.c
    return and_(c.bank == bank, c.kind == kind, c.external_id.startswith(f"{payer}/", autoescape=True))


async def first_waiting(session: Transaction, bank: str, kind: str, payer: str) -> StoredMessage | None:
    """Return the message of the lowest number, `payer/number`, that waits for something."""
    c = message_table.c
    query = (
        select(c.id, c.external_id, c.content)
        .where(_of_account(bank, kind, payer), c.state == "waiting")
        .order_by(_NUMBER, c.received_at.desc(), c.id.desc())
        .limit(1)
    )
    row = (await (await session.connection()).execute(query)).one_or_none()
    if row is None:
        return None
    content = keys_of(session).data.open_bytes(row.content, MESSAGE_CONTENT, row.id)
    return StoredMessage(row.id, bank, kind, row.external_id, content, applied=False, new=False)


async def last_number(session: Transaction, bank: str, kind: str, payer: str) -> int:
    """Return the highest number under which messages of an account came, `payer/number`; 0 where none did."""
    query = select(func.max(_NUMBER)).where(_of_account(bank, kind, payer))
    return int((await (await session.connection()).execute(query)).scalar_one() or 0)


async def settle(
    session: Transaction,
    message_id: UUID,
    *,
    state: Literal["applied", "waiting", "quarantined"] = "applied",
    reason: str | None = None,
) -> None:
    """Note that a message took effect, waits for another, or why it must not take effect."""
    statement = update(message_table).where(message_table.c.id == message_id).values(state=state, reason=reason)
    await (await session.connection()).execute(statement)


_SHOWN = ("id", "bank", "kind", "external_id", "sha256", "received_at", "state", "reason")


async def page_of_messages(
    session: Transaction,
    *,
    bank: str | None,
    kind: str | None,
    state: str | None,
    open_lines: bool,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return messages without their content, newest first, before an id; with `open_lines`, those with lines aside."""
    c, line = message_table.c, message_line_table.c
    aside = select(func.count()).where(line.message == c.id, line.state == "open").scalar_subquery()
    query: Select[Any] = select(*(c[name] for name in _SHOWN), aside.label("open_lines")).order_by(c.id.desc())
    for name, value in (("bank", bank), ("kind", kind), ("state", state)):
        query = query if value is None else query.where(c[name] == value)
    query = query.where(aside > 0) if open_lines else query
    query = query if after is None else query.where(c.id < after)
    result: Result[Any] = await (await session.connection()).execute(query.limit(limit))
    return result.all()


async def message(session: Transaction, message_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """Return a message without its content."""
    query: Select[Any] = select(*(message_table.c[name] for name in _SHOWN)).where(message_table.c.id == message_id)
    query = query.with_for_update() if lock else query
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.one_or_none()


async def lines_of(session: Transaction, message_id: UUID) -> Sequence[Row[Any]]:
    """Return the lines of a message that were put aside, in their order."""
    query: Select[Any] = (
        select(message_line_table)
        .where(message_line_table.c.message == message_id)
        .order_by(message_line_table.c.ordinal)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def stored(session: Transaction, message_id: UUID) -> StoredMessage | None:
    """Return a message with its content, opened."""
    c = message_table.c
    query = select(c.id, c.bank, c.kind, c.external_id, c.content, c.state).where(c.id == message_id)
    row = (await (await session.connection()).execute(query)).one_or_none()
    if row is None:
        return None
    content = keys_of(session).data.open_bytes(row.content, MESSAGE_CONTENT, row.id)
    done = row.state in ("applied", "set_aside")
    return StoredMessage(row.id, row.bank, row.kind, row.external_id, content, applied=done, new=False)


async def set_aside(session: Transaction, message_id: UUID, note: str) -> bool:
    """Put a message aside for good that never took effect; return whether it was one."""
    c = message_table.c
    statement = (
        update(message_table)
        .where(c.id == message_id, c.state.in_(("received", "waiting", "quarantined")))
        .values(state="set_aside", reason=note)
    )
    return (await (await session.connection()).execute(statement)).rowcount == 1
