"""Runs under way: money first, several approvers, communes, pauses, holds, late files, banks that rest."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.access import Role
from tests.integration.benefits.platform import FUND, Benefits, Through
from tests.support.access import grant

HOLD = {"reason": "Chờ xác minh của xã"}


async def _refused(benefits: Benefits, path: str, body: Any, *, actor: str = "checker") -> str:
    answer = await benefits.send(path, body, actor=actor)
    assert answer.is_error, answer.text
    return str(answer.json()["code"])


async def _set(benefits: Benefits, statement: str, **values: Any) -> None:
    async with benefits.database.transaction() as session:
        await session.execute(text(statement), values)


async def test_nothing_is_paid_before_its_money_is_known_to_have_arrived(benefits: Benefits) -> None:
    await benefits.open_fund(money=0)
    for _ in range(2):
        await benefits.award(await benefits.settle_in())
    run = await benefits.prepare()
    approval = {"content_hash": run["content_hash"]}
    path = f"/runs/{run['id']}/approval"
    assert await _refused(benefits, path, approval) == "funds_not_arrived"
    await benefits.money_arrives(FUND, benefits.payer, 1_499_999)
    assert await _refused(benefits, path, approval) == "funds_not_arrived"
    await benefits.money_arrives(FUND, benefits.payer, 1)
    await benefits.approve(run)
    money = await benefits.get(f"/payer-accounts/{benefits.payer}/money")
    assert money == {"booked": 0, "unexplained": 0, "confirmed": 1_500_000, "out": 1_500_000, "available": 0}


async def test_an_arrival_is_confirmed_once_and_by_two(benefits: Benefits) -> None:
    await benefits.open_fund(money=0)
    given = await benefits.post(f"/funds/{FUND}/contributions", {"amount": 5, "reference": "KBNN 1"})
    path = f"/contributions/{given['id']}/arrival"
    arrival = {"payer_account": benefits.payer, "voucher": "KBNN 0251/UNC"}
    proposal = await benefits.post(path, arrival)
    seen = {"content_hash": proposal["content_hash"]}
    assert await _refused(benefits, f"/proposals/{proposal['id']}/approval", seen, actor="maker") == "same_person"
    await benefits.approve_proposal(proposal)
    assert await _refused(benefits, path, arrival, actor="maker") == "contribution_arrived"


async def test_what_the_statement_shows_is_spent_and_what_nobody_explained_is_not(
    benefits: Benefits, through: Through
) -> None:
    await benefits.open_fund(money=0)
    await benefits.award(await benefits.settle_in())
    run = await benefits.prepare()
    await through.close_day()
    await through.round()  # the account holds ten thousand million that nobody has explained
    seen = {"content_hash": run["content_hash"]}
    assert await _refused(benefits, f"/runs/{run['id']}/approval", seen) == "funds_not_arrived"
    await benefits.post(f"/funds/{FUND}/contributions", {"amount": 750_000, "reference": "KBNN 7"})
    credit = {"account": benefits.payer_number, "amount": 750_000, "reference": "KBNN 7"}
    (await through.bank.client.post("/admin/credits", json=credit)).raise_for_status()
    await through.close_day()
    await through.round()
    await benefits.approve(run)


async def test_a_large_sum_takes_several_people_by_the_same_hash(benefits: Benefits) -> None:
    await benefits.open_fund(budget=10**13)
    await benefits.award_of(1_000_000_001)
    run = await benefits.prepare()
    assert (run["approvers_needed"], run["stage"]) == (2, "waiting_for_approval")
    path, seen = f"/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}
    assert await _refused(benefits, path, seen, actor="maker") == "same_person"
    assert await _refused(benefits, path, {"content_hash": "0" * 64}) == "content_changed"
    first = await benefits.approve(run)
    assert (first["state"], [one["approved_by"] for one in first["approvals"]]) == ("PREPARED", ["checker"])
    assert await _refused(benefits, path, seen) == "approved_already"
    answers = await asyncio.gather(*(benefits.send(path, seen, actor=f"checker{number}") for number in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    sealed = await benefits.get(f"/runs/{run['id']}")
    assert (sealed["state"], sealed["stage"]) == ("APPROVED", "sending")


async def test_approvals_are_of_what_was_seen_and_fall_with_it(benefits: Benefits) -> None:
    await benefits.open_fund(budget=10**13)
    await benefits.award_of(1_000_000_001)
    run = await benefits.prepare()
    await benefits.approve(run)
    await benefits.award_of(800_000)
    again = await benefits.prepare()
    assert (again["id"], again["approvals"]) == (run["id"], [])
    await benefits.approve(again)
    assert (await benefits.get(f"/runs/{run['id']}"))["state"] == "PREPARED"
    assert (await benefits.approve(again, actor="checker1"))["state"] == "APPROVED"


async def test_the_largest_sums_take_somebody_of_the_province(benefits: Benefits) -> None:
    await benefits.open_fund(budget=10**13)
    await benefits.award_of(10_000_000_001)
    communal = [f"xa{number}" for number in range(3)]
    await grant(benefits.database, *communal, roles=(Role.APPROVER,), area="08566", communes=("08566",))
    run = await benefits.prepare()
    for number, actor in enumerate(communal, 1):
        seen = await benefits.approve(run, actor=actor)
        assert (seen["state"], len(seen["approvals"])) == ("PREPARED", number)
    assert (await benefits.approve(run))["state"] == "APPROVED"


async def test_a_commune_pays_from_its_own_account_and_only_its_own(benefits: Benefits) -> None:
    await benefits.open_fund()
    here, there = await benefits.settle_in(), await benefits.settle_in(area_code="08593")
    for who in (here, there):
        await benefits.award(who)
    code = f"{benefits.payer}X"
    payer = {"code": code, "bank": "simbank", "bin": "970405", "number": f"{benefits.payer_number}X"}
    commune = payer | {"holder": "UBND xã", "fund": FUND, "area_code": "08593"}
    await benefits.approve_proposal(await benefits.post("/payer-accounts", commune))
    await benefits.money_arrives(FUND, code, 10_000_000)
    other = await benefits.prepare(payer=code)
    assert (other["area_code"], other["declared_count"]) == ("08593", 1)
    wrong = {"programme": other["programme"], "period": other["period"], "payer_account": code, "area_code": "08566"}
    assert await _refused(benefits, "/runs", wrong, actor="maker") == "payer_of_another_area"
    assert (await benefits.prepare(area_code="08566"))["declared_count"] == 1
    await benefits.approve(other)
    assert (await benefits.order_of(there))["state"] == "INSTRUCTED"
    assert (await benefits.order_of(here))["state"] == "BATCHED"


async def test_a_run_is_what_was_declared_or_nothing_is_prepared(benefits: Benefits) -> None:
    await benefits.open_fund()
    await benefits.award(await benefits.settle_in())
    body = benefits.run_body()
    for declared in ({"count": 2, "sum": 750_000}, {"count": 1, "sum": 749_999}):
        assert await _refused(benefits, "/runs", body | {"declared": declared}, actor="maker") == "declared_otherwise"
    assert (await benefits.get("/runs"))["items"] == []
    run = await benefits.post("/runs", body | {"declared": {"count": 1, "sum": 750_000}})
    assert run["declared_count"] == 1


async def test_a_refused_run_leaves_its_orders_for_another(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    run = await benefits.prepare()
    refused = await benefits.post(f"/runs/{run['id']}/refusal", {"note": "Sai danh sách"}, actor="checker")
    assert (refused["state"], refused["stage"], refused["approved_by"]) == ("CANCELLED", "cancelled", None)
    order = await benefits.order_of(who)
    assert (order["state"], order["run_id"]) == ("READY", None)
    assert await _refused(benefits, f"/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}) == (
        "proposal_not_open"
    )
    again = await benefits.prepare()
    assert again["id"] != run["id"]
    await benefits.approve(again)


async def test_a_paused_run_sends_nothing_until_another_person_lets_it_go_on(
    benefits: Benefits, through: Through
) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    run = await benefits.prepare()
    assert await _refused(benefits, f"/runs/{run['id']}/pause", HOLD) == "run_not_going"
    await benefits.approve(run)
    paused = await benefits.post(f"/runs/{run['id']}/pause", HOLD, actor="checker")
    assert (paused["stage"], paused["paused_by"]) == ("paused", "checker")
    assert not await through.work.send(benefits.database)
    assert await _refused(benefits, f"/runs/{run['id']}/resumption", None) == "same_person"
    await benefits.post(f"/runs/{run['id']}/resumption", None, actor="checker1")
    await through.until_attempt(who, "REPORTED_SETTLED")
    assert (await benefits.get(f"/runs/{run['id']}"))["stage"] == "at_bank"
    await through.close_day()
    await through.until_attempt(who, "BOOKED")
    assert (await benefits.get(f"/runs/{run['id']}"))["stage"] == "completed"


async def test_a_held_order_is_in_no_run_until_another_person_lets_it_go(benefits: Benefits) -> None:
    await benefits.open_fund()
    held, paid = await benefits.settle_in(), await benefits.settle_in()
    for who in (held, paid):
        await benefits.award(who)
    run = await benefits.prepare()
    order = await benefits.order_of(held)
    await benefits.post(f"/orders/{order['id']}/hold", HOLD, actor="checker")
    seen = {"content_hash": run["content_hash"]}
    assert await _refused(benefits, f"/runs/{run['id']}/approval", seen) == "content_changed"
    again = await benefits.prepare()
    assert again["declared_count"] == 1
    await benefits.approve(again)
    path = f"/orders/{order['id']}/hold-release"
    assert await _refused(benefits, path, None) == "same_person"
    await benefits.post(path, None, actor="checker1")
    assert (await benefits.prepare())["declared_count"] == 1


async def test_a_follow_up_pays_only_what_failed(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    failed, paid = await benefits.settle_in(number="3120205190104"), await benefits.settle_in()
    for who in (failed, paid):
        await benefits.award(who)
    run = await benefits.prepare()
    await benefits.approve(run)
    await through.until_proven_unpaid(failed)
    newcomer = await benefits.settle_in()
    await benefits.award(newcomer)
    waiting = await benefits.prepare()  # places the newcomer's order, and is refused
    await benefits.post(f"/runs/{waiting['id']}/refusal", {"note": "Để lập đợt bổ sung"}, actor="checker")
    await benefits.correct_account(failed)
    again = await benefits.post(f"/runs/{run['id']}/follow-up", None)
    assert (again["follows"], again["declared_count"]) == (run["id"], 1)
    assert (await benefits.post(f"/runs/{run['id']}/follow-up", None))["declared_count"] == 1
    await benefits.approve(await benefits.get(f"/runs/{again['id']}"))
    await through.until_attempt(failed, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt(failed, "BOOKED")
    assert (await benefits.order_of(newcomer))["state"] == "READY"


async def test_a_file_that_waited_past_its_day_gets_another_under_new_ids(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    await _set(benefits, "UPDATE payment_file SET execution_date = execution_date - 1")
    await through.until_attempt(who, "REPORTED_SETTLED")
    order = await benefits.order_of(who)
    late, sent = order["instructions"]
    assert (late["state"], late["reason"]) == ("CANCELLED", "late")
    assert late["end_to_end_id"] != sent["end_to_end_id"]
    await through.close_day()
    await through.until_attempt(who, "BOOKED")
    truth = await through.bank.truth()
    assert late["end_to_end_id"] not in truth
    assert (await benefits.balances()).get("A2", 0) == 0


async def test_a_file_that_the_bank_may_have_is_never_written_anew(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    who = await benefits.award_of(800_102)  # cut off after the bank took it
    await benefits.approve(await benefits.prepare())
    assert await through.work.send(benefits.database)
    await _set(benefits, "UPDATE payment_file SET execution_date = execution_date - 1")
    await through.until_attempt(who, "REPORTED_SETTLED")
    assert len((await benefits.order_of(who))["instructions"]) == 1


async def test_a_halted_bank_gets_nothing_until_two_people_release_it(benefits: Benefits, through: Through) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    halted = await benefits.post("/bank-channels/simbank/halt", {"reason": "Phục hồi từ bản sao lưu"})
    assert halted["halted_by"] == "maker"
    assert not await through.work.send(benefits.database)
    release = await benefits.post("/bank-channels/simbank/release", {"reason": "Đã đối chiếu"})
    assert not await through.work.send(benefits.database)
    await benefits.approve_proposal(release)
    await through.until_attempt(who, "REPORTED_SETTLED")


async def test_a_bank_that_fails_often_is_left_alone_and_then_tried_by_one(
    benefits: Benefits, through: Through
) -> None:
    await benefits.open_fund()
    people = [await benefits.settle_in() for _ in range(2)]
    for who in people:
        await benefits.award(who)
    await benefits.approve(await benefits.prepare())
    await _set(
        benefits,
        "INSERT INTO bank_channel (bank, failures, open_until) VALUES ('simbank', 10, now() + interval '1 hour')",
    )
    assert not await through.work.send(benefits.database)
    await _set(benefits, "UPDATE bank_channel SET open_until = now() - interval '1 second'")
    assert await through.work.send(benefits.database)
    [channel] = await benefits.get("/bank-channels")
    assert (channel["failures"], channel["open_until"]) == (0, None)


@pytest.mark.parametrize("bank", ["simbank", "another-bank"])
async def test_a_banks_hours_are_shown_with_what_nobody_confirmed(benefits: Benefits, bank: str) -> None:
    shown = await benefits.get(f"/bank-channels/{bank}/calendar")
    assert shown["confirmed"] == (bank == "simbank")
    assert shown["terms"]["legal_basis"]
