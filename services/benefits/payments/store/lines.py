"""Lines of messages that could not be used: each waits for a person, and holds up no other line."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.store.rows import message_line_table
from shared.db import Transaction, among
from shared.ids import new_id

_OPEN, _APPLIED, _SET_ASIDE = "open", "applied", "set_aside"


async def put_aside(session: Transaction, message: UUID, faults: Iterable[LineFault], now: datetime) -> int:
    """Note the lines of a message that could not be used; return how many are new.

    What was noted of the message before and is no fault any more took effect now.
    """
    connection = await session.connection()
    rows = [
        {
            "id": new_id(),
            "message": message,
            "ordinal": fault.ordinal,
            "end_to_end_id": fault.end_to_end_id,
            "reason": fault.reason,
            "state": _OPEN,
        }
        for fault in faults
    ]
    c = message_line_table.c
    still = [row["ordinal"] for row in rows]
    mended = update(message_line_table).where(c.message == message, c.state == _OPEN, ~among(c.ordinal, still))
    await connection.execute(mended.values(state=_APPLIED, settled_at=now))
    if not rows:
        return 0
    return (await connection.execute(insert(message_line_table).on_conflict_do_nothing(), rows)).rowcount


async def set_aside(
    session: Transaction, message: UUID, ordinal: int | None, *, note: str, actor: str, now: datetime
) -> int:
    """Close the open lines of a message, or one of them, with a reason; return how many there were."""
    c = message_line_table.c
    statement = update(message_line_table).where(c.message == message, c.state == _OPEN)
    if ordinal is not None:
        statement = statement.where(c.ordinal == ordinal)
    values = {"state": _SET_ASIDE, "note": note, "settled_by": actor, "settled_at": now}
    return (await (await session.connection()).execute(statement.values(values))).rowcount
