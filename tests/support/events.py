"""A small service for tests of events: a producer's database, a consumer's, a log between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid5

from prometheus_client import CollectorRegistry
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, Uuid, func, insert, select

from shared import clock
from shared.db import Database, Transaction
from shared.db.kit import kit_metadata
from shared.eventlog import EventLog
from shared.events import TOPICS, Event, Message, Received
from shared.events.registry import HouseholdClassified
from shared.ids import new_id
from shared.messaging.consumers import Consumer
from shared.messaging.outbox import publish
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner

HOUSEHOLDS = UUID("0192f0c0-0000-7000-8000-000000000000")
DAY = date(2026, 11, 23)

metadata = MetaData()
# What a consumer made of the events: one row an event, in the order of their effect.
effects = Table(
    "effects",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("household_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("place", BigInteger, nullable=False),
)


def household(number: int) -> UUID:
    """Return the id of the n-th household."""
    return uuid5(HOUSEHOLDS, str(number))


def classified(household_number: int, number: int | str) -> HouseholdClassified:
    """Return a fact of a household; `number` tells facts apart and, counted up, their order."""
    return HouseholdClassified(
        household_id=household(household_number),
        decision_id=new_id(),
        decision_number=str(number),
        standard="vn-2022-2025",
        household_class="poor",
        previous_class=None,
        transition="new_poor",
        area_code="08566",
        people=4,
        b1_points=120,
        b2_points=40,
        deprivations=("employment", "dependants", "nutrition", "health_insurance"),
        decided_on=DAY,
    )


def message(event: Event) -> Message:
    """Return an event as it comes off the log."""
    return Message(
        id=new_id(),
        type=event.TYPE,
        source="/registry",
        subject=event.key,
        time=clock.now(),
        topic=event.TOPIC,
        key=event.key,
        data=event.encode(),
    )


POISON = "poison"


async def record_effects(session: Transaction, received: Sequence[Received]) -> None:
    """Note each event once and in order; a decision numbered `poison` cannot be handled."""
    place = (await session.execute(select(func.coalesce(func.max(effects.c.place), 0)))).scalar_one()
    rows = []
    for index, item in enumerate(received, start=1):
        assert isinstance(item.event, HouseholdClassified)
        if item.event.decision_number == POISON:
            raise ValueError("a decision that nobody can handle")
        rows.append(
            {
                "event_id": item.message.id,
                "household_id": item.event.household_id,
                "number": item.event.decision_number,
                "place": place + index,
            }
        )
    await (await session.connection()).execute(insert(effects), rows)


def projector(name: str = "test.effects") -> Consumer:
    """Return a consumer whose table is `effects`."""
    return Consumer(name, "projector", (HouseholdClassified,), record_effects, (effects,))


async def create_tables(database: Database) -> None:
    """Create the kit's tables and `effects`."""
    async with database.engine.begin() as connection:
        await connection.run_sync(kit_metadata.create_all)
        await connection.run_sync(metadata.create_all)


async def numbers_by_household(database: Database) -> dict[UUID, list[str]]:
    """Return, for each household, the numbers of its events in the order of their effect."""
    async with database.transaction() as session:
        rows = await session.execute(select(effects.c.household_id, effects.c.number).order_by(effects.c.place))
    numbers: dict[UUID, list[str]] = {}
    for household_id, number in rows.tuples():
        numbers.setdefault(household_id, []).append(number)
    return numbers


async def count_effects(database: Database) -> int:
    """Return how many events had an effect."""
    async with database.transaction() as session:
        return int((await session.execute(select(func.count()).select_from(effects))).scalar_one())


@dataclass
class Chain:
    """Producer's database → relay → log → runner → consumer's database. Parts run when a test starts them."""

    producer: Database
    consumer: Database
    log: EventLog
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)

    async def write(self, *events: Event) -> None:
        """Write events in one transaction."""
        async with self.producer.transaction() as session:
            await publish(session, "registry", events)

    async def unsent(self) -> int:
        """Return how many events wait for the relay."""
        async with self.producer.engine.connect() as connection:
            result = await connection.exec_driver_sql("SELECT count(*) FROM outbox WHERE position IS NULL")
            return int(result.scalar_one())

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Relay]:
        """Run a relay for the block."""
        relay = Relay(self.producer, self.log, CollectorRegistry(), interval=0.02)
        async with _running(relay.run):
            yield relay

    @asynccontextmanager
    async def consuming(self, consumer: Consumer | None = None) -> AsyncIterator[Runner]:
        """Run a consumer for the block."""
        runner = Runner(self.consumer, self.log, consumer or projector())
        async with _running(runner.run):
            yield runner


@asynccontextmanager
async def _running(run: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Run a part for the block; should it end before, the block is given up with its error."""
    stop = asyncio.Event()
    here = asyncio.current_task()
    part = asyncio.create_task(run(stop))
    part.add_done_callback(lambda done: None if stop.is_set() or here is None else here.cancel(repr(done.exception())))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(part, 30)


async def open_chain(producer_url: str, consumer_url: str, log: EventLog) -> Chain:
    """Return a chain over fresh databases, its topics made."""
    chain = Chain(Database(producer_url, name="test producer"), Database(consumer_url, name="test consumer"), log)
    await create_tables(chain.producer)
    await create_tables(chain.consumer)
    await log.ensure_topics(TOPICS)
    return chain
