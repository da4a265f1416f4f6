"""From the outbox to the log: one active relay a service.

Everything the relay writes goes over the connection that holds its lock, so a relay that lost the lock can no longer
mark anything. An event is in the log at least once: a crash between sending and marking sends it again, and inboxes
drop the second one.
"""

import asyncio
import contextlib
import time
from collections import Counter as Count
from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.db import FAULTS, Database
from shared.eventlog import EventLog, LogUnavailable, Placed, Record, TopicPartition, Writer, partition_of
from shared.events.contract import Message
from shared.messaging.envelope import to_record
from shared.messaging.reach import Connection, Reach
from shared.workers import pause

_BATCH = 2_000
_LOCK = 0x416E73696E680001  # "Ansinh", 1: the relay of this database
_IDLE_SECONDS = 2.0  # a log may go away and come back with less also while there is nothing to send

# What the log lost comes first, in the order of the journal.
_UNSENT = """
SELECT seq, id, topic, key, type, source, time, traceparent, data, position FROM outbox
WHERE "offset" IS NULL ORDER BY position, seq LIMIT $1
"""
_MARK = """
UPDATE outbox o SET position = coalesce(o.position, u.position), partition = u.partition, "offset" = u."offset"
FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[]) AS u (seq, position, partition, "offset")
WHERE o.seq = u.seq
"""

log = structlog.get_logger(__name__)

Rows: TypeAlias = "Sequence[asyncpg.Record]"


class Relay:
    """Sends one service's outbox to the log until it is stopped."""

    def __init__(
        self, database: Database, event_log: EventLog, metrics: CollectorRegistry, *, interval: float = 0.1
    ) -> None:
        self._database = database
        self._log = event_log
        self._interval = interval
        self._position = 0
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
            except (*FAULTS, LogUnavailable) as error:
                log.warning("relay_waits", error=type(error).__name__, seconds=seconds)
                await pause(stop, seconds)
                seconds = min(seconds * 2, 5)
            finally:
                self._active.set(0)

    async def _hold_lock_and_send(self, stop: asyncio.Event) -> None:
        async with contextlib.AsyncExitStack() as opened:
            connection = await self._database.connect()
            opened.push_async_callback(_close, connection)
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                if await pause(stop, 1):
                    return
            self._active.set(1)
            writer = await self._log.writer()
            opened.push_async_callback(writer.close)
            await self._send(connection, writer, stop)

    async def _send(self, connection: Connection, writer: Writer, stop: asyncio.Event) -> None:
        """Send what is written until `stop` is set, or until connection or writer fail."""
        self._position = await connection.fetchval("SELECT coalesce(max(position), 0) FROM outbox")
        reach = Reach(connection, writer)
        await reach.take_up()
        looked = time.monotonic()
        while not stop.is_set():
            if rows := await connection.fetch(_UNSENT, _BATCH):
                await self._send_batch(connection, writer, reach, _firsts_behind_gaps(rows, reach) or rows)
                looked = time.monotonic()
                continue
            if time.monotonic() - looked > _IDLE_SECONDS:
                await reach.look_again()
                looked = time.monotonic()
            await pause(stop, self._interval)

    async def _send_batch(self, connection: Connection, writer: Writer, reach: Reach, rows: Rows) -> None:
        """Append rows, copies of the first one before it where offsets are to be filled, and mark them."""
        await reach.prepare(Count(_at(row) for row in rows))
        gaps = dict(reach.gaps)
        records: list[Record] = []
        own: list[int] = []
        for row in rows:
            record = to_record(_message(row))
            records += [record] * gaps.pop(_at(row), 0)
            own.append(len(records))
            records.append(record)
        placed = await writer.append(records)
        await self._mark(connection, reach, rows, [placed[index] for index in own])
        self._sent.inc(len(rows))
        self._refilled.inc(sum(row["position"] is not None for row in rows))

    async def _mark(self, connection: Connection, reach: Reach, rows: Rows, placed: Sequence[Placed]) -> None:
        """Number the rows for the journal and remember how far the log reaches. A row keeps the number it has."""
        async with connection.transaction():
            await connection.execute(
                _MARK,
                [row["seq"] for row in rows],
                list(range(self._position + 1, self._position + 1 + len(rows))),
                [place.partition for place in placed],
                [place.offset for place in placed],
            )
            await reach.arrived({_at(row): place for row, place in zip(rows, placed, strict=True)})
        self._position += len(rows)


async def _close(connection: Connection) -> None:
    with contextlib.suppress(*FAULTS):
        await connection.close(timeout=2)


def _firsts_behind_gaps(rows: Rows, reach: Reach) -> Rows:
    """Return the first row of each partition where offsets are to be filled before it.

    They go alone: each append that fails may widen the gap by what it carried.
    """
    if not reach.gaps:
        return []
    firsts = {_at(row): row for row in reversed(rows)}
    return [row for row in rows if _at(row) in reach.gaps and firsts[_at(row)] is row]


def _at(row: asyncpg.Record) -> TopicPartition:
    return row["topic"], partition_of(row["key"].encode())


def _message(row: asyncpg.Record) -> Message:
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
