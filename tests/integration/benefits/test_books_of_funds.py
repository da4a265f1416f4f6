"""Funds: what a gift may be spent on, no budget over what there is whoever asks at once, and what is given back."""

import asyncio
from typing import Any

import pytest

from shared.events.benefits import AwardEnded
from tests.integration.benefits.platform import FUND, PROGRAMME, Benefits, approval_of

DEATH = {"reason": "death", "note": "Giấy chứng tử số 12"}


async def _gift(benefits: Benefits, code: str = "DONOR_A", *, money: int = 100_000_000, **restricted: Any) -> None:
    """Open a donor's fund with money that arrived in an account of its own."""
    await benefits.post("/funds", {"code": code, "kind": "DONOR", "name": "Nhà tài trợ A", **restricted})
    payer = {"code": f"{benefits.payer}D", "bank": "simbank", "bin": "970405", "number": f"{benefits.payer_number}D"}
    await benefits.approve_proposal(await benefits.post("/payer-accounts", payer | {"holder": "MTTQ", "fund": code}))
    await benefits.money_arrives(code, payer["code"], money)


async def _decide(benefits: Benefits, fund: str, **given: Any) -> Any:
    who = await benefits.settle_in(**given)
    application = await benefits.apply_for(who)
    path = f"/applications/{application['id']}/decision"
    return await benefits.send(path, approval_of(application, fund=fund), actor="checker")


async def test_a_gift_for_a_commune_is_spent_in_no_other(benefits: Benefits) -> None:
    await benefits.open_fund()
    await _gift(benefits, areas=["08566"], programmes=[PROGRAMME])
    await benefits.allot("DONOR_A", 50_000_000)
    refused = await _decide(benefits, "DONOR_A", area_code="08593")
    assert (refused.status_code, refused.json()["code"]) == (409, "budget_exhausted")
    assert (await _decide(benefits, "DONOR_A")).status_code == 201
    assert (await _decide(benefits, FUND, area_code="08593")).status_code == 201


async def test_a_gift_for_a_programme_is_given_to_no_other(benefits: Benefits) -> None:
    await _gift(benefits, programmes=["housing"])
    answer = await benefits.send("/funds/DONOR_A/allotments", {"programme": PROGRAMME, "amount": 1})
    assert answer.json()["code"] == "fund_restricted"


async def test_a_gift_is_allotted_once_it_arrived_and_never_twice(benefits: Benefits) -> None:
    await _gift(benefits, money=10_000_000)
    wanted = {"programme": PROGRAMME, "amount": 6_000_000}
    proposals = [await benefits.post("/funds/DONOR_A/allotments", wanted) for _ in range(3)]
    answers = await asyncio.gather(
        *(
            benefits.send(f"/proposals/{one['id']}/approval", {"content_hash": one["content_hash"]}, actor="checker")
            for one in proposals
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.is_error} == {"fund_overdrawn"}


async def test_awards_that_ask_at_once_never_take_more_than_the_budget_has(benefits: Benefits) -> None:
    who = await benefits.settle_in()
    application = await benefits.apply_for(who)
    each = 750_000 * (13 - int(application["applied_on"][5:7]))
    await benefits.open_fund(budget=3 * each + each // 2)
    applications = [application, *[await benefits.apply_for(await benefits.settle_in()) for _ in range(5)]]
    answers = await asyncio.gather(
        *(
            benefits.send(f"/applications/{one['id']}/decision", approval_of(one), actor=f"checker{number % 5}")
            for number, one in enumerate(applications)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
    balances = await benefits.balances()
    assert (balances["B1"], balances["B2"]) == (each // 2, 3 * each)


async def test_an_award_that_ends_gives_back_what_is_not_due_any_more(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in(number=None)
    award = await benefits.award(who)
    before = await benefits.balances()
    await benefits.prepare()
    ending = await benefits.post(f"/awards/{award['id']}/ending", DEATH | {"ends_with": "2025-12"})
    await benefits.approve_proposal(ending)
    order = await benefits.order_of(who)
    assert (order["state"], order["reason"]) == ("CANCELLED", "award_ended")
    after = await benefits.balances()
    assert before["B2"] > 0
    assert (after["B1"], after.get("B2", 0)) == (before["B1"] + before["B2"], 0)
    [ended] = await benefits.events(AwardEnded)
    assert (ended.last_month, ended.reason) == ("2025-12", "death")
    assert (await benefits.prepare())["declared_count"] == 0
    again = await benefits.send(f"/awards/{award['id']}/ending", DEATH | {"ends_with": "2025-12"})
    assert again.json()["code"] == "award_not_active"


async def test_what_is_at_the_bank_when_an_award_ends_runs_its_course_and_is_not_paid_again(
    benefits: Benefits,
) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    award = await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    ending = await benefits.post(f"/awards/{award['id']}/ending", DEATH | {"ends_with": "2025-12"})
    await benefits.approve_proposal(ending)
    order = await benefits.order_of(who)
    assert (order["state"], order["held"]) == ("INSTRUCTED", "award_ended")


@pytest.mark.parametrize("obliged", [False, True])
async def test_a_cancelled_order_is_owed_no_more_and_its_money_is_free_again(benefits: Benefits, obliged: bool) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in(number="" if obliged else None)
    await benefits.award(who)
    committed = (await benefits.balances())["B2"]
    run = await benefits.prepare()
    if obliged:
        await benefits.approve(run)
        attempt = (await benefits.order_of(who))["instructions"][0]
        await benefits.make_unknown(attempt["message_id"])
        unpaid = {"certificate": "CV 124/NHNo"}
        await benefits.approve_proposal(await benefits.post(f"/instructions/{attempt['id']}/unpaid", unpaid))
    order = await benefits.order_of(who)
    wanted = {"why": "death", "note": "Giấy chứng tử số 12"}
    await benefits.approve_proposal(await benefits.post(f"/orders/{order['id']}/cancellation", wanted))
    balances = await benefits.balances()
    assert (await benefits.order_of(who))["state"] == "CANCELLED"
    assert balances.get("B2", 0) == committed - 750_000
    assert [balances.get(account, 0) for account in ("L1", "E1", "A2")] == [0, 0, 0]


async def test_an_order_at_the_bank_is_not_cancelled(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    order = await benefits.order_of(who)
    wanted = {"why": "death", "note": "Giấy chứng tử số 12"}
    proposal = await benefits.post(f"/orders/{order['id']}/cancellation", wanted)
    seen = {"content_hash": proposal["content_hash"]}
    answer = await benefits.send(f"/proposals/{proposal['id']}/approval", seen, actor="checker")
    assert answer.json()["code"] == "order_not_cancellable"
