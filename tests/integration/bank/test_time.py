"""The bank's own time: what takes days takes them, hours and holidays hold, and nobody has to wait for any of it."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.bank import payments
from deploy.bank.app import open_bank
from deploy.bank.refusal import TooLate
from deploy.bank.store import Terms
from tests.integration.bank.desk import MONDAY, Desk, open_desk
from tests.support.payment_files import PAYER, Pay, message_id, payment_file
from tests.support.simulated_bank import assert_chain


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as desk:
        yield desk


async def keep_hours(desk: Desk, **given: object) -> None:
    (await desk.client.put("/admin/calendar", json=given)).raise_for_status()


async def test_time_only_goes_forward_and_a_restart_does_not_turn_it_back(desk: Desk, tmp_path: Path) -> None:
    await desk.order("clock", advance="P3DT4H")
    await desk.order("clock", to=MONDAY.isoformat())
    ahead = desk.bank.clock() - desk.wall
    assert ahead == timedelta(days=3, hours=4)
    copy = tmp_path / "restarted"
    copy.mkdir()
    shutil.copy(tmp_path / "bank.sqlite3", copy)
    shutil.copy(tmp_path / "bank.sqlite3-wal", copy)
    restarted = open_bank(copy, Terms(), lambda: desk.wall)
    assert restarted.clock() - desk.wall == ahead
    restarted.database.close()


@pytest.mark.parametrize(
    ("pay", "days", "reason", "back"),
    [
        pytest.param(Pay(500_108), 2, "AC04", 500_108, id="after two days"),
        pytest.param(Pay(500_109), 40, "AC04", 500_109, id="after forty"),
        pytest.param(Pay(500_110), 2, "AC04", 495_110, id="less what the other bank keeps"),
        pytest.param(Pay(account="3120205590112"), 1, "MD07", 500_000, id="the next day, the holder is dead"),
        pytest.param(Pay(500_115), 2, "AC04", 500_115, id="refused after it was booked"),
    ],
)
async def test_money_comes_back_on_its_day_and_not_before(
    desk: Desk, pay: Pay, days: int, reason: str, back: int
) -> None:
    await desk.take(pay)
    await desk.close()
    await desk.pass_days(days - 1)
    assert (await desk.close()).entries == []
    await desk.pass_days(1)
    [entry] = (await desk.close()).entries
    assert (entry.amount, entry.end_to_end_id, entry.return_reason) == (back, pay.end_to_end_id, reason)


@pytest.mark.parametrize(
    ("pay", "waiting", "days", "final"),
    [
        pytest.param(Pay(500_107), ("PDNG", None), 3, ("ACSC", None), id="pending three days"),
        pytest.param(Pay(account="3120205590117"), ("PDNG", "AB08"), 1, ("ACSC", None), id="the other bank is down"),
        pytest.param(Pay(account="3120205590113"), ("ACWC", "DT06"), 1, ("ACSC", None), id="another day"),
        pytest.param(Pay(500_114), ("RJCT", "AC06"), 0, ("RJCT", "AC06"), id="refused in execution"),
        pytest.param(Pay(500_115), ("ACSC", None), 1, ("RJCT", "AC04"), id="refused after booking"),
        pytest.param(Pay(account="3120205590115"), ("BLCK", None), 0, ("BLCK", None), id="stuck"),
        pytest.param(Pay(500_122), ("ZZZZ", None), 0, ("ZZZZ", None), id="a status nobody knows"),
        pytest.param(Pay(500_120), ("RJCT", "AM04"), 0, ("RJCT", "AM04"), id="no funds"),
        pytest.param(Pay(500_121), ("RJCT", "AM14"), 0, ("RJCT", "AM14"), id="over a limit"),
    ],
)
async def test_what_is_reported_on_the_way(
    desk: Desk, pay: Pay, waiting: tuple[str, str | None], days: int, final: tuple[str, str | None]
) -> None:
    message = await desk.take(pay)
    now = await desk.status_of(pay, message)
    assert (now.status, now.reason) == waiting
    await desk.pass_days(days)
    later = await desk.status_of(pay, message)
    assert (later.status, later.reason) == final


async def test_what_waits_for_a_signature_or_for_ever_goes_on_when_a_person_moves_it(desk: Desk) -> None:
    unsigned, stuck = Pay(account="3120205590116"), Pay(500_106)
    message = await desk.take(unsigned, stuck)
    await desk.pass_days(400)
    statuses = await desk.statuses(message)
    assert [one.status for one in statuses.values()] == ["PATC", "PDNG"]
    await desk.order("sign", end_to_end_id=unsigned.end_to_end_id)
    desk.work()
    assert (await desk.status_of(unsigned, message)).status == "ACSC"
    assert (await desk.status_of(stuck, message)).status == "PDNG"
    await desk.order("heal")
    desk.work()
    assert (await desk.status_of(stuck, message)).status == "ACSC"


@pytest.mark.parametrize(
    ("received", "asked_for", "executed"),
    [
        pytest.param("2026-11-23T02:00", "2026-11-23", "2026-11-23T02:00", id="in hours: at once"),
        pytest.param("2026-11-23T09:30", "2026-11-23", "2026-11-24T01:00", id="after the cut-off: tomorrow at eight"),
        pytest.param("2026-11-27T09:30", "2026-11-27", "2026-12-01T01:00", id="over the weekend and a holiday"),
        pytest.param("2026-11-23T02:00", "2026-11-25", "2026-11-25T01:00", id="on the day asked for"),
    ],
)
async def test_a_payment_is_carried_out_in_banking_hours(
    desk: Desk, received: str, asked_for: str, executed: str
) -> None:
    desk.wall = datetime.fromisoformat(f"{received}+00:00")
    await keep_hours(desk, closed=["2026-11-30"])
    pay = Pay()
    await desk.take(pay, asked_for=asked_for)
    await desk.pass_days(7)
    history = (await desk.truth())[pay.end_to_end_id]["history"]
    assert history[-1]["status"] == "ACSC"
    at = datetime.fromisoformat(history[-1]["at"])
    assert at == datetime.fromisoformat(executed).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked_for", "reason"), [("2026-11-22", "CH04"), ("2026-11-28", "DT03"), ("2026-11-30", "DT03")]
)
async def test_a_day_that_cannot_be_had_is_refused(desk: Desk, asked_for: str, reason: str) -> None:
    await keep_hours(desk, closed=["2026-11-30"])
    pay = Pay()
    message = await desk.take(pay, asked_for=asked_for)
    status = await desk.status_of(pay, message)
    assert (status.status, status.reason) == ("RJCT", reason)


async def test_each_day_with_entries_ends_with_a_statement_of_that_day(desk: Desk) -> None:
    await keep_hours(desk)
    paid = [Pay(100_000 + 1_000 * number) for number in range(3)]
    for pay in paid:
        await desk.take(pay, asked_for=desk.bank.clock().date().isoformat())
        await desk.pass_days(1)
    await desk.pass_days(3)
    listed = (await desk.client.get(f"/v1/accounts/{PAYER}/statements")).json()
    assert [one["closed_at"][:13] for one in listed] == [f"2026-11-{day}T11" for day in (23, 24, 25)]
    read = [await desk.statement(one["sequence"]) for one in listed]
    assert_chain(read)
    assert [entry.end_to_end_id for one in read for entry in one.entries] == [pay.end_to_end_id for pay in paid]


async def test_a_file_that_was_said_never_to_have_come_is_refused_when_its_old_delivery_still_comes(
    tmp_path: Path,
) -> None:
    async with open_desk(tmp_path) as desk:
        message, pay = message_id(), Pay()
        assert (await desk.client.get(f"/v1/payment-files/{message}/status")).json()["final"] is True
        body, now = payment_file(message, [pay]), int(datetime.now(UTC).timestamp())
        with pytest.raises(TooLate):
            payments.submit(desk.bank, message, body, now - 5)
        assert payments.submit(desk.bank, message, body, now + 5).receipt is not None
