"""Somebody else's account is paid only in the time of the document that authorises them."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.benefits.payments.domain.verification import Verdict
from services.benefits.payments.store.resealing import reseal
from shared import clock
from shared.events.benefits import AccountChecked
from shared.ids import new_id
from tests.integration.benefits.platform import Benefits, Somebody, household, person

_TODAY = clock.today()
_YESTERDAY, _TOMORROW = _TODAY - timedelta(days=1), _TODAY + timedelta(days=1)


async def _settled(benefits: Benefits, valid_from: date, valid_to: date | None) -> Somebody:
    """Make somebody known whose money goes to who is authorised from a day to another; award them."""
    who = Somebody(new_id(), new_id())
    stated = person(who, kind="bank", authorised=True, valid_from=valid_from, valid_to=valid_to)
    await benefits.hear(household(who), stated)
    await benefits.award(who)
    return who


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "paid"),
    [
        (_YESTERDAY, _TODAY, True),
        (_TODAY, None, True),
        (_YESTERDAY, _YESTERDAY, False),
        (_TOMORROW, None, False),
    ],
    ids=["last day", "first day", "over", "not yet"],
)
async def test_an_account_is_paid_in_the_time_of_the_authorisation_alone(
    benefits: Benefits, valid_from: date, valid_to: date | None, paid: bool
) -> None:
    await benefits.open_fund()
    who = await _settled(benefits, valid_from, valid_to)
    run = await benefits.prepare()
    order = await benefits.order_of(who)
    assert run["declared_count"] == int(paid)
    assert (order["state"], order["reason"]) == (
        ("BATCHED", None) if paid else ("BLOCKED", "authorisation_out_of_time")
    )
    renewed = person(who, version=2, authorised=True, valid_from=_YESTERDAY, valid_to=_TOMORROW)
    await benefits.hear(renewed)
    assert (await benefits.prepare())["declared_count"] == 1


async def test_an_authorisation_that_ends_between_preparation_and_approval_is_not_paid(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await _settled(benefits, _YESTERDAY, None)
    run = await benefits.prepare()
    await benefits.hear(person(who, version=2, authorised=True, valid_from=_YESTERDAY, valid_to=_YESTERDAY))
    answer = await benefits.send(f"/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}, actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (409, "content_changed")


async def test_a_file_that_waited_until_an_authorisation_was_over_goes_without_that_payment(benefits: Benefits) -> None:
    await benefits.open_fund()
    going, lapsed = await benefits.settle_in(), await _settled(benefits, _YESTERDAY, _TODAY)
    await benefits.award(going)
    await benefits.approve(await benefits.prepare())
    async with benefits.database.transaction() as session:
        await session.execute(text("UPDATE payment_file SET execution_date = :day"), {"day": _YESTERDAY})
        over = text("UPDATE person SET account_valid_to = :day WHERE person_id = :person")
        await session.execute(over, {"day": _YESTERDAY, "person": lapsed.person_id})
    async with benefits.database.transaction() as session:
        assert await reseal(session, "simbank", clock.now()) is not None
    assert await _attempts(benefits, going) == ["CANCELLED", "QUEUED"]
    assert await _attempts(benefits, lapsed) == ["CANCELLED"]
    order = await benefits.order_of(lapsed)
    assert (order["state"], order["reason"]) == ("BLOCKED", "authorisation_out_of_time")
    assert await benefits.broken_invariants() == []
    await benefits.hear(person(lapsed, version=2))
    again = await benefits.prepare()
    assert again["declared_count"] == 1
    await benefits.approve(again)
    assert await benefits.broken_invariants() == []


async def _attempts(benefits: Benefits, who: Somebody) -> list[Any]:
    return [each["state"] for each in (await benefits.order_of(who))["instructions"]]


async def test_what_a_bank_said_of_an_account_is_told_of_everybody_who_is_paid_there(benefits: Benefits) -> None:
    await benefits.open_fund()
    first, second = [await benefits.settle_in(number="3120205112345") for _ in range(2)]
    for who in (first, second):
        await benefits.award(who)
    await benefits.prepare()
    await benefits.bank_says(first, Verdict.CLOSE, "DANG T LAN")
    told = await benefits.events(AccountChecked)
    assert {each.person_id for each in told} == {first.person_id, second.person_id}
    assert {(each.person_version, each.verdict, each.accepted) for each in told} == {(1, "close", False)}
