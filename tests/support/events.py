"""A small service for tests of events: a producer's database, a consumer's, a log between them.

A *chain* is one household's worth of truth: the producer counts each household's events while it holds the household's
row, so the numbers of a household, in the order of their effect, must be 0, 1, 2, … without gap or repetition.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from prometheus_client import CollectorRegistry
from sqlalchemy import BigInteger, Column, Identity, Integer, MetaData, Table, Text, Uuid, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

import shared.audit.tables  # noqa: F401 - what is replayed leaves a row there
from shared import clock
from shared.db import Database, Transaction
from shared.db.kit import kit_metadata
from shared.eventlog import EventLog, Placed, Record
from shared.events import Event, Message, Received
from shared.events.registry import HouseholdClassified
from shared.ids import new_id
from shared.messaging.consumers import Consumer, Handler
from shared.messaging.outbox import publish
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from shared.messaging.tables import dead_letters, outbox
from tests.support.keys import KEYS
from tests.support.waiting import until

HOUSEHOLDS = UUID("0192f0c0-0000-7000-8000-000000000000")
TOPIC = HouseholdClassified.TOPIC
DAY = date(2026, 11, 23)
POISON = "poison"

metadata = MetaData()
# What a consumer made of the events, in the order of their effect. Nothing forbids a repetition: it must be seen.
effects = Table(
    "effects",
    metadata,
    Column("place", BigInteger, Identity(), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("household_id", Uuid, nullable=False, index=True),
    Column("number", Text, nullable=False),
    Column("member", Text, nullable=False, server_default=func.current_setting("application_name")),  # who did it
)
# The producer's households: how many events each has had.
households = Table(
    "households",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("events", Integer, nullable=False, server_default="0"),
)

# Events that the consumer cannot handle as long as they stand here, for a cause that somebody can mend.
refused = Table(
    "refused",
    metadata,
    Column("household_id", Uuid, primary_key=True),
    Column("number", Text, primary_key=True),
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


async def record_all(session: Transaction, received: Sequence[Received]) -> None:
    """Note each event, in order."""
    rows = []
    for item in received:
        assert isinstance(item.event, HouseholdClassified)
        number = item.event.decision_number
        rows.append({"event_id": item.message.id, "household_id": item.event.household_id, "number": number})
    await (await session.connection()).execute(insert(effects), rows)


async def record_effects(session: Transaction, received: Sequence[Received]) -> None:
    """Note each event, in order; one whose decision number begins with `poison` cannot be handled."""
    await record_all(session, received)
    for item in received:
        assert isinstance(item.event, HouseholdClassified)
        if item.event.decision_number.startswith(POISON):
            raise ValueError("a decision that nobody can handle")


async def record_what_is_not_refused(session: Transaction, received: Sequence[Received]) -> None:
    """Note each event, in order; one that stands in `refused` cannot be handled."""
    await record_all(session, received)
    noted = select(refused).join(
        effects, (effects.c.household_id == refused.c.household_id) & (effects.c.number == refused.c.number)
    )
    ids = [item.message.id for item in received]
    if (await session.execute(noted.where(effects.c.event_id.in_(ids)))).first():
        raise ValueError("a decision that cannot be handled yet")


def projector(name: str = "test.effects", handler: Handler = record_effects) -> Consumer:
    """Return a consumer whose table is `effects`."""
    return Consumer(name, "projector", (HouseholdClassified,), handler, (effects,))


async def create_tables(database: Database) -> None:
    """Create the kit's tables and the chain's."""
    async with database.engine.begin() as connection:
        await connection.run_sync(kit_metadata.create_all)
        await connection.run_sync(metadata.create_all)


async def numbers_by_household(database: Database, ids: Iterable[UUID] | None = None) -> dict[UUID, list[str]]:
    """Return, for each household (of `ids`), the numbers of its events in the order of their effect."""
    query = select(effects.c.household_id, effects.c.number).order_by(effects.c.place)
    if ids is not None:
        query = query.where(effects.c.household_id.in_(list(ids)))
    async with database.transaction() as session:
        rows = await session.execute(query)
    numbers: dict[UUID, list[str]] = {}
    for household_id, number in rows:
        numbers.setdefault(household_id, []).append(number)
    return numbers


async def waiting_letters(database: Database) -> int:
    """Return how many dead letters wait for somebody."""
    query = select(func.count()).where(dead_letters.c.state.in_(("failed", "parked")))
    async with database.transaction() as session:
        return int((await session.execute(query)).scalar_one())


async def append(log: EventLog, records: Sequence[Record]) -> list[Placed]:
    """Append records without a relay."""
    writer = await log.writer()
    try:
        return await writer.append(records)
    finally:
        await writer.close()


@dataclass
class Chain:
    """Producer's database → relay → log → runner → consumer's database. Parts run when a test starts them."""

    producer: Database
    consumer: Database
    log: EventLog

    async def write(self, *events: Event) -> None:
        """Write events in one transaction."""
        async with self.producer.transaction() as session:
            await publish(session, "registry", events)

    async def write_next(self, *numbers: int, each: int = 1) -> None:
        """Write the next `each` events of households in one transaction, their rows locked first, in order."""
        async with self.producer.transaction() as session:
            await write_next(session, numbers, each)

    async def truth(self) -> dict[UUID, list[str]]:
        """Return what the effects of all households must be, by what the producer committed."""
        async with self.producer.transaction() as session:
            rows = (await session.execute(select(households.c.number, households.c.events))).all()
        return {household(number): [str(n) for n in range(events)] for number, events in rows if events}

    async def effects(self) -> dict[UUID, list[str]]:
        """Return the numbers of each household's events in the order of their effect."""
        return await numbers_by_household(self.consumer)

    async def count_effects(self) -> int:
        """Return how many effects there are."""
        async with self.consumer.transaction() as session:
            return int((await session.execute(select(func.count()).select_from(effects))).scalar_one())

    async def sent(self) -> int:
        """Return how many events the log has."""
        async with self.producer.transaction() as session:
            query = select(func.count()).where(outbox.c.position.is_not(None))
            return int((await session.execute(query)).scalar_one())

    async def unsent(self) -> int:
        """Return how many events wait for the relay."""
        async with self.producer.transaction() as session:
            query = select(func.count()).where(outbox.c.offset.is_(None))
            return int((await session.execute(query)).scalar_one())

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Relay]:
        """Run a relay for the block."""
        relay = Relay(self.producer, self.log, CollectorRegistry(), interval=0.02)
        async with running(relay.run):
            yield relay

    @asynccontextmanager
    async def consuming(self, consumer: Consumer | None = None) -> AsyncIterator[Runner]:
        """Run a consumer for the block."""
        runner = Runner(self.consumer, self.log, consumer or projector())
        async with running(runner.run):
            yield runner

    async def each_once_in_order(self, within: float = 60) -> None:
        """Wait until everything written had its effect; fail unless each had it once, in its household's order.

        One more event of every household is written first: it comes behind whatever the log may hold twice.
        """
        async with self.producer.transaction() as session:
            numbers = (await session.execute(select(households.c.number))).scalars().all()
        await self.write_next(*numbers)
        truth = await self.truth()
        written = sum(len(numbers) for numbers in truth.values())

        async def had_its_effect() -> bool:
            return await self.count_effects() >= written

        await until(had_its_effect, within=within, describe=f"{written} effects")
        wrong = {key: found for key, found in (await self.effects()).items() if found != truth.get(key)}
        assert not wrong, f"effects of {len(wrong)} households, not as written: {next(iter(wrong.items()))}"

    async def close(self) -> None:
        """Close every connection."""
        await self.log.close()
        await self.producer.close()
        await self.consumer.close()


async def write_next(session: Transaction, numbers: Sequence[int], each: int = 1) -> None:
    """Write the next `each` events of households in the caller's transaction, their rows locked first, in order."""
    connection = await session.connection()
    ordered = sorted(set(numbers))
    await connection.execute(insert_or(households).on_conflict_do_nothing(), [{"number": n} for n in ordered])
    locked = select(households).where(households.c.number.in_(ordered)).order_by(households.c.number)
    rows = (await connection.execute(locked.with_for_update())).all()
    await publish(
        session, "registry", [classified(row.number, row.events + step) for step in range(each) for row in rows]
    )
    counted = update(households).where(households.c.number.in_(ordered))
    await connection.execute(counted.values(events=households.c.events + each))


@asynccontextmanager
async def running(run: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[asyncio.Event]:
    """Run a part for the block, and yield what stops it; should it end by itself, the block is given up."""
    stop = asyncio.Event()
    here = asyncio.current_task()
    assert here is not None

    def ended(part: asyncio.Task[None]) -> None:
        if not stop.is_set():
            here.cancel(repr(part.exception()))

    part = asyncio.ensure_future(run(stop))
    assert isinstance(part, asyncio.Task)
    part.add_done_callback(ended)
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(part, 30)


async def open_chain(producer_url: str, consumer_url: str, log: EventLog) -> Chain:
    """Return a chain over fresh databases, its topics made."""
    chain = Chain(
        Database(producer_url, name="test producer", keys=KEYS),
        Database(consumer_url, name="test consumer", keys=KEYS),
        log,
    )
    await create_tables(chain.producer)
    await create_tables(chain.consumer)
    await log.ensure_topics([TOPIC])
    return chain
