"""Calls of a bank: stored as they came, each signature once, and never more than a hint to ask."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from services.benefits.payments.bank.signing import TOLERANCE, Signature
from services.benefits.payments.domain.callbacks import Callback
from services.benefits.payments.store import files, messages, recalls
from services.benefits.payments.store.rows import signature_table
from shared.db import Transaction

# A signature is refused for its age after this; until then its id is remembered.
_REMEMBERED = 2 * TOLERANCE + timedelta(minutes=1)


async def is_first(session: Transaction, bank: str, signature: Signature, now: datetime) -> bool:
    """Note the id of a signature; return whether this bank never used it before."""
    connection = await session.connection()
    s = signature_table.c
    await connection.execute(delete(signature_table).where(s.seen_at < now - _REMEMBERED))
    row = {"bank": bank, "jti": signature.jti, "seen_at": now}
    added = await connection.execute(insert(signature_table).values(row).on_conflict_do_nothing())
    return added.rowcount == 1


async def take(
    session: Transaction, bank: str, callback: Callback | None, content: bytes, signature: Signature, now: datetime
) -> bool:
    """Store a call and, the first time that its event comes, let the bank be asked; return whether it was news.

    What cannot be read is stored too, under the id of its signature, and put aside.
    """
    stored = await messages.keep(
        session,
        bank=bank,
        kind="callback",
        external_id=signature.jti if callback is None else callback.event_id,
        content=content,
        now=now,
        signature=signature.jws,
    )
    if callback is None:
        await messages.settle(session, stored.id, state="quarantined", reason="unreadable")
        return False
    if not stored.new:
        return False
    await messages.settle(session, stored.id)
    if callback.kind == "payment-file":
        return await files.hint(session, bank, callback.subject, now)
    if callback.kind == "cancellation":
        return await recalls.hint(session, bank, callback.subject, now)
    return True
