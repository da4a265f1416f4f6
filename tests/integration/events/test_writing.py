"""What holds of events on their way from a change to the log."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text

from shared.db import Database
from shared.eventlog import Placed, Record
from shared.events import EventTooLarge
from shared.messaging.outbox import publish
from shared.messaging.tables import outbox
from tests.support.events import TOPIC, Chain, classified, household, households, write_next
from tests.support.logs import Hesitant, Interposed
from tests.support.waiting import until


class Wish(Exception):
    """The caller's own reason to give a transaction up."""


async def read_log(chain: Chain, count: int) -> list[tuple[str, str]]:
    """Return (key, event id) of the first `count` records of the log, those of a key in order."""
    reader = chain.log.reader([TOPIC], group=None)
    await reader.start()
    found: list[tuple[str, str]] = []

    async def enough() -> bool:
        records = await reader.poll(1_000, 0.2)
        found.extend((record.key.decode(), dict(record.headers)["ce_id"].decode()) for record in records)
        return len(found) >= count

    await until(enough, within=30, describe=f"{count} records")
    await reader.close()
    return found


async def journal(chain: Chain, since: int, limit: int = 1_000) -> Sequence[tuple[int, UUID]]:
    """Return (position, id) of what follows a position, as `GET /changes` reads it."""
    query = select(outbox.c.position, outbox.c.id).where(outbox.c.position > since).order_by(outbox.c.position)
    async with chain.producer.transaction() as session:
        return (await session.execute(query.limit(limit))).all()


async def count_outbox(chain: Chain) -> int:
    async with chain.producer.transaction() as session:
        return int((await session.execute(select(func.count()).select_from(outbox))).scalar_one())


async def test_an_event_of_a_change_that_was_rolled_back_never_exists(chain: Chain) -> None:
    async def give_up() -> None:
        async with chain.producer.transaction() as session:
            await write_next(session, [1], each=3)
            raise Wish

    async with chain.relaying():
        with pytest.raises(Wish):
            await give_up()
        await chain.write_next(1)
        [(key, _)] = await read_log(chain, 1)
    assert key == str(household(1))
    assert sum((await chain.log.ends([TOPIC])).values()) == 1


async def test_a_change_and_its_event_are_committed_together(embedded_chain: Chain) -> None:
    async with embedded_chain.producer.transaction() as session:
        await write_next(session, [1])
        assert await count_outbox(embedded_chain) == 0
    assert await count_outbox(embedded_chain) == 1
    assert await embedded_chain.truth() == {household(1): ["0"]}


async def test_an_event_over_512_kb_is_refused_and_nothing_is_written(embedded_chain: Chain) -> None:
    large = classified(1, 1).model_copy(update={"deprivations": ("x" * 512_000,)})

    async def write() -> None:
        async with embedded_chain.producer.transaction() as session:
            await session.execute(insert(households).values(number=1))
            await publish(session, "registry", [classified(1, 0), large])

    with pytest.raises(EventTooLarge):
        await write()
    assert await count_outbox(embedded_chain) == 0
    assert await embedded_chain.truth() == {}


async def test_events_of_a_household_reach_the_log_in_the_order_of_commits(chain: Chain) -> None:
    """Many writers at once, each locking its households first, some giving up."""
    chosen = random.Random(1)

    async def writer(seed: int) -> None:
        picks = random.Random(seed)
        for _ in range(15):
            try:
                async with chain.producer.transaction() as session:
                    await write_next(session, picks.sample(range(6), 3), each=picks.randint(1, 3))
                    if picks.random() < 0.2:
                        raise Wish
            except Wish:
                pass

    async with chain.relaying(), chain.consuming():
        await asyncio.gather(*(writer(chosen.random().__hash__()) for _ in range(5)))
        await chain.each_once_in_order()


async def test_an_event_stored_but_not_acknowledged_is_sent_again_and_has_one_effect(chain: Chain) -> None:
    relayed = Chain(chain.producer, chain.consumer, Hesitant(chain.log, silent=2))
    await chain.write_next(*range(5), each=4)
    async with relayed.relaying(), chain.consuming():
        await chain.each_once_in_order()
    assert sum((await chain.log.ends([TOPIC])).values()) > 25


async def relay_connections(database: Database) -> list[int]:
    """Return the server processes whose connection holds the relay's lock."""
    query = text(
        "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        "WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()"
    )
    async with database.transaction() as session:
        return list((await session.execute(query)).scalars())


async def test_one_relay_of_many_is_active_and_the_next_takes_over(chain: Chain) -> None:
    async with chain.relaying(), chain.relaying(), chain.relaying(), chain.consuming():
        for _ in range(4):
            await chain.write_next(*range(8), each=5)
            [holder] = await until(lambda: relay_connections(chain.producer), within=30, describe="an active relay")
            async with chain.producer.transaction() as session:
                await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": holder})
        await chain.each_once_in_order()


class Cut(Interposed):
    """A log whose first append lets the relay lose its database connection, with it its lock, before it returns."""

    def __init__(self, chain: Chain) -> None:
        super().__init__(chain.log)
        self._chain = chain
        self.cut = asyncio.Event()
        self.others_marked = asyncio.Event()

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        placed = await super().append(records)
        if not self.cut.is_set():
            [holder] = await relay_connections(self._chain.producer)
            async with self._chain.producer.transaction() as session:
                await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": holder})
            self.cut.set()
            await self.others_marked.wait()
        return placed


async def test_a_relay_that_lost_its_lock_marks_nothing(chain: Chain) -> None:
    log = Cut(chain)
    slow = Chain(chain.producer, chain.consumer, log)
    await chain.write_next(*range(4), each=3)
    async with slow.relaying():
        await asyncio.wait_for(log.cut.wait(), 30)
        async with chain.relaying():
            await until(lambda: _all_sent(chain), within=30, describe="everything sent by the second relay")
            marked = await journal(chain, 0)
            log.others_marked.set()
            async with chain.consuming():
                await chain.each_once_in_order()
    assert (await journal(chain, 0))[: len(marked)] == marked
    assert [position for position, _ in marked] == list(range(1, 13))


async def _all_sent(chain: Chain) -> bool:
    return await chain.unsent() == 0


@asynccontextmanager
async def following(chain: Chain) -> AsyncIterator[list[tuple[int, UUID]]]:
    """Follow the journal by position for the block, as another system would."""
    seen: list[tuple[int, UUID]] = []
    done = asyncio.Event()

    async def follow() -> None:
        while not done.is_set():
            seen.extend(await journal(chain, seen[-1][0] if seen else 0, limit=7))
            await asyncio.sleep(0)

    follower = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        done.set()
        await follower


async def test_an_event_committed_late_behind_later_ones_is_missed_by_nobody(chain: Chain) -> None:
    async with chain.relaying(), chain.consuming(), following(chain) as seen:
        async with chain.producer.transaction() as session:
            await write_next(session, [1], each=2)  # takes its numbers in the outbox now
            await chain.write_next(2, 3, each=5)
            await until(lambda: len(seen) == 10, describe="the later events in the journal")
        await chain.write_next(1, 2)
        await chain.each_once_in_order()
        await until(lambda: len(seen) == 17, describe="all events in the journal")
    everything = await journal(chain, 0)
    assert seen == list(everything)


async def test_a_reader_of_the_journal_misses_nothing_while_transactions_overlap(chain: Chain) -> None:
    """Random overlaps; a transaction's numbers are taken long before it commits."""
    seed = random.randrange(1 << 32)

    async def writer(own: int, turns: Sequence[asyncio.Event]) -> None:
        picks = random.Random(seed + own)
        for turn in range(6):
            async with chain.producer.transaction() as session:
                await write_next(session, [own], each=picks.randint(1, 4))
                turns[own].set()
                await turns[picks.randrange(len(turns))].wait()  # until another one has written, or has before
            if turn % 2:
                turns[own].clear()
        turns[own].set()

    turns = [asyncio.Event() for _ in range(4)]
    async with chain.relaying(), chain.consuming(), following(chain) as seen:
        await asyncio.gather(*(writer(own, turns) for own in range(4)))
        await chain.each_once_in_order()
        count = await count_outbox(chain)
        await until(lambda: len(seen) == count, describe=f"{count} events in the journal (seed {seed})")
    ids: set[Any] = {event_id for _, event_id in seen}
    assert len(ids) == count, f"seed {seed}"
    assert [position for position, _ in seen] == sorted(position for position, _ in seen)
