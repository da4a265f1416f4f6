"""What banks send, stored as it came before anybody reads it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.benefits.payments.store.rows import message_table
from shared.db import Transaction
from shared.ids import new_id


@dataclass(frozen=True)
class StoredMessage:
    """A stored message. `applied`: its content took effect before. `new`: nobody had sent these bytes before."""

    id: UUID
    applied: bool
    new: bool


async def keep(
    session: Transaction, *, bank: str, kind: str, external_id: str, content: bytes, now: datetime
) -> StoredMessage:
    """Store what a bank sent, once for the same bytes."""
    connection = await session.connection()
    digest = hashlib.sha256(content).hexdigest()
    row = {
        "id": new_id(),
        "bank": bank,
        "kind": kind,
        "external_id": external_id,
        "sha256": digest,
        "content": content,
        "received_at": now,
        "state": "received",
    }
    added = await connection.execute(insert(message_table).values(row).on_conflict_do_nothing())
    c = message_table.c
    query = select(c.id, c.state).where(
        c.bank == bank, c.kind == kind, c.external_id == external_id, c.sha256 == digest
    )
    stored = (await connection.execute(query)).one()
    return StoredMessage(stored.id, applied=stored.state == "applied", new=added.rowcount == 1)


async def settle(session: Transaction, message_id: UUID, *, quarantined: str | None = None) -> None:
    """Note that a message took effect, or why it must not."""
    values = {"state": "applied" if quarantined is None else "quarantined", "reason": quarantined}
    statement = update(message_table).where(message_table.c.id == message_id).values(values)
    await (await session.connection()).execute(statement)
