"""Events that come twice, late, or cannot be handled, through real processes over real Kafka."""

from collections import Counter
from functools import partial

from sqlalchemy import delete, exists, func, insert, select

from shared.messaging.dead_letters import replay
from shared.messaging.tables import dead_letters, outbox
from tests.faults.flow import HOUSEHOLDS, LATE, SOAK, Flow
from tests.support.events import household, projector, record_what_is_not_refused, refused
from tests.support.waiting import until

EVENTS = 20_000 if SOAK else 500
POISONED = 50 if SOAK else 5
OVERTAKEN = 100 if SOAK else 10


async def test_every_event_delivered_twice_has_one_effect_in_order(flow: Flow) -> None:
    async with flow.running():
        flow.part("relay", CHAIN_TWICE="yes")
        flow.part("consumer")
        await flow.goes_on(EVENTS)
    times = Counter(dict(record.headers)["ce_id"] for record in await flow.stored())
    assert len(times) > EVENTS
    assert min(times.values()) >= 2


async def test_events_committed_late_behind_later_ones_are_missed_by_nobody(flow: Flow) -> None:
    """They are written in every flow; here is seen that others overtook them."""
    later, late = outbox.alias(), str(household(LATE))
    overtook = exists().where(later.c.seq > outbox.c.seq, later.c.position < outbox.c.position, later.c.key != late)

    async def overtaken() -> bool:
        async with flow.chain.producer.transaction() as session:
            query = select(func.count()).select_from(outbox).where(outbox.c.key == late, overtook)
            return bool((await session.execute(query)).scalar_one() >= OVERTAKEN)

    async with flow.running():
        flow.part("relay")
        flow.part("consumer")
        await until(overtaken, within=120, describe="events that were overtaken")


async def test_a_poison_event_holds_back_its_household_alone_until_it_is_replayed(flow: Flow) -> None:
    mended = projector(handler=record_what_is_not_refused)
    poisoned = flow.chance.sample(range(HOUSEHOLDS), POISONED)
    async with flow.running():
        flow.part("relay")
        flow.part("consumer")
        await flow.goes_on(100)
        bad = {number: await refuse_a_coming_event(flow, number) for number in poisoned}
        for number in poisoned:
            await until(partial(behind, flow, number, 3), within=60, describe="events behind a poison event")
        await flow.goes_on()
        had = await flow.chain.effects()
        for number in poisoned:
            assert had[household(number)] == [str(n) for n in range(bad[number])]
            async with flow.chain.consumer.transaction() as session:
                await session.execute(delete(refused).where(refused.c.household_id == household(number)))
            handled, waiting = await replay(flow.chain.consumer, mended, str(household(number)), actor="mai")
            assert handled > 3
            assert waiting == 0
        await flow.goes_on()


async def refuse_a_coming_event(flow: Flow, number: int) -> int:
    """Let one of a household's next events be one that cannot be handled; return its number."""
    coming = len((await flow.chain.truth()).get(household(number), ())) + 20  # none of these is written yet
    async with flow.chain.consumer.transaction() as session:
        await session.execute(insert(refused).values(household_id=household(number), number=str(coming)))
    return coming


async def behind(flow: Flow, number: int, count: int) -> bool:
    """Say whether so many events stand behind the one that cannot be handled."""
    query = select(func.count()).where(dead_letters.c.key == str(household(number)), dead_letters.c.state == "parked")
    async with flow.chain.consumer.transaction() as session:
        return bool((await session.execute(query)).scalar_one() >= count)
