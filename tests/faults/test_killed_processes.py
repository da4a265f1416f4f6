"""Relay and consumers are killed, join and leave while events flow over real Kafka: each effect once, order kept."""

from collections.abc import Awaitable, Callable

from tests.faults.flow import SOAK, Flow
from tests.support.waiting import until

KILLS = 100 if SOAK else 10
ROUNDS = 10 if SOAK else 1
ENOUGH = 20


async def test_killing_relay_and_consumer_loses_doubles_and_reorders_nothing(flow: Flow) -> None:
    victims = [("relay",), ("consumer",), ("relay",), ("relay", "consumer"), ("consumer",)] * (KILLS // 5)
    flow.chance.shuffle(victims)
    async with flow.running():
        parts = {"relay": flow.part("relay"), "consumer": flow.part("consumer")}
        for names in victims:
            await flow.goes_on()
            for name in names:
                parts[name].kill()
            for name in names:
                parts[name].start()


async def test_consumers_that_join_leave_and_are_killed_lose_double_and_reorder_nothing(flow: Flow) -> None:
    async with flow.running():
        flow.part("relay")
        first = flow.part("consumer", "first")
        await flow.goes_on()
        second = flow.part("consumer", "second")
        await until(has_more(flow, "second"), within=60, describe="effects of who joined")
        for _ in range(ROUNDS):
            for leave in (second.stop, second.kill, first.kill):
                leaving, staying = (first, second) if leave == first.kill else (second, first)
                await flow.goes_on()
                if (ended := leave()) is not None:
                    await ended
                await until(has_more(flow, staying.name), within=60, describe=f"effects of {staying.name}, who stays")
                await flow.goes_on()
                more = has_more(flow, leaving.name)
                leaving.start()
                await until(more, within=60, describe=f"effects of {leaving.name}, who comes back")


def has_more(flow: Flow, member: str) -> Callable[[], Awaitable[bool]]:
    """Return what asks whether a consumer has had more effects than when it was first asked."""
    before: list[int] = []

    async def asked() -> bool:
        before.append(await flow.by_member(member))
        return before[-1] >= before[0] + ENOUGH

    return asked
