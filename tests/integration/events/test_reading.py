"""What holds of events on their way from the log to their effect."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.db import Transaction
from shared.eventlog import Record
from shared.events import Received
from shared.events.contract import HouseholdEvent, Kind
from shared.events.registry import HouseholdStated
from shared.ids import new_id
from shared.messaging.consumers import apply
from shared.messaging.envelope import to_record
from shared.messaging.outbox import publish
from shared.messaging.tables import outbox
from tests.support.events import (
    POISON,
    TOPIC,
    Chain,
    append,
    classified,
    household,
    message,
    numbers_by_household,
    projector,
    record_effects,
    waiting_letters,
)
from tests.support.waiting import until

fresh_household = itertools.count(1_000)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_each_event_has_its_effect_once_whatever_is_delivered_again(data: st.DataObject, chain: Chain) -> None:
    """Deliveries as a log makes them: from some committed place on, over and over, up to anywhere."""
    numbers = [next(fresh_household) for _ in range(data.draw(st.integers(1, 3)))]
    written = data.draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=12))
    counters = {number: itertools.count() for number in numbers}
    messages = [message(classified(number, next(counters[number]))) for number in written]
    committed = 0
    while committed < len(messages):
        until_here = data.draw(st.integers(committed + 1, len(messages)))
        async with chain.consumer.transaction() as session:
            await apply(session, projector(), messages[committed:until_here])
        committed = data.draw(st.integers(committed, until_here)) if data.draw(st.booleans()) else until_here
    ids = {number: household(number) for number in set(written)}
    assert await numbers_by_household(chain.consumer, ids.values()) == {
        ids[number]: [str(n) for n in range(written.count(number))] for number in ids
    }


async def test_every_event_delivered_twice_has_one_effect(chain: Chain) -> None:
    events = [message(classified(number, step)) for step in range(6) for number in range(5)]
    async with chain.consuming():
        for start in range(0, len(events), 7):
            some = [to_record(event) for event in events[start : start + 7]]
            await append(chain.log, [*some, *some])
            await append(chain.log, some)
        await until(lambda: _count(chain, 30), within=30, describe="30 effects")
        await append(chain.log, [to_record(message(classified(number, 6))) for number in range(5)])
        await until(lambda: _count(chain, 35), within=30, describe="the last round")
    assert await chain.effects() == {household(n): [str(step) for step in range(7)] for n in range(5)}


async def _count(chain: Chain, wanted: int) -> bool:
    return await chain.count_effects() >= wanted


class Forwarding:
    """A reactor's handler: it writes an event of its own for each that it gets, and fails when it is told to."""

    def __init__(self) -> None:
        self.faults: list[Exception] = []

    async def __call__(self, session: Transaction, received: Sequence[Received]) -> None:
        await record_effects(session, received)
        await publish(session, "benefits", [classified(99, f"from {item.message.id}") for item in received])
        if self.faults:
            raise self.faults.pop()


async def outbox_of(chain: Chain) -> int:
    async with chain.consumer.transaction() as session:
        return len((await session.execute(outbox.select())).all())


async def inbox_of(chain: Chain) -> int:
    async with chain.consumer.transaction() as session:
        return int((await session.execute(text("SELECT count(*) FROM inbox"))).scalar_one())


async def test_effect_inbox_and_outgoing_events_are_committed_together_or_not_at_all(chain: Chain) -> None:
    forwarding = Forwarding()
    forwarding.faults = [ConnectionError("lost"), TimeoutError(), ConnectionError("lost")]
    faults = len(forwarding.faults)
    await chain.write_next(1, 2, each=3)
    seen: set[tuple[int, int, int]] = set()
    async with chain.relaying(), chain.consuming(projector(handler=forwarding)):

        async def all_done() -> bool:
            counts = (await chain.count_effects(), await inbox_of(chain), await outbox_of(chain))
            seen.add(counts)
            return counts[0] >= 6

        await until(all_done, within=30, describe="six effects")
    assert not forwarding.faults
    assert faults == 3
    assert (await chain.count_effects(), await inbox_of(chain), await outbox_of(chain)) == (6, 6, 6)


async def test_what_was_done_but_not_committed_to_the_log_is_not_done_again(chain: Chain) -> None:
    """A consumer that dies after its transaction and before its offset: the next one gets everything again."""
    events = [message(classified(1, step)) for step in range(5)]
    await append(chain.log, [to_record(event) for event in events])
    async with chain.consumer.transaction() as session:
        await apply(session, projector(), events)
    async with chain.consuming() as runner:
        await append(chain.log, [to_record(message(classified(1, 5)))])
        await until(lambda: _count(chain, 6), within=30, describe="the sixth effect")
        assert runner.progress.handled == 1
    assert await chain.effects() == {household(1): ["0", "1", "2", "3", "4", "5"]}


async def test_a_fault_that_heals_makes_the_consumer_wait_and_skips_nothing(chain: Chain) -> None:
    """The consumer's table is locked away: every attempt times out until it is given back."""

    async def impatient(session: Transaction, received: Sequence[Received]) -> None:
        await session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await record_effects(session, received)

    async with chain.relaying(), chain.consuming(projector(handler=impatient)) as runner:
        async with chain.consumer.transaction() as session:
            await session.execute(text("LOCK TABLE effects IN EXCLUSIVE MODE"))
            await chain.write_next(1, 2, 3, each=4)
            await until(lambda: runner.progress.waiting_for, within=30, describe="a consumer that waits")
        await chain.each_once_in_order()
        await until(lambda: runner.progress.waiting_for is None, describe="a consumer that waits no longer")
    assert await waiting_letters(chain.consumer) == 0


async def test_what_cannot_be_handled_is_put_aside_with_what_follows_and_the_rest_goes_on(chain: Chain) -> None:
    async with chain.relaying(), chain.consuming() as runner:
        await chain.write(classified(1, 0), classified(2, 0), classified(1, POISON), classified(1, 2), classified(2, 1))
        await until(lambda: _count(chain, 3), within=30, describe="three effects")
        await chain.write(classified(1, 3), classified(2, 2), classified(3, 0))
        await until(lambda: _count(chain, 5), within=30, describe="five effects")
        assert await waiting_letters(chain.consumer) == 3
        assert runner.progress.put_aside == 1
    assert await chain.effects() == {household(1): ["0"], household(2): ["0", "1", "2"], household(3): ["0"]}


def _headers(**changes: bytes | None) -> tuple[tuple[str, bytes], ...]:
    whole = dict(to_record(message(classified(1, "whole"))).headers) | changes
    return tuple((name, value) for name, value in whole.items() if value is not None)


@pytest.mark.parametrize(
    ("key", "headers", "value"),
    [
        pytest.param(b"1", (), b"", id="nothing"),
        pytest.param(b"\xff\x00", (), b"{}", id="a key that is no text"),
        pytest.param(str(household(1)).encode(), _headers(ce_id=None), b"{}", id="no id"),
        pytest.param(str(household(1)).encode(), _headers(ce_id=b"7"), b"{}", id="an id that is none"),
        pytest.param(str(household(1)).encode(), _headers(ce_time=b"2026-11-23T08:00:00"), b"{}", id="no time zone"),
        pytest.param(str(household(1)).encode(), _headers(ce_source=b"a\x00b"), b"{}", id="a zero byte"),
        pytest.param(str(household(1)).encode(), _headers(), b"not JSON", id="data that are no JSON"),
        pytest.param(str(household(1)).encode(), _headers(), b'{"household_id": 1}', id="data of another type"),
    ],
)
async def test_a_record_that_cannot_be_read_is_put_aside_and_is_in_nobodys_way(
    chain: Chain, key: bytes, headers: tuple[tuple[str, bytes], ...], value: bytes
) -> None:
    async with chain.consuming() as runner:
        await append(chain.log, [Record(TOPIC, key, headers, value)])
        await append(chain.log, [to_record(message(classified(n, 0))) for n in range(2, 8)])
        await until(lambda: _count(chain, 6), within=30, describe="six effects")
        await until(lambda: runner.progress.put_aside == 1, within=30, describe="one put aside")
    assert await waiting_letters(chain.consumer) == 1


class HouseholdMoved(HouseholdEvent):
    """A type of a newer release, not registered in this one."""

    TYPE: ClassVar[str] = "vn.ansinh.registry.household.moved.v7"
    TOPIC: ClassVar[str] = TOPIC
    KIND: ClassVar[Kind] = "fact"


async def test_types_that_a_consumer_does_not_handle_pass_unread_also_unknown_ones(chain: Chain) -> None:
    moved = replace(message(HouseholdMoved(household_id=household(1))), data=b"of another century")
    stated = replace(moved, id=new_id(), type=HouseholdStated.TYPE)
    async with chain.consuming():
        events = [message(classified(1, 0)), moved, stated, message(classified(1, 1))]
        await append(chain.log, [to_record(event) for event in events])
        await until(lambda: _count(chain, 2), within=30, describe="two effects")
    assert await chain.effects() == {household(1): ["0", "1"]}
    assert await waiting_letters(chain.consumer) == 0
    assert await inbox_of(chain) == 2


class Gate:
    """A handler that stands still with a batch in hand until it is let go on."""

    def __init__(self) -> None:
        self.in_hand = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, session: Transaction, received: Sequence[Received]) -> None:
        self.in_hand.set()
        await self.go_on.wait()
        await record_effects(session, received)


async def test_who_is_told_to_stop_finishes_the_batch_in_hand_and_commits_it(chain: Chain) -> None:
    gate = Gate()
    await append(chain.log, [to_record(message(classified(1, step))) for step in range(3)])
    async with chain.consuming(projector(handler=gate)) as first:
        await asyncio.wait_for(gate.in_hand.wait(), 30)
        asyncio.get_running_loop().call_later(0.1, gate.go_on.set)  # after the block told it to stop
    handled = first.progress.handled
    assert handled > 0
    async with chain.consuming() as second:
        await append(chain.log, [to_record(message(classified(2, 0)))])
        await until(lambda: _count(chain, 4), within=30, describe="four effects")
        assert second.progress.handled == 4 - handled
    assert await chain.effects() == {household(1): ["0", "1", "2"], household(2): ["0"]}


async def test_two_members_share_the_work_and_one_takes_all_when_the_other_leaves(kafka_chain: Chain) -> None:
    chain = kafka_chain
    async with chain.relaying(), chain.consuming() as first:
        async with chain.consuming() as second:

            async def both_worked() -> bool:
                await chain.write_next(*range(40))
                return bool(first.progress.handled and second.progress.handled)

            await until(both_worked, within=60, describe="work for both")
        await chain.write_next(*range(40), each=2)
        await chain.each_once_in_order()


async def test_two_batches_of_one_key_at_once_keep_its_order(embedded_chain: Chain) -> None:
    """As when a partition changes hands while its old owner still works: both have the same events."""
    events = [message(classified(1, step)) for step in range(6)]
    gate = Gate()

    async def old_owner() -> None:
        async with embedded_chain.consumer.transaction() as session:
            await apply(session, projector(handler=gate), events[:4])

    async def new_owner() -> None:
        async with embedded_chain.consumer.transaction() as session:
            await apply(session, projector(), events)

    old = asyncio.create_task(old_owner())
    await asyncio.wait_for(gate.in_hand.wait(), 10)
    new = asyncio.create_task(new_owner())
    await until(lambda: _somebody_waits(embedded_chain), describe="the new owner waiting for the old one")
    gate.go_on.set()
    await asyncio.gather(old, new)
    assert await embedded_chain.effects() == {household(1): [str(step) for step in range(6)]}


async def _somebody_waits(chain: Chain) -> bool:
    async with chain.consumer.transaction() as session:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        return bool((await session.execute(waiting)).scalar_one())


async def test_a_write_in_the_consumers_own_name_is_no_event_of_another(embedded_chain: Chain) -> None:
    """Two consumers of one database have each their own inbox: what one has seen is new to the other."""
    events = [message(classified(1, 0))]
    for name in ("test.one", "test.two", "test.one"):
        async with embedded_chain.consumer.transaction() as session:
            await apply(session, projector(name), events)
    found: dict[UUID, list[str]] = await embedded_chain.effects()
    assert found == {household(1): ["0", "0"]}
