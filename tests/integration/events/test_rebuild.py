"""A projector's tables can be made anew from the log at any time, beside the live ones."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from shared.db import Transaction
from shared.events import Received
from shared.events.registry import HouseholdClassified
from shared.messaging.consumers import Consumer
from shared.messaging.dead_letters import discard, replay
from shared.messaging.envelope import to_record
from shared.messaging.rebuild import NotRebuildable, rebuild
from shared.messaging.tables import dead_letters
from tests.support.events import (
    POISON,
    Chain,
    append,
    classified,
    household,
    message,
    projector,
    record_all,
    record_effects,
    waiting_letters,
)
from tests.support.waiting import until

KEY = str(household(1))


async def test_a_rebuild_gives_the_same_rows_as_the_live_tables(chain: Chain) -> None:
    async with chain.relaying(), chain.consuming():
        for _ in range(3):
            await chain.write_next(*range(10), each=4)
        await chain.each_once_in_order()
        live = await chain.effects()
        assert await rebuild(chain.consumer, chain.log, projector()) == 130
        assert await chain.effects() == live
        await chain.each_once_in_order()


async def test_the_live_consumer_goes_on_during_a_rebuild_and_the_swap_loses_nothing(chain: Chain) -> None:
    """Halfway the rebuild waits until the live tables have had more events, and readers see them meanwhile."""
    halfway, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: Transaction, received: Sequence[Received]) -> None:
        await record_effects(session, received)
        halfway.set()
        await go_on.wait()

    async with chain.relaying(), chain.consuming():
        await chain.write_next(*range(10), each=4)
        await until(lambda: _count(chain, 40), within=30, describe="40 effects")
        building = asyncio.create_task(rebuild(chain.consumer, chain.log, projector(handler=slow)))
        await asyncio.wait_for(halfway.wait(), 30)
        await chain.write_next(*range(12), each=3)
        await until(lambda: _count(chain, 76), within=30, describe="76 effects in the live tables")
        go_on.set()
        await chain.write_next(*range(12))
        assert await building >= 76
        await chain.each_once_in_order()


async def _count(chain: Chain, wanted: int) -> bool:
    return await chain.count_effects() >= wanted


async def test_a_rebuild_corrects_what_an_earlier_release_did_wrong(chain: Chain) -> None:
    async def wrong(session: Transaction, received: Sequence[Received]) -> None:
        await record_all(session, received[:1])

    await append(chain.log, [to_record(message(classified(1, step))) for step in range(3)])
    async with chain.consuming(projector(handler=wrong)) as runner:
        await until(lambda: runner.progress.handled == 3, within=30, describe="three handled wrongly")
    assert len((await chain.effects())[household(1)]) < 3
    await rebuild(chain.consumer, chain.log, projector())
    assert await chain.effects() == {household(1): ["0", "1", "2"]}


async def test_a_reactor_is_never_rebuilt(embedded_chain: Chain) -> None:
    reactor = Consumer("test.acts", "reactor", (HouseholdClassified,), record_effects)
    with pytest.raises(NotRebuildable):
        await rebuild(embedded_chain.consumer, embedded_chain.log, reactor)


async def states(chain: Chain) -> list[str]:
    """Return the states of all letters, in the order of a replay."""
    query = select(dead_letters.c.state).order_by(dead_letters.c.id)
    async with chain.consumer.transaction() as session:
        return list((await session.execute(query)).scalars())


@pytest.fixture
async def stuck(chain: Chain) -> Chain:
    """A chain whose household 1 has an event that cannot be handled and one behind it."""
    events = [classified(1, 0), classified(1, POISON), classified(2, 0), classified(1, 2)]
    await append(chain.log, [to_record(message(event)) for event in events])
    async with chain.consuming() as runner:
        await until(lambda: runner.progress.handled == 4, within=30, describe="four events")
    return chain


async def test_what_cannot_be_handled_in_a_rebuild_is_put_aside_alike(stuck: Chain) -> None:
    await rebuild(stuck.consumer, stuck.log, projector())
    assert await stuck.effects() == {household(1): ["0"], household(2): ["0"]}
    assert await states(stuck) == ["failed", "parked"]
    assert await replay(stuck.consumer, projector(handler=record_all), KEY, actor="mai") == (2, 0)
    assert (await stuck.effects())[household(1)] == ["0", POISON, "2"]


async def test_a_mended_release_is_rid_of_its_dead_letters_by_a_rebuild(stuck: Chain) -> None:
    await rebuild(stuck.consumer, stuck.log, projector(handler=record_all))
    assert (await stuck.effects())[household(1)] == ["0", POISON, "2"]
    assert await waiting_letters(stuck.consumer) == 0


async def test_what_was_discarded_stays_discarded_in_a_rebuild(stuck: Chain) -> None:
    async with stuck.consumer.transaction() as session:
        query = select(dead_letters.c.id).where(dead_letters.c.state == "failed")
        failed = (await session.execute(query)).scalar_one()
        await discard(session, failed, actor="mai", reason="Nhập hai lần")
    await replay(stuck.consumer, projector(), KEY, actor="mai")
    live = await stuck.effects()
    await rebuild(stuck.consumer, stuck.log, projector())
    assert await stuck.effects() == live == {household(1): ["0", "2"], household(2): ["0"]}
    assert await waiting_letters(stuck.consumer) == 0
    async with stuck.consuming(projector("test.effects")) as runner:
        await append(stuck.log, [to_record(message(classified(1, 3)))])
        await until(lambda: runner.progress.handled == 1, within=30, describe="the next event")
    assert (await stuck.effects())[household(1)] == ["0", "2", "3"]


async def test_what_was_replayed_and_fails_again_in_a_rebuild_waits_again(stuck: Chain) -> None:
    """The mended release was taken back: nothing may be in neither the tables nor the letters."""
    await replay(stuck.consumer, projector(handler=record_all), KEY, actor="mai")
    await rebuild(stuck.consumer, stuck.log, projector())
    assert await stuck.effects() == {household(1): ["0"], household(2): ["0"]}
    assert await states(stuck) == ["failed", "parked"]
