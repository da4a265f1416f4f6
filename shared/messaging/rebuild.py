"""Rebuilding a projector's tables from the log, beside the live ones, then swapping them in.

The live consumer goes on meanwhile. For the last records and the swap it waits: both need its lock.
"""

import re
import time
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.schema import CreateIndex, CreateTable

from shared.db import Database, Transaction
from shared.eventlog import EventLog, LogUnavailable, Reader, TopicPartition
from shared.messaging.consumers import Consumer, apply, read_envelopes
from shared.messaging.tables import dead_letters, inbox

_BATCH = 2_000
_STALLED_SECONDS = 30.0  # the live consumer may be waiting for us


class NotRebuildable(ValueError):
    """A reactor acts on the world; its deeds cannot be done again."""


async def rebuild(database: Database, event_log: EventLog, consumer: Consumer) -> int:
    """Build the projector's tables anew from the log and swap them in; return how many events they hold.

    Raises:
        NotRebuildable: the consumer is a reactor.
        LogUnavailable: the log could not be read to its end; the live tables stay as they were.
    """
    if consumer.kind != "projector":
        raise NotRebuildable(f"{consumer.name} is a reactor")
    schema = "rebuild_" + re.sub(r"\W", "_", consumer.name)
    await _prepare(database, consumer, schema)
    reader = event_log.reader(consumer.topics, group=None)
    await reader.start()
    try:
        shadow = _Shadow(consumer, schema, reader)
        ends = await event_log.ends(consumer.topics)
        while not shadow.reached(ends):
            async with database.transaction() as session:
                await shadow.advance(session)
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": consumer.lock})
            ends = await event_log.ends(consumer.topics)
            while not shadow.reached(ends):
                await shadow.advance(session)
            await _swap(session, consumer, schema)
    finally:
        await reader.close()
    return shadow.events


class _Shadow:
    """The tables being built, and how far."""

    def __init__(self, consumer: Consumer, schema: str, reader: Reader) -> None:
        self.events = 0
        self._consumer = consumer
        self._schema = schema
        self._reader = reader
        self._next: dict[TopicPartition, int] = {}
        self._last_record = time.monotonic()

    def reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        return all(self._next.get(at, 0) >= end for at, end in ends.items())

    async def advance(self, session: Transaction) -> None:
        records = await self._reader.poll(_BATCH, 1.0)
        if records:
            self._last_record = time.monotonic()
        elif time.monotonic() - self._last_record > _STALLED_SECONDS:
            raise LogUnavailable(f"no record in {_STALLED_SECONDS:.0f} s, before the end")
        await session.execute(text(f"SET LOCAL search_path TO {self._schema}, public"))
        applied = await apply(session, self._consumer, read_envelopes(self._consumer, records))
        self.events += applied.new
        await self._reader.commit({})
        for record in records:
            self._next[record.topic, record.partition] = record.offset + 1


async def _prepare(database: Database, consumer: Consumer, schema: str) -> None:
    """Make empty tables of the same definition in a schema of their own."""
    tables = [*consumer.tables, inbox, dead_letters]
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        await connection.execute(text(f"CREATE SCHEMA {schema}"))
        shadows = await connection.execution_options(schema_translate_map={None: schema})
        for table in tables:
            await shadows.execute(CreateTable(table))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                await shadows.execute(CreateIndex(index))
        await connection.execution_options(schema_translate_map=None)
        # What a person gave up stays given up: in the inbox from the start, it is not new when it comes.
        given_up = (
            f"INSERT INTO {schema}.inbox SELECT consumer, event_id FROM public.dead_letters "  # noqa: S608 - our own names
            "WHERE consumer = :consumer AND state = 'discarded'"
        )
        await connection.execute(text(given_up), {"consumer": consumer.name})


async def _swap(session: Transaction, consumer: Consumer, schema: str) -> None:
    """Put the new tables in the place of the old, with what this consumer has seen and put aside."""
    connection = await session.connection()
    await connection.execute(text("SET LOCAL search_path TO public"))
    for table in consumer.tables:
        await connection.execute(text(f'DROP TABLE public."{table.name}"'))
        await connection.execute(text(f'ALTER TABLE {schema}."{table.name}" SET SCHEMA public'))
    columns = ", ".join(column.name for column in dead_letters.columns if column.name != "id")
    this = {"consumer": consumer.name}
    await connection.execute(text("DELETE FROM public.inbox WHERE consumer = :consumer"), this)
    await connection.execute(text(f"INSERT INTO public.inbox SELECT * FROM {schema}.inbox"))  # noqa: S608 - our own names
    # A letter replayed before may be aside again: the events before it failed this time.
    again = f"state = 'replayed' AND event_id IN (SELECT event_id FROM {schema}.dead_letters)"  # noqa: S608
    old = f"DELETE FROM public.dead_letters WHERE consumer = :consumer AND (state IN ('failed', 'parked') OR {again})"  # noqa: S608
    await connection.execute(text(old), this)
    await connection.execute(
        text(
            f"INSERT INTO public.dead_letters ({columns}) SELECT {columns} FROM {schema}.dead_letters "  # noqa: S608
            "ORDER BY id ON CONFLICT (consumer, event_id) DO NOTHING"
        )
    )
    await connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
