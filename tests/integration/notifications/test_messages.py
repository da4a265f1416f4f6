"""A family gets each message once, whatever is replayed, whatever fails, in whatever order it comes."""

import asyncio
import itertools
import random
from datetime import datetime

import pytest
from sqlalchemy import text

from services.notifications.domain.progress import LEASE
from services.notifications.store import messages as store
from shared.clock import VIETNAM
from shared.events.notifications import MessageDelivered, MessageFailed
from tests.integration.notifications.desk import Desk, family

EVERY_ORDER = list(itertools.permutations(range(4)))


@pytest.mark.parametrize("order", random.Random(7).sample(EVERY_ORDER, 6), ids=str)
async def test_each_event_gives_one_message_in_any_order_however_often_it_comes(
    desk: Desk, order: tuple[int, ...]
) -> None:
    home = family()
    stated = [desk.message(home.household()), desk.message(home.person())]
    facts = [desk.message(home.classified()), desk.message(home.paid())]
    arriving = [[*stated, *facts][index] for index in order]
    for message in arriving:
        await desk.receive(message, message)
        await desk.work()
    await desk.receive(*reversed(arriving))
    await desk.until_states(delivered=2)
    await desk.receive(*arriving)
    await desk.work()
    assert await desk.states() == {"delivered": 2}
    assert set((await desk.received_by_phones()).values()) == {1}
    assert [type(event) for event in await desk.told()] == [MessageDelivered] * 2


async def test_a_message_says_what_happened_to_whom_without_marks(desk: Desk) -> None:
    home = family()
    await desk.receive(home.household(), home.person(), home.classified(), home.paid(), home.returned())
    await desk.until_states(delivered=3)
    classified, returned, paid = await desk.messages()
    assert classified.content == (
        "UBND xa thong bao: ho Ha Thi Nguyet la ho ngheo theo chuan 2022-2025, quyet dinh 186/QD-UBND ngay 23/11/2026."
        " Thac mac xin hoi UBND xa."
    )
    assert "500.000 VND" in paid.content
    assert "bi ngan hang tra lai" in returned.content
    assert set(await desk.telephones()) == {home.phone}


async def test_a_consumer_that_reads_everything_again_repeats_no_message(desk: Desk) -> None:
    home = family()
    batch = [desk.message(event) for event in (home.household(), home.person(), home.classified())]
    await desk.receive(*batch)
    await desk.until_states(delivered=1)
    async with desk.database.transaction() as session:
        await session.execute(text("DELETE FROM inbox"))
    await desk.receive(*batch)
    await desk.work()
    assert await desk.states() == {"delivered": 1}
    assert list((await desk.received_by_phones()).values()) == [1]


async def test_a_message_waits_for_a_contact_that_comes_later(desk: Desk) -> None:
    home, silent = family(), family(None)
    await desk.receive(home.classified(), silent.household(), silent.person(), silent.classified())
    for _ in range(5):
        await desk.work()
    assert await desk.states() == {"awaiting_contact": 2}
    await desk.receive(home.person())
    await desk.work()
    assert await desk.states() == {"awaiting_contact": 2}
    await desk.receive(home.household(), silent.person(2, phone=family().phone))
    await desk.until_states(delivered=2)


async def test_a_change_of_account_is_told_once_at_each_telephone_of_before_whatever_is_replayed(desk: Desk) -> None:
    home = family()
    before = ["+84912300011", "+84912300012"]
    change = desk.message(home.account_changed(before))
    await desk.receive(change, home.household(), home.person(2, phone="+84387654321"))  # replaced since
    await desk.until_states(delivered=2)
    async with desk.database.transaction() as session:
        await session.execute(text("DELETE FROM inbox"))
    await desk.receive(change, change)
    await desk.work()
    assert await desk.states() == {"delivered": 2}
    assert sorted(filter(None, await desk.telephones())) == before
    assert set((await desk.received_by_phones()).values()) == {1}
    assert {row.content for row in await desk.messages()} == {
        "UBND xa thong bao: tu ngay 23/11/2026 tro cap cua ho Ha Thi Nguyet duoc chi qua TK duoi 999. Neu ong/ba khong"
        " yeu cau doi, xin bao ngay UBND xa."
    }


async def test_a_change_of_account_of_before_telephones_came_with_it_is_told_the_head(desk: Desk) -> None:
    home = family()
    await desk.receive(home.household(), home.person(), home.account_changed([]))
    await desk.until_states(delivered=1)
    assert await desk.telephones() == [home.phone]


async def test_who_has_no_telephone_is_reported_in_the_end(desk: Desk) -> None:
    home = family(None)
    await desk.receive(home.household(), home.person(), home.classified())
    await desk.work()
    desk.clock.turn(days=7)
    await desk.until_states(failed=1)
    (event,) = await desk.told()
    assert isinstance(event, MessageFailed)
    assert (event.household_id, event.reason) == (home.id, "no_contact")


async def test_an_older_statement_does_not_bring_back_an_old_telephone(desk: Desk) -> None:
    home = family()
    newest = home.person(3, name="Hà Thị Nguyệt Ánh", phone="+84912345678")
    await desk.receive(home.household(), newest, home.person(2))
    await desk.receive(home.person(1), home.classified())
    await desk.until_states(delivered=1)
    (message,) = await desk.messages()
    assert await desk.telephones() == ["+84912345678"]
    assert "Ha Thi Nguyet Anh" in message.content


async def test_what_happened_weeks_ago_is_not_told_by_a_service_that_starts_today(desk: Desk) -> None:
    home = family()
    old = desk.message(home.classified())
    desk.clock.turn(days=20)
    await desk.receive(old, home.household(), home.person())
    await desk.until_states(failed=1)
    assert await desk.received_by_phones() == {}


async def test_the_night_is_quiet(desk: Desk) -> None:
    home = family()
    desk.clock.turn(hours=11, minutes=30)  # 21:30
    await desk.receive(home.household(), home.person(), home.classified())
    await desk.work()
    (message,) = await desk.messages()
    assert (message.state, message.due_at) == ("queued", datetime(2026, 11, 24, 7, tzinfo=VIETNAM))
    desk.clock.turn(hours=9, minutes=29)  # 06:59
    await desk.work()
    assert await desk.received_by_phones() == {}
    desk.clock.turn(minutes=1)
    await desk.until_states(delivered=1)


async def test_a_queue_that_was_not_emptied_by_evening_rests_until_morning(desk: Desk) -> None:
    home = family()
    desk.clock.turn(hours=10, minutes=59, seconds=59)  # 20:59:59
    await desk.receive(home.household(), home.person(), home.classified())
    await desk.addressing.step(desk.database)
    desk.clock.turn(seconds=1)
    await desk.work()
    assert await desk.attempts() == []


async def test_a_lost_answer_costs_a_second_call_but_not_a_second_text(desk: Desk) -> None:
    home = family("0004")
    await desk.receive(home.household(), home.person(), home.classified())
    await desk.until_states(delivered=1)
    assert await desk.attempts() == [(1, "unknown"), (2, "accepted")]
    assert list((await desk.received_by_phones()).values()) == [1]


async def test_a_number_that_does_not_exist_fails_once_with_the_gateways_reason(desk: Desk) -> None:
    home = family("0002")
    await desk.receive(home.household(), home.person(), home.paid())
    await desk.until_states(failed=1)
    for _ in range(3):
        await desk.work()
    (event,) = await desk.told()
    assert isinstance(event, MessageFailed)
    assert (event.purpose, event.reason) == ("payment_settled", "invalid_number")


async def test_a_number_that_the_gateway_refuses_is_not_tried_again(desk: Desk) -> None:
    home = family()
    await desk.receive(home.household(), home.person(phone="113"), home.paid())
    await desk.until_states(failed=1)
    assert [outcome for _, outcome in await desk.attempts()] == ["refused"]
    (message,) = await desk.messages()
    assert message.reason == "gateway_refused_422"


async def test_a_delivery_that_nobody_confirms_is_reported_after_three_days(desk: Desk) -> None:
    home = family("0003")
    await desk.receive(home.household(), home.person(), home.classified())
    await desk.until_states(sent=1)
    desk.clock.turn(days=3)
    await desk.until_states(failed=1)
    (event,) = await desk.told()
    assert isinstance(event, MessageFailed)
    assert event.reason == "delivery_unconfirmed"


@pytest.mark.parametrize("reached_the_gateway", [False, True], ids=["before the call", "after the call"])
async def test_a_process_that_dies_while_sending_neither_loses_nor_doubles(
    desk: Desk, reached_the_gateway: bool
) -> None:
    home = family()
    await desk.receive(home.household(), home.person(), home.classified())
    await desk.addressing.step(desk.database)
    async with desk.database.transaction() as session:
        (claimed,) = await store.claim(session, desk.clock(), desk.clock() + LEASE, 10)
    if reached_the_gateway:
        async with desk.sending.gateway.line() as line:
            await line.send(claimed.id, str(home.phone), claimed.content)
    await desk.work()
    assert await desk.states() == {"queued": 1}
    desk.clock.turn(seconds=LEASE.total_seconds())
    await desk.until_states(delivered=1)
    assert await desk.attempts() == [(1, None), (2, "accepted")]
    assert list((await desk.received_by_phones()).values()) == [1]


async def test_two_processes_that_send_at_once_share_the_queue(desk: Desk) -> None:
    homes = [family() for _ in range(60)]
    for home in homes:
        await desk.receive(home.household(), home.person(), home.classified())
    await desk.addressing.step(desk.database)
    await asyncio.gather(*(desk.sending.step(desk.database) for _ in range(3)))
    assert await desk.attempts() == [(1, "accepted")] * 60
    await asyncio.gather(*(desk.delivery.step(desk.database) for _ in range(3)))
    await desk.until_states(delivered=60)
    assert len(await desk.told()) == 60
    assert set((await desk.received_by_phones()).values()) == {1}
