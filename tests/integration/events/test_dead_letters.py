"""What was put aside is replayed in order, or given up with a reason."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select, text

from shared.db import Transaction
from shared.events import Received
from shared.messaging.consumers import apply
from shared.messaging.dead_letters import discard, find, list_letters, replay
from shared.messaging.tables import dead_letters
from tests.support.events import (
    POISON,
    Chain,
    classified,
    household,
    message,
    projector,
    record_all,
    record_effects,
    waiting_letters,
)
from tests.support.waiting import until

MENDED = projector(handler=record_all)
KEY = str(household(1))


@pytest.fixture
async def stuck(embedded_chain: Chain) -> Chain:
    """A chain whose household 1 has a second event that cannot be handled, and two behind it."""
    events = [classified(1, 0), classified(1, POISON), classified(2, 0), classified(1, 2), classified(1, 3)]
    async with embedded_chain.consumer.transaction() as session:
        await apply(session, projector(), [message(event) for event in events])
    return embedded_chain


async def letters(chain: Chain) -> list[tuple[int, str, str | None, int]]:
    """Return (id, state, error, attempts) of all letters, as put aside."""
    columns = (dead_letters.c.id, dead_letters.c.state, dead_letters.c.error, dead_letters.c.attempts)
    async with chain.consumer.transaction() as session:
        return [tuple(row) for row in await session.execute(select(*columns).order_by(dead_letters.c.id))]


async def test_a_letter_names_the_kind_of_error_and_never_its_text(stuck: Chain) -> None:
    found = await letters(stuck)
    assert [entry[1:] for entry in found] == [("failed", "ValueError", 1), ("parked", None, 0), ("parked", None, 0)]
    async with stuck.consumer.transaction() as session:
        shown = await list_letters(session, after=0, limit=10, consumer=None, waiting=True)
        one = await find(session, found[0][0])
    assert one == shown[0]
    assert "nobody can handle" not in repr(shown)


async def test_after_mending_a_replay_handles_the_key_in_order(stuck: Chain) -> None:
    assert await replay(stuck.consumer, MENDED, KEY, actor="mai") == (3, 0)
    assert (await stuck.effects())[household(1)] == ["0", POISON, "2", "3"]
    assert [entry[1] for entry in await letters(stuck)] == ["replayed"] * 3
    async with stuck.consumer.transaction() as session:
        await apply(session, projector(), [message(classified(1, 4))])
    assert (await stuck.effects())[household(1)] == ["0", POISON, "2", "3", "4"]


async def test_a_replay_stops_at_the_first_that_fails_again(stuck: Chain) -> None:
    assert await replay(stuck.consumer, projector(), KEY, actor="mai") == (0, 3)
    assert [entry[3] for entry in await letters(stuck)] == [2, 0, 0]
    assert (await stuck.effects())[household(1)] == ["0"]


async def test_a_replay_that_comes_to_a_second_one_stops_there(stuck: Chain) -> None:
    async with stuck.consumer.transaction() as session:
        await apply(session, projector(), [message(classified(1, f"{POISON} two")), message(classified(1, 5))])

    async def half_mended(session: Transaction, received: Sequence[Received]) -> None:
        await (record_all if POISON in repr(received) and "two" not in repr(received) else record_effects)(
            session, received
        )

    assert await replay(stuck.consumer, projector(handler=half_mended), KEY, actor="mai") == (3, 2)
    assert (await stuck.effects())[household(1)] == ["0", POISON, "2", "3"]
    assert [entry[1:3] for entry in await letters(stuck)][3:] == [("failed", "ValueError"), ("parked", None)]
    assert await replay(stuck.consumer, MENDED, KEY, actor="mai") == (2, 0)
    assert (await stuck.effects())[household(1)] == ["0", POISON, "2", "3", f"{POISON} two", "5"]


async def test_one_discarded_lets_those_behind_it_be_replayed(stuck: Chain) -> None:
    failed = (await letters(stuck))[0][0]
    async with stuck.consumer.transaction() as session:
        assert await discard(session, failed, actor="mai", reason="Quyết định nhập hai lần")
    async with stuck.consumer.transaction() as session:
        assert not await discard(session, failed, actor="mai", reason="Quyết định nhập hai lần")
        letter = await find(session, failed)
    assert letter is not None
    assert (letter.state, letter.resolved_by, letter.reason) == ("discarded", "mai", "Quyết định nhập hai lần")
    assert (await stuck.effects())[household(1)] == ["0"]
    assert await replay(stuck.consumer, projector(), KEY, actor="mai") == (2, 0)
    assert (await stuck.effects())[household(1)] == ["0", "2", "3"]


async def test_a_later_event_cannot_slip_in_while_a_key_is_replayed(stuck: Chain) -> None:
    """The live consumer waits for each replayed letter, and parks behind those not yet replayed."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: Transaction, received: Sequence[Received]) -> None:
        reached.set()
        await go_on.wait()
        await record_all(session, received)

    async def live() -> None:
        async with stuck.consumer.transaction() as session:
            await apply(session, projector(), [message(classified(1, 4))])

    replaying = asyncio.create_task(replay(stuck.consumer, projector(handler=slow), KEY, actor="mai"))
    await asyncio.wait_for(reached.wait(), 10)
    arriving = asyncio.create_task(live())
    await until(lambda: _waits_for_lock(stuck), describe="the live consumer waiting")
    go_on.set()
    await asyncio.gather(replaying, arriving)
    await replay(stuck.consumer, MENDED, KEY, actor="mai")
    assert (await stuck.effects())[household(1)] == ["0", POISON, "2", "3", "4"]
    assert await waiting_letters(stuck.consumer) == 0


async def _waits_for_lock(chain: Chain) -> bool:
    async with chain.consumer.transaction() as session:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
        return bool((await session.execute(waiting)).scalar_one())


async def test_a_fault_that_heals_is_no_failed_attempt(stuck: Chain) -> None:
    async def unreachable(session: Transaction, received: Sequence[Received]) -> None:
        raise ConnectionError("lost")

    with pytest.raises(ConnectionError):
        await replay(stuck.consumer, projector(handler=unreachable), KEY, actor="mai")
    assert (await letters(stuck))[0][1:] == ("failed", "ValueError", 1)


async def test_one_bad_event_of_a_thousand_is_found_and_the_others_have_their_effect(embedded_chain: Chain) -> None:
    events = [message(classified(number, 0)) for number in range(1_000)]
    events[617] = message(classified(617, POISON))
    async with embedded_chain.consumer.transaction() as session:
        applied = await apply(session, projector(), events)
    assert (applied.new, applied.failed) == (1_000, 1)
    assert await embedded_chain.count_effects() == 999


async def test_what_only_the_commit_would_refuse_is_put_aside_too(embedded_chain: Chain) -> None:
    """A constraint checked at commit must not fail the batch of all the others for ever."""

    async def strict(session: Transaction, received: Sequence[Received]) -> None:
        await record_all(session, received)
        connection = await session.connection()
        numbers = [{"number": item.event.decision_number} for item in received]  # type: ignore[attr-defined]
        await connection.execute(text("INSERT INTO once VALUES (:number)"), numbers)

    async with embedded_chain.consumer.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE once (number text UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    try:
        events = [message(classified(1, 0)), message(classified(2, 0)), message(classified(3, 1))]
        async with embedded_chain.consumer.transaction() as session:
            applied = await apply(session, projector(handler=strict), events)
        assert (applied.new, applied.failed) == (3, 1)
        assert await embedded_chain.effects() == {household(1): ["0"], household(3): ["1"]}
    finally:
        async with embedded_chain.consumer.engine.begin() as connection:
            await connection.execute(text("DROP TABLE once"))
