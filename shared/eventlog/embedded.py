"""The event log in PostgreSQL, for a platform without Kafka: one machine, one member a group.

Offsets have no gaps and follow the order of commits, because an append holds its partitions' rows until it commits.
"""

import asyncio
import contextlib
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from shared.db import FAULTS, Database
from shared.eventlog.port import (
    EventLog,
    LogUnavailable,
    Placed,
    Reader,
    Record,
    Stored,
    TopicPartition,
    Writer,
    partition_of,
)
from shared.events.contract import PARTITIONS

_CHANNEL = "ansinh_log"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS log_partitions (
    topic text NOT NULL, partition int NOT NULL, next_offset bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition));
CREATE TABLE IF NOT EXISTS log_records (
    topic text NOT NULL, partition int NOT NULL, "offset" bigint NOT NULL,
    key bytea NOT NULL, headers text NOT NULL, value bytea NOT NULL, stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset"));
CREATE TABLE IF NOT EXISTS log_commits (
    "group" text NOT NULL, topic text NOT NULL, partition int NOT NULL, "offset" bigint NOT NULL,
    PRIMARY KEY ("group", topic, partition));
"""
_READ = """
SELECT r.topic, r.partition, r."offset", r.key, r.headers, r.value
FROM unnest($1::text[], $2::int[], $3::bigint[]) AS p (topic, partition, "offset")
CROSS JOIN LATERAL (
    SELECT * FROM log_records l
    WHERE l.topic = p.topic AND l.partition = p.partition AND l."offset" >= p."offset"
    ORDER BY l."offset" LIMIT $4) r
LIMIT $4
"""
_SAVE = """
INSERT INTO log_commits ("group", topic, partition, "offset")
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[])
ON CONFLICT ("group", topic, partition) DO UPDATE SET "offset" = excluded."offset"
"""


def _number(text: str) -> int:
    """Return a stable 64-bit number for an advisory lock."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    """Say LogUnavailable for whatever PostgreSQL or the network does in the block."""
    try:
        yield
    except FAULTS as error:
        raise LogUnavailable(repr(error)) from error


class _Session:
    """One connection, opened again when it was lost; statements on it take turns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._connection: asyncpg.Connection[Any] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """Yield the connection. Raises LogUnavailable for whatever PostgreSQL or the network does."""
        async with self._turn:
            try:
                async with _asking():
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await self._database.connect()
                        await self.opened(self._connection)
                    yield self._connection
            except LogUnavailable:
                connection, self._connection = self._connection, None
                if connection is not None:
                    connection.terminate()
                raise

    async def opened(self, connection: "asyncpg.Connection[Any]") -> None:
        """Prepare a new connection, where there is something to prepare."""

    async def close(self) -> None:
        async with self._turn:
            if self._connection is not None:
                with contextlib.suppress(*FAULTS):
                    await self._connection.close(timeout=5)
                self._connection = None


class _ReadSession(_Session):
    """The connection of all readers of a process: it holds the locks of their groups and hears of new records."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.held: set[str] = set()
        self.news: set[asyncio.Event] = set()

    async def opened(self, connection: "asyncpg.Connection[Any]") -> None:
        self.held = set()  # locks went with the connection that was lost
        await connection.add_listener(_CHANNEL, self._heard)

    def _heard(self, *_: object) -> None:
        for event in self.news:
            event.set()


async def _ends(connection: "asyncpg.Connection[Any]", topics: Sequence[str]) -> Mapping[TopicPartition, int]:
    rows = await connection.fetch(
        "SELECT topic, partition, next_offset FROM log_partitions WHERE topic = ANY($1)", list(topics)
    )
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


class _EmbeddedWriter(Writer):
    """Appends over one connection, which ends with the server's life."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection

    async def ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        async with _asking():
            return await _ends(self._connection, topics)

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        queues: dict[TopicPartition, list[int]] = defaultdict(list)
        for index, record in enumerate(records):
            queues[record.topic, partition_of(record.key)].append(index)
        async with _asking(), self._connection.transaction():
            placed = await self._reserve(queues)
            await self._connection.copy_records_to_table(
                "log_records",
                columns=["topic", "partition", "offset", "key", "headers", "value"],
                records=[
                    (r.topic, placed[i].partition, placed[i].offset, r.key, _to_json(r.headers), r.value)
                    for i, r in enumerate(records)
                ],
            )
            await self._connection.execute(f"NOTIFY {_CHANNEL}")
        return [placed[index] for index in range(len(records))]

    async def _reserve(self, queues: Mapping[TopicPartition, Sequence[int]]) -> dict[int, Placed]:
        at = sorted(queues)
        rows = await self._connection.fetch(
            """SELECT topic, partition, next_offset FROM log_partitions
               JOIN unnest($1::text[], $2::int[]) AS wanted (topic, partition) USING (topic, partition)
               ORDER BY topic, partition FOR UPDATE OF log_partitions""",
            [topic for topic, _ in at],
            [partition for _, partition in at],
        )
        if len(rows) < len(at):
            raise LogUnavailable("a topic is missing; ensure_topics makes it")
        placed = {
            index: Placed(row["partition"], row["next_offset"] + position)
            for row in rows
            for position, index in enumerate(queues[row["topic"], row["partition"]])
        }
        await self._connection.execute(
            """UPDATE log_partitions l SET next_offset = l.next_offset + u.size
               FROM unnest($1::text[], $2::int[], $3::bigint[]) AS u (topic, partition, size)
               WHERE (l.topic, l.partition) = (u.topic, u.partition)""",
            [topic for topic, _ in at],
            [partition for _, partition in at],
            [len(queues[key]) for key in at],
        )
        return placed

    async def close(self) -> None:
        with contextlib.suppress(*FAULTS):
            await self._connection.close(timeout=2)


class EmbeddedLog(EventLog):
    """Topics in the PostgreSQL database at `url`."""

    def __init__(self, url: str, *, client: str) -> None:
        self._database = Database(url, name=client)
        self._session = _Session(self._database)
        self._readers = _ReadSession(self._database)

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        async with self._session.turn() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _number("log schema"))
            await connection.execute(_SCHEMA)
            await connection.executemany(
                "INSERT INTO log_partitions (topic, partition) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [(topic, number) for topic in topics for number in range(PARTITIONS)],
            )

    async def writer(self) -> Writer:
        async with _asking():
            return _EmbeddedWriter(await self._database.connect())

    async def ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        async with self._session.turn() as connection:
            return await _ends(connection, topics)

    def reader(self, topics: Sequence[str], *, group: str | None) -> Reader:
        return _EmbeddedReader(self._readers, topics, group)

    async def close(self) -> None:
        await self._session.close()
        await self._readers.close()
        await self._database.close()


class _EmbeddedReader(Reader):
    """The one member of a group: a second one gets nothing until the first has left."""

    def __init__(self, session: _ReadSession, topics: Sequence[str], group: str | None) -> None:
        self._session = session
        self._topics = list(topics)
        self._group = group
        self._next: dict[TopicPartition, int] = {}
        self._given_back: dict[TopicPartition, int] = {}
        self._news = asyncio.Event()

    async def start(self) -> None:
        self._session.news.add(self._news)
        self._news.set()
        if self._group is None:
            self._next = {(topic, number): 0 for topic in self._topics for number in range(PARTITIONS)}

    async def poll(self, limit: int, wait: float) -> Sequence[Stored]:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), wait)
        self._news.clear()
        async with self._session.turn() as connection:
            if not await self._is_member(connection):
                return []
            at = list(self._next)
            rows = await connection.fetch(
                _READ, [topic for topic, _ in at], [number for _, number in at], [self._next[key] for key in at], limit
            )
        if len(rows) == limit:
            self._news.set()  # there may be more
        self._given_back = {}
        records = [_stored(row) for row in rows]
        for record in records:
            self._given_back.setdefault((record.topic, record.partition), record.offset)
            self._next[record.topic, record.partition] = record.offset + 1
        return records

    async def _is_member(self, connection: "asyncpg.Connection[Any]") -> bool:
        """Take the group's lock when we do not hold it, and begin where the group stands."""
        if self._group is None or self._group in self._session.held:
            return True
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _number(f"group {self._group}")):
            return False
        self._session.held.add(self._group)
        rows = await connection.fetch(
            'SELECT topic, partition, "offset" FROM log_commits WHERE "group" = $1', self._group
        )
        self._next = {(topic, number): 0 for topic in self._topics for number in range(PARTITIONS)}
        self._next |= {(row["topic"], row["partition"]): row["offset"] for row in rows if row["topic"] in self._topics}
        return True

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._given_back = {}
        if self._group is None or not offsets:
            return
        at = list(offsets)
        async with self._session.turn() as connection:
            if self._group in self._session.held:  # else another may be the member; our inbox absorbs what it re-reads
                await connection.execute(
                    _SAVE,
                    self._group,
                    [topic for topic, _ in at],
                    [number for _, number in at],
                    [offsets[key] for key in at],
                )

    async def rewind(self) -> None:
        self._next |= self._given_back
        self._given_back = {}
        self._news.set()

    async def lag(self) -> Mapping[TopicPartition, int]:
        async with self._session.turn() as connection:
            ends = await _ends(connection, self._topics)
        return {at: max(0, ends.get(at, 0) - offset) for at, offset in self._next.items()}

    async def close(self) -> None:
        self._session.news.discard(self._news)
        if self._group is None or self._group not in self._session.held:
            return
        with contextlib.suppress(LogUnavailable):
            async with self._session.turn() as connection:
                if self._group in self._session.held:
                    await connection.execute("SELECT pg_advisory_unlock($1)", _number(f"group {self._group}"))
        self._session.held.discard(self._group)


def _to_json(headers: tuple[tuple[str, bytes], ...]) -> str:
    return orjson.dumps([[name, value.decode()] for name, value in headers]).decode()


def _stored(row: "asyncpg.Record") -> Stored:
    topic, partition, offset, key, headers, value = row
    named = tuple([(name, text.encode()) for name, text in orjson.loads(headers)])
    return Stored(topic, partition, offset, key, named, value)
