"""Everything that ever happened to an order, from its run to the bank's statement."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from services.benefits.payments.store.rows import (
    MESSAGE_CONTENT,
    attempt_table,
    entry_table,
    file_table,
    instruction_table,
    message_table,
    statement_table,
)
from shared.db import Transaction
from shared.keys import keys_of

Happened = Literal["run_prepared", "run_approved", "sealed", "called", "reported", "booked", "returned", "excepted"]


@dataclass(frozen=True)
class Step:
    """Something that happened: `code` and `reason` in the bank's words or ours, `reference` names the message.

    `message` is the id under which what the bank sent is kept, `booked_on` the day of a statement's entry.
    """

    at: datetime
    what: Happened
    code: str | None = None
    reason: str | None = None
    reference: str | None = None
    message: UUID | None = None
    booked_on: date | None = None


@dataclass(frozen=True)
class RawReport:
    """A pain.002 that was applied, about the file in which an attempt went."""

    id: UUID
    received_at: datetime
    end_to_end_id: str
    content: bytes


async def steps_of(session: Transaction, order_id: UUID) -> list[Step]:
    """Return what was sent for an order and what the statements show of it, in no order."""
    connection = await session.connection()
    i, f = instruction_table.c, file_table.c
    sealed = (
        select(f.sealed_at, f.message_id)
        .join(instruction_table, i.message_id == f.message_id)
        .where(i.order_id == order_id)
    )
    steps = [Step(row.sealed_at, "sealed", reference=row.message_id) for row in await connection.execute(sealed)]
    a = attempt_table.c
    called = (
        select(a.started_at, a.outcome, a.detail, a.message_id)
        .join(instruction_table, i.message_id == a.message_id)
        .where(i.order_id == order_id)
    )
    steps += [
        Step(row.started_at, "called", row.outcome, row.detail, row.message_id)
        for row in await connection.execute(called)
    ]
    e, s, m = entry_table.c, statement_table.c, message_table.c
    shown = (
        select(e.outcome, e.return_reason, e.booked_on, e.bank_reference, s.statement_id, m.received_at, m.id)
        .join(instruction_table, instruction_table.c.id == e.instruction_id)
        .join(statement_table, (s.payer_account == e.payer_account) & (s.sequence == e.sequence))
        .join(message_table, m.id == s.message)
        .where(instruction_table.c.order_id == order_id)
    )
    return steps + [_shown(row) for row in await connection.execute(shown)]


def _shown(row: Any) -> Step:
    kinds: dict[str, Happened] = {"paid": "booked", "returned": "returned"}
    reason = row.return_reason if row.outcome in kinds else row.outcome
    what = kinds.get(row.outcome, "excepted")
    return Step(row.received_at, what, row.bank_reference, reason, row.statement_id, row.id, row.booked_on)


async def reports_on(session: Transaction, order_id: UUID) -> list[RawReport]:
    """Return the bank's reports on the files in which an order went, unread."""
    i, m = instruction_table.c, message_table.c
    query = (
        select(m.id, m.received_at, i.end_to_end_id, m.content)
        .join(instruction_table, i.message_id == m.external_id)
        .where(i.order_id == order_id, m.kind == "pain.002", m.state == "applied")
        .order_by(m.received_at)
    )
    ring = keys_of(session).data
    rows = await (await session.connection()).execute(query)
    return [
        RawReport(row.id, row.received_at, row.end_to_end_id, ring.open_bytes(row.content, MESSAGE_CONTENT, row.id))
        for row in rows
    ]
