"""Reading events: what was new in a batch takes effect once, in one transaction, in order.

A *projector* writes only the tables it names and may be rebuilt from the log at any time. A *reactor* acts, and never
runs in a rebuild.
"""

import hashlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import Table, bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from shared import clock
from shared.db import Transaction
from shared.eventlog import Stored
from shared.events import Event, Message, Received, decode
from shared.faults import is_transient
from shared.keys import keys_of
from shared.messaging.envelope import BrokenEnvelope, from_stored
from shared.messaging.tables import dead_letters
from shared.tracing import trace

log = structlog.get_logger(__name__)

Handler = Callable[[Transaction, Sequence[Received]], Awaitable[None]]


@dataclass(frozen=True)
class Consumer:
    """What a service does with events.

    `name` is `<service>.<what>` and is the group on the log: changing it reads everything again. `handles` are the
    types that reach the handler, decoded, in the order of the log; all others pass unread. `tables` are what a
    projector owns.
    """

    name: str
    kind: Literal["projector", "reactor"]
    handles: tuple[type[Event], ...]
    handler: Handler
    tables: tuple[Table, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind == "projector") != bool(self.tables):
            raise ValueError(f"{self.name}: a projector names the tables it owns, a reactor owns none")

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of the types that it handles."""
        return tuple(sorted({event.TOPIC for event in self.handles}))

    @property
    def lock(self) -> int:
        """The advisory lock that batches share and that replay and the swap of a rebuild take alone."""
        digest = hashlib.sha256(f"consumer {self.name}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a batch: how many events were new, and how many of them were put aside as failed."""

    new: int
    failed: int


_ACCEPT = text(
    "INSERT INTO inbox (consumer, event_id) SELECT :consumer, unnest(:ids) ON CONFLICT DO NOTHING RETURNING event_id"
).bindparams(bindparam("ids", type_=ARRAY(UUID(as_uuid=True))))
_BLOCKED = text("SELECT DISTINCT key FROM dead_letters WHERE consumer = :consumer AND state IN ('failed', 'parked')")
_CHECK_NOW = text("SET CONSTRAINTS ALL IMMEDIATE")  # inside the savepoint, or a commit could fail for one bad event
_SHARE = text("SELECT pg_advisory_xact_lock_shared(:lock)")


async def apply(session: Transaction, consumer: Consumer, messages: Sequence[Message]) -> Applied:
    """Give the handler what is new among the messages.

    A batch that fails is tried again in halves, each in a savepoint, down to the event that cannot be handled. That one
    is put aside as a dead letter, and later events of its key are parked behind it.

    Raises:
        Exception: a fault that heals by waiting; give the transaction up and come again.
    """
    await session.execute(_SHARE, {"lock": consumer.lock})
    new = await _accept(session, consumer, messages)
    if not new:
        return Applied(0, 0)
    stuck = set((await session.execute(_BLOCKED, {"consumer": consumer.name})).scalars())
    return Applied(len(new), await _handle_by_halves(session, consumer, new, stuck))


async def _handle_by_halves(
    session: Transaction, consumer: Consumer, messages: Sequence[Message], stuck: set[str]
) -> int:
    """Handle messages in order, in ever smaller parts until what cannot be handled stands alone.

    `stuck` are the keys that have one put aside; theirs are parked. Returns how many were put aside as failed.
    """
    await put_aside(session, consumer, [message for message in messages if message.key in stuck], state="parked")
    ready = [message for message in messages if message.key not in stuck]
    error = await _handled(session, consumer, ready)
    if error is None:
        return 0
    if len(ready) > 1:
        middle = len(ready) // 2
        failed = await _handle_by_halves(session, consumer, ready[:middle], stuck)
        return failed + await _handle_by_halves(session, consumer, ready[middle:], stuck)
    await put_aside(session, consumer, ready, state="failed", error=error)
    stuck.add(ready[0].key)
    log.error(
        "event_put_aside",
        consumer=consumer.name,
        event_id=str(ready[0].id),
        type=ready[0].type,
        exc_info=error,
    )
    return 1


async def _handled(session: Transaction, consumer: Consumer, messages: Sequence[Message]) -> Exception | None:
    """Hand messages over in a savepoint; return what went wrong, with nothing done, or None.

    Raises:
        Exception: a fault that heals by waiting.
    """
    if not messages:
        return None
    try:
        with trace(messages[0].traceparent if len(messages) == 1 else None):
            async with session.begin_nested():
                await handle(session, consumer, messages)
                await session.execute(_CHECK_NOW)
    except Exception as error:
        if is_transient(error):
            raise
        return error
    return None


async def _accept(session: Transaction, consumer: Consumer, messages: Sequence[Message]) -> list[Message]:
    """Note the messages in the inbox and return those that were not there, each once."""
    known = {event.TYPE for event in consumer.handles}
    wanted = [message for message in messages if message.type in known]
    if not wanted:
        return []
    parameters = {"consumer": consumer.name, "ids": [message.id for message in wanted]}
    fresh = set((await session.execute(_ACCEPT, parameters)).scalars())
    new: list[Message] = []
    for message in wanted:
        if message.id in fresh:
            fresh.discard(message.id)
            new.append(message)
    return new


async def handle(session: Transaction, consumer: Consumer, messages: Sequence[Message]) -> None:
    """Decode messages and hand them to the consumer."""
    await consumer.handler(session, [decode(message) for message in messages])


async def put_aside(
    session: Transaction,
    consumer: Consumer,
    messages: Sequence[Message],
    *,
    state: Literal["failed", "parked"],
    error: BaseException | None = None,
) -> None:
    """Keep messages as dead letters, their data sealed."""
    if not messages:
        return
    keys = keys_of(session)
    rows = [
        {
            "consumer": consumer.name,
            "key": message.key,
            "event_id": message.id,
            "topic": message.topic,
            "type": message.type,
            "source": message.source,
            "time": message.time,
            "traceparent": message.traceparent,
            "data": keys.data.seal_bytes(message.data, "dead_letters.data", consumer.name, message.id),
            "state": state,
            "error": None if error is None else type(error).__name__,
            "attempts": 0 if error is None else 1,
        }
        for message in messages
    ]
    await (await session.connection()).execute(insert(dead_letters), rows)


def read_envelopes(consumer: Consumer, records: Sequence[Stored]) -> list[Message]:
    """Return the messages of records in their order, but for those of types that the consumer passes over.

    A record without a readable envelope becomes a message that cannot be decoded. It gets an identity from its place in
    the log, and the first type that the consumer handles, so that it is put aside as any other event that cannot be
    handled, not lost and not in the way.
    """
    wanted = {None, *(event.TYPE.encode() for event in consumer.handles)}
    return [_read_envelope(consumer, record) for record in records if _type_in(record) in wanted]


def _type_in(stored: Stored) -> bytes | None:
    return next((value for name, value in stored.headers if name == "ce_type"), None)


def _read_envelope(consumer: Consumer, stored: Stored) -> Message:
    try:
        return from_stored(stored)
    except BrokenEnvelope:
        place = uuid.uuid5(uuid.NAMESPACE_OID, f"{stored.topic}/{stored.partition}/{stored.offset}")
        key = stored.key.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        return Message(
            place, consumer.handles[0].TYPE, "/unknown", key, clock.now(), stored.topic, key, b"", traceparent=None
        )
