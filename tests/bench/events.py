"""Relay, consumer and the way from a commit to a projection, over real Kafka and a PostgreSQL that flushes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry

from services.indicators.consumers import CONSUMERS
from services.indicators.tables import DecisionRow
from shared.db import Database, migrations
from shared.eventlog import Record
from shared.eventlog.kafka import KafkaLog
from shared.events import TOPICS, decode
from shared.events.registry import HouseholdClassified
from shared.messaging.envelope import from_stored, to_record
from shared.messaging.outbox import publish
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from tests.bench.ground import Ground, report
from tests.support.events import classified, message
from tests.support.keys import KEYS

EVENTS = 60_000
TOPIC = HouseholdClassified.TOPIC
POVERTY = next(consumer for consumer in CONSUMERS if HouseholdClassified in consumer.handles)


async def measure_events(ground: Ground) -> None:
    """Print the figures of the relay, the consumer and the latency."""
    url = ground.database("indicators")
    await migrations.upgrade("indicators", url)
    database = Database(url, name="bench", keys=KEYS)
    try:
        events = [classified(number, number) for number in range(EVENTS)]
        await _relay(ground, database, events)
        await _consumer(ground, database)
        await _latency(ground, database)
    finally:
        await database.close()


async def _relay(ground: Ground, database: Database, events: Sequence[HouseholdClassified]) -> None:
    raw = await _bare_sends(ground, [to_record(message(event)) for event in events])
    for start in range(0, len(events), 5_000):
        async with database.transaction() as session:
            await publish(session, "registry", events[start : start + 5_000])
    log = KafkaLog(ground.kafka.bootstrap, client="bench")
    await log.ensure_topics(TOPICS)
    relay = Relay(database, log, CollectorRegistry())
    seconds = await _timed(relay.run, lambda: _none_unsent(database))
    await log.close()
    report("relay", EVENTS / seconds, "events/s", limit=raw, goal="ratio >= 0.3", raw="bare aiokafka, same bytes")


async def _bare_sends(ground: Ground, records: Sequence[Record]) -> float:
    """Return how many of the same records a bare aiokafka producer sends a second, in batches of 500."""
    log = KafkaLog(ground.kafka.bootstrap, client="bench", prefix="raw.")
    await log.ensure_topics([TOPIC])
    await log.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=ground.kafka.bootstrap,
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_batch_size=131_072,
    )
    await producer.start()
    began = time.perf_counter()
    for start in range(0, len(records), 500):
        sent = [
            await producer.send("raw." + TOPIC, record.value, key=record.key, headers=list(record.headers))
            for record in records[start : start + 500]
        ]
        await asyncio.gather(*sent)
    seconds = time.perf_counter() - began
    await producer.stop()
    return len(records) / seconds


async def _consumer(ground: Ground, database: Database) -> None:
    raw = await _bare_copy(ground, database)
    await _empty(database)
    log = KafkaLog(ground.kafka.bootstrap, client="bench")
    runner = Runner(database, log, POVERTY)
    seconds = await _timed(runner.run, lambda: _projected(runner, EVENTS))
    await log.close()
    report(
        "consumer_into_projection",
        EVENTS / seconds,
        "events/s",
        limit=raw,
        goal="ratio >= 0.25",
        raw="bare getmany, decode, COPY of the same rows into the same indexed table",
    )


async def _bare_copy(ground: Ground, database: Database) -> float:
    columns = [column.name for column in DecisionRow.__table__.columns]
    connection = await database.connect()
    log = KafkaLog(ground.kafka.bootstrap, client="bench")
    reader = log.reader([TOPIC], group=None)
    await reader.start()
    done, began = 0, time.perf_counter()
    while done < EVENTS:
        received = [decode(from_stored(stored)) for stored in await reader.poll(1_000, 1.0)]
        rows = [_row(item.message.id, item.message.time, item.event, columns) for item in received]
        await connection.copy_records_to_table("decisions", columns=columns, records=rows)
        done += len(rows)
    seconds = time.perf_counter() - began
    await reader.close()
    await log.close()
    await connection.close()
    return done / seconds


def _row(event_id: Any, at: Any, event: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    known = {"event_id": event_id, "recorded_at": at, "until": date.max}
    return tuple(known[name] if name in known else getattr(event, name) for name in columns)


async def _latency(ground: Ground, database: Database) -> None:
    """Commit 200 events a second for ten seconds; for each, the time until its row can be read."""
    await _empty(database)
    log = KafkaLog(ground.kafka.bootstrap, client="bench")
    stop = asyncio.Event()
    parts = [
        asyncio.create_task(Relay(database, log, CollectorRegistry()).run(stop)),
        asyncio.create_task(Runner(database, log, POVERTY).run(stop)),
    ]
    committed: dict[Any, float] = {}
    seen: dict[Any, float] = {}
    watching = asyncio.create_task(_watch(database, seen, 2_000))
    began = time.perf_counter()
    for number in range(2_000):
        await asyncio.sleep(max(0.0, began + number / 200 - time.perf_counter()))
        event = classified(number, number).model_copy(update={"household_id": uuid4()})
        async with database.transaction() as session:
            await publish(session, "registry", [event])
        committed[event.household_id] = time.perf_counter()
    async with asyncio.timeout(30):
        await watching
    stop.set()
    await asyncio.gather(*parts)
    await log.close()
    waits = sorted(seen[household] - committed[household] for household in committed)
    report("commit_to_projection_p50", waits[len(waits) // 2] * 1000, "ms", rate="200 events/s on Kafka")
    report("commit_to_projection_p99", waits[int(len(waits) * 0.99)] * 1000, "ms", goal="< 1000 ms")


async def _watch(database: Database, seen: dict[Any, float], count: int) -> None:
    connection = await database.connect()
    while len(seen) < count:
        rows = await connection.fetch("SELECT household_id FROM decisions")
        now = time.perf_counter()
        for row in rows:
            seen.setdefault(row["household_id"], now)
        await asyncio.sleep(0.02)
    await connection.close()


async def _timed(run: Callable[[asyncio.Event], Awaitable[None]], done: Callable[[], Awaitable[bool]]) -> float:
    stop = asyncio.Event()
    began = time.perf_counter()
    part = asyncio.ensure_future(run(stop))
    while not await done():
        if part.done():
            part.result()
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - began
    stop.set()
    await part
    return seconds


async def _none_unsent(database: Database) -> bool:
    async with database.engine.connect() as connection:
        found = await connection.exec_driver_sql('SELECT EXISTS (SELECT FROM outbox WHERE "offset" IS NULL)')
        return not found.scalar_one()


async def _projected(runner: Runner, count: int) -> bool:
    return runner.progress.handled >= count


async def _empty(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("TRUNCATE decisions, inbox")
