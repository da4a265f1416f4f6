"""From the outbox to the log: one active relay a service.

Everything the relay writes goes over the connection that holds its lock, so a relay that lost the lock can no longer
mark anything. An event is in the log at least once: a crash between sending and marking sends it again, and inboxes
drop the second one.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.db import Database
from shared.eventlog import EventLog, LogUnavailable, Placed, TopicPartition
from shared.events.contract import Message
from shared.messaging.envelope import to_record
from shared.workers import pause

_BATCH = 2_000
_LOCK = 0x416E73696E680001  # "Ansinh", 1: the relay of this database
_RESTART_SECONDS = 0.5  # no broker comes back faster: heard from it since, then it has all it had
_IDLE_SECONDS = 2.0  # a log may lose its tail also while there is nothing to send
_FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

_UNSENT = """
SELECT seq, id, topic, key, type, source, time, traceparent, data FROM outbox
WHERE position IS NULL ORDER BY seq LIMIT $1
"""
_LOST = """
SELECT seq, id, topic, key, type, source, time, traceparent, data FROM outbox
WHERE topic = $1 AND partition = $2 AND "offset" >= $3 ORDER BY position
"""
_MARK = """
UPDATE outbox o SET position = coalesce(o.position, u.position), partition = u.partition, "offset" = u."offset"
FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[]) AS u (seq, position, partition, "offset")
WHERE o.seq = u.seq
"""
_REMEMBER = """
INSERT INTO log_marks (topic, partition, "offset")
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
ON CONFLICT (topic, partition) DO UPDATE SET "offset" = greatest(log_marks."offset", excluded."offset")
"""

log = structlog.get_logger(__name__)


class Relay:
    """Sends one service's outbox to the log until it is stopped."""

    def __init__(
        self, database: Database, event_log: EventLog, metrics: CollectorRegistry, *, interval: float = 0.1
    ) -> None:
        self._database = database
        self._log = event_log
        self._interval = interval
        self._marks: dict[TopicPartition, int] = {}
        self._position = 0
        self._last_contact = 0.0
        self._sent = Counter("ansinh_outbox_sent", "events that the relay gave to the log", registry=metrics)
        self._refilled = Counter(
            "ansinh_log_refilled", "events sent again because the log had lost them", registry=metrics
        )
        self._active = Gauge("ansinh_relay_active", "1 in the process whose relay holds the lock", registry=metrics)

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until `stop` is set. Faults of the database or the log are waited out."""
        seconds = 0.1
        while not stop.is_set():
            try:
                await self._hold_lock_and_send(stop)
                seconds = 0.1
            except (*_FAULTS, LogUnavailable) as error:
                log.warning("relay_waits", error=type(error).__name__, seconds=seconds)
                await pause(stop, seconds)
                seconds = min(seconds * 2, 5)
            finally:
                self._active.set(0)

    async def _hold_lock_and_send(self, stop: asyncio.Event) -> None:
        connection = await self._database.connect()
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                if await pause(stop, 1):
                    return
            self._active.set(1)
            await self._take_up(connection)
            while not stop.is_set():
                if not await self._send_batch(connection):
                    await pause(stop, self._interval)
        finally:
            with contextlib.suppress(*_FAULTS):
                await connection.close(timeout=2)

    async def _take_up(self, connection: "asyncpg.Connection[Any]") -> None:
        """Learn where the journal stands and how far the log was known to reach."""
        self._position = await connection.fetchval("SELECT coalesce(max(position), 0) FROM outbox")
        rows = await connection.fetch('SELECT topic, partition, "offset" FROM log_marks')
        self._marks = {(row["topic"], row["partition"]): row["offset"] for row in rows}
        await self._put_back_what_was_lost(connection)

    async def _put_back_what_was_lost(self, connection: "asyncpg.Connection[Any]") -> None:
        """Compare how far the log reaches with how far it did; append again what it no longer has."""
        if self._marks:
            ends = await self._log.ends(sorted({topic for topic, _ in self._marks}))
            for at, mark in self._marks.items():
                end = ends.get(at, 0)
                if end <= mark:
                    await self._refill(connection, at, lost_from=end, end=end, newer=[])
        self._last_contact = time.monotonic()

    async def _send_batch(self, connection: "asyncpg.Connection[Any]") -> bool:
        """Send and mark one batch; return whether there was anything to send."""
        rows = await connection.fetch(_UNSENT, _BATCH)
        if time.monotonic() - self._last_contact > (_RESTART_SECONDS if rows else _IDLE_SECONDS):
            await self._put_back_what_was_lost(connection)
        if not rows:
            return False
        placed = await self._log.append([to_record(_message(row)) for row in rows])
        await self._mend(connection, rows, placed)
        await self._mark(connection, rows, placed)
        self._last_contact = time.monotonic()
        self._sent.inc(len(rows))
        return True

    async def _mend(
        self, connection: "asyncpg.Connection[Any]", rows: Sequence["asyncpg.Record"], placed: list[Placed]
    ) -> None:
        """Handle a log that lost its tail between our last look and this append: it gave out old offsets anew."""
        fallen: dict[TopicPartition, list[int]] = {}
        for index, (row, place) in enumerate(zip(rows, placed, strict=True)):
            at = (row["topic"], place.partition)
            if place.offset <= self._marks.get(at, -1):
                fallen.setdefault(at, []).append(index)
        for at, indexes in fallen.items():
            again = await self._refill(
                connection,
                at,
                lost_from=placed[indexes[0]].offset,
                end=placed[indexes[-1]].offset + 1,
                newer=[rows[index] for index in indexes],
            )
            for index, place in zip(indexes, again, strict=True):
                placed[index] = place

    async def _refill(
        self,
        connection: "asyncpg.Connection[Any]",
        at: TopicPartition,
        *,
        lost_from: int,
        end: int,
        newer: Sequence["asyncpg.Record"],
    ) -> list[Placed]:
        """Append again what stood at `lost_from` and beyond, then `newer`; return where `newer` stands.

        Consumers read on from the offsets they committed, which may lie beyond the log's new end. So no event may come
        to stand before its old offset, and no newer one at an offset given out before: offsets that carried a second
        copy of an event are filled with copies of the first one. Copies have no effect on whoever reads them.
        """
        lost = await connection.fetch(_LOST, at[0], at[1], lost_from)
        log.warning("log_lost_records", topic=at[0], partition=at[1], end=end, lost=len(lost))
        rows = [*lost, *newer]
        if not rows:
            return []
        copies = max(0, self._marks[at] + 1 - end - len(lost))
        placed = await self._log.append([to_record(_message(row)) for row in [rows[0]] * copies + rows])
        placed = placed[copies:]
        if lost:
            await self._mark(connection, lost, placed[: len(lost)])
            self._refilled.inc(len(lost))
        return placed[len(lost) :]

    async def _mark(
        self, connection: "asyncpg.Connection[Any]", rows: Sequence["asyncpg.Record"], placed: Sequence[Placed]
    ) -> None:
        """Number the rows for the journal and remember how far the log reaches. A row keeps the number it has."""
        marks: dict[TopicPartition, int] = {}
        for row, place in zip(rows, placed, strict=True):
            at = (row["topic"], place.partition)
            marks[at] = max(place.offset, marks.get(at, -1))
        async with connection.transaction():
            await connection.execute(
                _MARK,
                [row["seq"] for row in rows],
                list(range(self._position + 1, self._position + 1 + len(rows))),
                [place.partition for place in placed],
                [place.offset for place in placed],
            )
            await connection.execute(
                _REMEMBER, [topic for topic, _ in marks], [number for _, number in marks], list(marks.values())
            )
        self._position += len(rows)
        for at, offset in marks.items():
            self._marks[at] = max(offset, self._marks.get(at, -1))


def _message(row: "asyncpg.Record") -> Message:
    return Message(
        id=row["id"],
        type=row["type"],
        source=row["source"],
        subject=row["key"],
        time=row["time"],
        topic=row["topic"],
        key=row["key"],
        data=row["data"],
        traceparent=row["traceparent"],
    )
