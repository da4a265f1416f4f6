"""A log that lost its last records gets them back, in order, from the relay."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.db import Database
from shared.eventlog import TopicPartition, partition_of
from shared.events.contract import PARTITIONS
from tests.integration.events.conftest import Urls
from tests.support.events import TOPIC, Chain, household, write_next
from tests.support.keys import KEYS
from tests.support.logs import Hesitant, Silenced
from tests.support.waiting import until

_END = "SELECT next_offset FROM log_partitions WHERE topic = $1 AND partition = $2"
_CUT = """
DELETE FROM log_records WHERE topic = '{0}' AND partition = {1} AND "offset" >= {2};
UPDATE log_partitions SET next_offset = {2} WHERE topic = '{0}' AND partition = {1};
"""


_OTHERS = """
SELECT count(*), count(pg_terminate_backend(pid)) FILTER (WHERE datname = current_database()) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
AND (datname = current_database() OR datname IS NULL)  -- one that is being opened has no name yet
"""


async def cut(urls: Urls, losses: dict[TopicPartition, int]) -> None:
    """Let partitions lose their last records, as a disk that lost its last writes would; none loses more than all.

    The log is away meanwhile: nobody is connected. It may be away for no time at all.
    """
    inside, outside = Database(urls.log, name="cut", keys=KEYS), Database(urls.producer, name="cut", keys=KEYS)
    log, gate = await inside.connect(), await outside.connect()
    name = await log.fetchval("SELECT current_database()")

    async def alone() -> bool:
        return bool(await log.fetchval(_OTHERS) == 0)

    try:
        await gate.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await until(alone, describe="nobody connected to the log")
        async with log.transaction():
            for (topic, partition), lost in losses.items():
                end = await log.fetchval(_END, topic, partition)
                await log.execute(_CUT.format(topic, partition, max(0, end - lost)))
    finally:
        await gate.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        for connection in (log, gate):
            await connection.close()
        for database in (inside, outside):
            await database.close()


@asynccontextmanager
async def at_work(chain: Chain, *, relay: bool, consumer: bool) -> AsyncIterator[None]:
    async with AsyncExitStack() as parts:
        if relay:
            await parts.enter_async_context(chain.relaying())
        if consumer:
            await parts.enter_async_context(chain.consuming())
        yield


async def everything_sent(chain: Chain) -> None:
    async def nothing_unsent() -> bool:
        return await chain.unsent() == 0

    await until(nothing_unsent, within=30, describe="an empty outbox")


@pytest.mark.parametrize("read_before", [True, False], ids=["consumer read it", "consumer has a backlog"])
@pytest.mark.parametrize("running", [True, False], ids=["relay runs on", "relay is restarted"])
async def test_what_the_log_lost_comes_again_and_has_one_effect(
    embedded_chain: Chain, urls: Urls, running: bool, read_before: bool
) -> None:
    chain = embedded_chain
    everywhere = {(TOPIC, number): 3 + number % 4 for number in range(12)}
    async with at_work(chain, relay=running, consumer=False):
        async with at_work(chain, relay=not running, consumer=read_before):
            await chain.write_next(*range(30), each=5)
            await everything_sent(chain)
            if read_before:
                await chain.each_once_in_order()
        before = await chain.log.ends([TOPIC])
        await cut(urls, everywhere)
        async with at_work(chain, relay=not running, consumer=True):
            await chain.write_next(*range(30), each=2)
            await chain.each_once_in_order()
    after = await chain.log.ends([TOPIC])
    assert all(after[at] >= before[at] for at in before)


async def test_a_log_that_lost_its_tail_gets_it_back_also_when_nothing_new_is_written(
    embedded_chain: Chain, urls: Urls
) -> None:
    chain = embedded_chain
    async with chain.relaying():
        await chain.write_next(*range(5), each=2)
        await everything_sent(chain)
        before = await chain.log.ends([TOPIC])
        await cut(urls, {(TOPIC, number): 1 for number in range(12)})

        async def whole_again() -> bool:
            return dict(await chain.log.ends([TOPIC])) == dict(before)

        await until(whole_again, within=15, describe="the records back in the log")


def of_one_partition(count: int) -> list[int]:
    """Return the numbers of households whose events stand in one partition."""
    alike: dict[int, list[int]] = defaultdict(list)
    for number in range(count * PARTITIONS):
        alike[partition_of(str(household(number)).encode())].append(number)
    return next(numbers for numbers in alike.values() if len(numbers) >= count)[:count]


async def everything_read(urls: Urls, count: int) -> None:
    """Wait until the consumer has committed that it read so many records."""
    database = Database(urls.log, name="test", keys=KEYS)

    async def committed() -> bool:
        async with database.transaction() as session:
            query = text('SELECT coalesce(sum("offset"), 0) FROM log_commits')
            return bool((await session.execute(query)).scalar_one() == count)

    await until(committed, describe=f"{count} records read")
    await database.close()


async def test_what_was_read_and_lost_before_it_was_acknowledged_leaves_no_place_for_others(
    embedded_chain: Chain, urls: Urls
) -> None:
    """A consumer stands where the relay never knew the log to reach; an event committed late comes before others."""
    chain = embedded_chain
    early, other = of_one_partition(2)
    at = (TOPIC, partition_of(str(household(early)).encode()))
    log = Silenced(chain.log)
    async with chain.consuming(), Chain(chain.producer, chain.consumer, log).relaying():
        async with chain.producer.transaction() as session:
            await write_next(session, [early])  # takes its number in the outbox now
            await chain.write_next(other, each=3)
            await log.stored.wait()
            await everything_read(urls, 3)
            await cut(urls, {at: 3})
        log.go.set()
        await chain.each_once_in_order()


async def test_what_came_back_unacknowledged_and_was_lost_again_comes_back(embedded_chain: Chain, urls: Urls) -> None:
    """Offsets of second copies are lost with the first; what fills them is moved; then the log loses its tail again."""
    chain = embedded_chain
    [only] = of_one_partition(1)
    at = (TOPIC, partition_of(str(household(only)).encode()))
    hesitant, silenced = Hesitant(chain.log, silent=1), Silenced(chain.log)
    await chain.write_next(only, each=4)
    async with Chain(chain.producer, chain.consumer, hesitant).relaying():
        await everything_sent(chain)  # twice: at 0 to 3 and at 4 to 7
    await cut(urls, {at: 8})
    async with Chain(chain.producer, chain.consumer, silenced).relaying():
        await silenced.stored.wait()
        await cut(urls, {at: 2})
        silenced.go.set()
        await everything_sent(chain)
    async with chain.relaying(), chain.consuming():
        await chain.each_once_in_order()


async def write_at_random(chain: Chain, picks: random.Random, transactions: int) -> None:
    """Write for some of eight households at a time."""
    for _ in range(transactions):
        await chain.write_next(*picks.sample(range(8), picks.randint(1, 4)), each=picks.randint(1, 4))


async def late(chain: Chain, household_number: int, committing: asyncio.Event) -> None:
    """Take a place in the outbox now and commit later, behind others."""
    async with chain.producer.transaction() as session:
        await write_next(session, [household_number], each=2)
        await committing.wait()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_loss_at_any_moment_is_made_good(data: st.DataObject, embedded_chain: Chain, urls: Urls) -> None:
    """Rounds of writing and losing at once, some commits late, with relay and consumer each at work or not."""
    chain = embedded_chain
    picks = random.Random(data.draw(st.integers(0, 1 << 30), label="seed"))
    for turn in range(4):
        async with at_work(chain, relay=picks.random() < 0.8, consumer=picks.random() < 0.7):
            committing = asyncio.Event()
            writers = [
                asyncio.create_task(late(chain, 100 + turn, committing)),
                *(asyncio.create_task(write_at_random(chain, picks, picks.randint(2, 12))) for _ in range(3)),
            ]
            for _ in range(picks.randint(1, 3)):
                await asyncio.wait(writers[1:], timeout=picks.random() / 10)
                await cut(urls, {(TOPIC, number): picks.randint(1, 6) for number in picks.sample(range(12), 8)})
            committing.set()
            await asyncio.gather(*writers)
    async with at_work(chain, relay=True, consumer=True):
        await chain.each_once_in_order()
