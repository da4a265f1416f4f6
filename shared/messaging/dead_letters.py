"""Dead letters: seen, replayed in order, or discarded with a reason."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, func, select, text, update

from shared import clock
from shared.audit import Entry, write
from shared.db import Database, Transaction
from shared.encryption import SealedTable
from shared.events.contract import Message
from shared.faults import is_transient
from shared.keys import Keys, keys_of
from shared.messaging.consumers import Consumer, handle
from shared.messaging.tables import dead_letters

WAITING = ("failed", "parked")
SEALED = SealedTable(dead_letters, ("data",), row_id=("consumer", "event_id"))


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter without its data, which may hold a person's."""

    id: int
    consumer: str
    key: str
    event_id: UUID
    topic: str
    type: str
    time: datetime
    state: str
    error: str | None
    attempts: int
    first_seen: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    reason: str | None


_SHOWN = [dead_letters.c[name] for name in DeadLetter.__dataclass_fields__]


async def count_waiting(session: Transaction) -> dict[str, int]:
    """Return how many letters wait, by consumer."""
    waiting = (
        select(dead_letters.c.consumer, func.count())
        .where(dead_letters.c.state.in_(WAITING))
        .group_by(dead_letters.c.consumer)
    )
    return {row[0]: row[1] for row in await session.execute(waiting)}


async def list_letters(
    session: Transaction, *, after: int, limit: int, consumer: str | None, waiting: bool
) -> list[DeadLetter]:
    """Return letters in the order they were put aside."""
    query = select(*_SHOWN).where(dead_letters.c.id > after).order_by(dead_letters.c.id).limit(limit)
    if consumer is not None:
        query = query.where(dead_letters.c.consumer == consumer)
    if waiting:
        query = query.where(dead_letters.c.state.in_(WAITING))
    return [DeadLetter(**row) for row in (await session.execute(query)).mappings()]


async def find(session: Transaction, letter_id: int) -> DeadLetter | None:
    """Return one letter."""
    row = (await session.execute(select(*_SHOWN).where(dead_letters.c.id == letter_id))).mappings().first()
    return None if row is None else DeadLetter(**row)


async def replay(database: Database, consumer: Consumer, key: str, *, actor: str) -> tuple[int, int]:
    """Handle the waiting letters of a key again, in order, up to the first that fails again.

    Each letter has its own transaction, alone with the consumer's lock, so that the live consumer cannot handle a later
    event of the key in between. Returns (handled, still waiting).
    """
    handled = 0
    while True:
        try:
            async with database.transaction() as session:
                letter = await _first_waiting(session, consumer, key)
                if letter is None:
                    return handled, 0
                await handle(session, consumer, [_message(letter, keys_of(session))])
                await _resolve(session, letter["id"], state="replayed", actor=actor, reason=None)
                await write(session, Entry(actor, "handle_dead_letter", "dead_letter", str(letter["id"])))
            handled += 1
        except Exception as error:
            if is_transient(error):
                raise
            async with database.transaction() as session:
                return handled, await _still_failing(session, consumer, key, error)


async def discard(session: Transaction, letter_id: int, *, actor: str, reason: str) -> bool:
    """Give a waiting letter up, with a reason; return whether it was waiting."""
    return await _resolve(session, letter_id, state="discarded", actor=actor, reason=reason)


async def _first_waiting(session: Transaction, consumer: Consumer, key: str) -> RowMapping | None:
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": consumer.lock})
    query = (
        select(dead_letters)
        .where(dead_letters.c.consumer == consumer.name, dead_letters.c.key == key, dead_letters.c.state.in_(WAITING))
        .order_by(dead_letters.c.id)
        .limit(1)
    )
    return (await session.execute(query)).mappings().first()


async def _resolve(session: Transaction, letter_id: int, *, state: str, actor: str, reason: str | None) -> bool:
    change = (
        update(dead_letters)
        .where(dead_letters.c.id == letter_id, dead_letters.c.state.in_(WAITING))
        .values(state=state, resolved_at=clock.now(), resolved_by=actor, reason=reason)
        .returning(dead_letters.c.id)
    )
    return (await session.execute(change)).first() is not None


async def _still_failing(session: Transaction, consumer: Consumer, key: str, error: BaseException) -> int:
    letter = await _first_waiting(session, consumer, key)
    if letter is None:
        return 0
    await session.execute(
        update(dead_letters)
        .where(dead_letters.c.id == letter["id"])
        .values(state="failed", error=type(error).__name__, attempts=dead_letters.c.attempts + 1)
    )
    waiting = select(func.count()).where(
        dead_letters.c.consumer == consumer.name, dead_letters.c.key == key, dead_letters.c.state.in_(WAITING)
    )
    return int((await session.execute(waiting)).scalar_one())


def _message(letter: RowMapping, keys: Keys) -> Message:
    return Message(
        id=letter["event_id"],
        type=letter["type"],
        source=letter["source"],
        subject=letter["key"],
        time=letter["time"],
        topic=letter["topic"],
        key=letter["key"],
        data=keys.data.open_bytes(letter["data"], "dead_letters.data", letter["consumer"], letter["event_id"]),
        traceparent=letter["traceparent"],
    )
