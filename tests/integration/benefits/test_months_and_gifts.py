"""Months that close and carry over; a gift followed to the households that it reached; what everybody may see."""

from typing import Any

from sqlalchemy import text

from shared import clock
from tests.integration.benefits.platform import FUND, PROGRAMME, Benefits, Through


def _month() -> str:
    return f"{clock.today():%Y-%m}"


def _next(period: str) -> str:
    year, month = int(period[:4]), int(period[5:])
    return f"{year}-{month + 1:02d}" if month < 12 else f"{year + 1}-01"


async def _close(benefits: Benefits, period: str | None = None) -> Any:
    wanted = {"programme": PROGRAMME, "payer_account": benefits.payer, "period": period or _month()}
    return await benefits.post("/months", wanted)


async def test_a_closed_month_says_who_was_paid_and_carries_who_was_not(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    paid, without = await benefits.settle_in(), await benefits.settle_in(number=None)
    for who in (paid, without):
        await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(paid, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt(paid, "BOOKED")
    closed = await _close(benefits)
    assert closed["owed"] == {"count": 2, "sum": 1_500_000}
    assert (closed["paid"]["count"], closed["unpaid"]["count"], closed["at_bank"]["count"]) == (1, 1, 0)
    [line] = (await benefits.get(f"/months/{closed['id']}/lines", outcome="unpaid"))["items"]
    assert (line["person_id"], line["reason"]) == (str(without.person_id), "no_account")
    assert (await benefits.order_of(without))["due_month"] == _next(_month())
    assert (await benefits.get(f"/months/{closed['id']}"))["paid"]["sum"] == 750_000
    again = {"programme": PROGRAMME, "payer_account": benefits.payer, "period": _month()}
    assert (await benefits.send("/months", again)).json()["code"] == "month_closed"
    to_come = again | {"period": _next(_month())}
    assert (await benefits.send("/months", to_come)).json()["code"] == "month_to_come"


async def test_what_was_carried_is_paid_by_the_next_run_and_counted_once(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in(number=None)
    await benefits.award(who)
    await benefits.prepare()
    async with benefits.database.transaction() as session:  # as if it had been due a month ago
        earlier = {"before": _before(_month())}
        await session.execute(text("UPDATE payment_order SET due_month = :before, period = :before"), earlier)
    first = await _close(benefits, _before(_month()))
    assert first["unpaid"]["count"] == 1
    await benefits.correct_account(who)
    run = await benefits.prepare()
    assert run["declared_count"] == 2  # the month's own, and the one that was carried
    await benefits.approve(run)
    async with benefits.database.transaction() as session:
        order = (await session.execute(text("SELECT id FROM payment_order WHERE period < due_month"))).scalar_one()
    shown = await benefits.get(f"/orders/{order}")
    assert (shown["state"], shown["due_month"]) == ("INSTRUCTED", _month())
    await through.until_attempt_of(order, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt_of(order, "BOOKED")
    second = await _close(benefits)
    assert (second["paid"]["count"], second["unpaid"]["count"]) == (2, 0)


def _before(period: str) -> str:
    year, month = int(period[:4]), int(period[5:])
    return f"{year}-{month - 1:02d}" if month > 1 else f"{year - 1}-12"


async def test_a_gift_is_followed_to_its_households_first_in_first_out(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund(money=0)
    gifts = []
    for number, amount in enumerate((1_000_000, 5_000_000), 1):
        gift = {"amount": amount, "reference": f"GIFT {number}"}
        gifts.append(await benefits.post(f"/funds/{FUND}/contributions", gift))
        credit = {"account": benefits.payer_number, **gift}
        (await through.bank.client.post("/admin/credits", json=credit)).raise_for_status()
    people = [await benefits.settle_in() for _ in range(3)]
    for who in people:
        await benefits.award(who)
    await through.close_day()
    await through.round()
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(people[-1], "REPORTED_SETTLED")
    await through.close_day()
    for who in people:
        await through.until_attempt(who, "BOOKED")
    first, second = [await benefits.get(f"/contributions/{gift['id']}/reach") for gift in gifts]
    assert [sum(one["amount"] for one in each["reached"]) for each in (first, second)] == [1_000_000, 1_250_000]
    assert [each["unspent"] for each in (first, second)] == [0, 3_750_000]
    assert [one["amount"] for one in first["reached"]] == [750_000, 250_000]
    households = {one["household_id"] for each in (first, second) for one in each["reached"]}
    assert households == {str(who.household_id) for who in people}
    assert await benefits.get(f"/contributions/{gifts[0]['id']}/reach") == first
    [given] = (await benefits.get("/public/given"))["given"]
    assert given["communes"] == [{"area_code": "08566", "households": None, "amount": None}]
    assert (given["fund_kind"], given["households"]) == ("STATE_PROVINCE", None)
