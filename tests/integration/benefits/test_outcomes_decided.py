"""What two people decide: outcomes that stay unknown, by certificate; money in suspense, once each."""

from typing import Any

import pytest

from shared.events.benefits import PaymentRejected, PaymentReturned
from tests.integration.benefits.platform import FUND, Benefits, Somebody, Through

CERTIFIED = {"certificate": "CV 124/NHNo ngày 26/11/2026"}


async def _sent(benefits: Benefits, *amounts: int) -> list[Somebody]:
    await benefits.open_fund()
    people = [await benefits.award_of(amount) for amount in amounts]
    await benefits.approve(await benefits.prepare())
    return people


async def _refused(benefits: Benefits, proposal: Any) -> str:
    seen = {"content_hash": proposal["content_hash"]}
    answer = await benefits.send(f"/proposals/{proposal['id']}/approval", seen, actor="checker")
    return str(answer.json().get("code"))


async def test_a_file_that_the_bank_certifies_it_never_received_is_sent_again_the_same(
    benefits: Benefits, through: Through
) -> None:
    [who] = await _sent(benefits, 800_101)  # cut off before the bank took it
    assert await through.work.send(benefits.database)
    [attempt] = (await benefits.order_of(who))["instructions"]
    assert attempt["state"] == "UNKNOWN"
    body = {"outcome": "not_received", **CERTIFIED}
    proposal = await benefits.post(f"/payment-files/{attempt['message_id']}/outcome", body)
    assert (await benefits.balances())["A2"] == -800_101  # it keeps its reservation meanwhile
    await benefits.approve_proposal(proposal)
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    order = await through.until_attempt(who, "BOOKED")
    assert [one["end_to_end_id"] for one in order["instructions"]] == [attempt["end_to_end_id"]]
    assert [one["debited"] for one in await through.truth_of(who)] == [800_101]


async def test_a_wrong_certificate_cannot_make_the_bank_pay_twice(benefits: Benefits, through: Through) -> None:
    [who] = await _sent(benefits, 800_102)  # cut off after the bank took it
    assert await through.work.send(benefits.database)
    [attempt] = (await benefits.order_of(who))["instructions"]
    body = {"outcome": "not_received", **CERTIFIED}
    await benefits.approve_proposal(await benefits.post(f"/payment-files/{attempt['message_id']}/outcome", body))
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt(who, "BOOKED")
    assert [one["debited"] for one in await through.truth_of(who)] == [800_102]


async def test_what_was_answered_meanwhile_is_decided_by_nobody(benefits: Benefits, through: Through) -> None:
    [who] = await _sent(benefits, 800_102)
    assert await through.work.send(benefits.database)
    [attempt] = (await benefits.order_of(who))["instructions"]
    body = {"outcome": "not_received", **CERTIFIED}
    proposal = await benefits.post(f"/payment-files/{attempt['message_id']}/outcome", body)
    unpaid = await benefits.post(f"/instructions/{attempt['id']}/unpaid", CERTIFIED)
    await through.close_day()
    await through.work.statements(benefits.database)
    assert (await benefits.order_of(who))["state"] == "PAID"
    assert await _refused(benefits, proposal) == "outcome_known"
    assert await _refused(benefits, unpaid) == "outcome_known"


async def test_an_attempt_certified_unpaid_frees_its_order_for_another(benefits: Benefits, through: Through) -> None:
    missing, other = await _sent(benefits, 800_111, 800_000)  # the first is called settled and never debited
    await through.until_attempt(missing, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt(other, "BOOKED")
    [attempt] = (await benefits.order_of(missing))["instructions"]
    await benefits.approve_proposal(await benefits.post(f"/instructions/{attempt['id']}/unpaid", CERTIFIED))
    order = await benefits.order_of(missing)
    assert (order["state"], order["instructions"][0]["state"]) == ("READY", "REJECTED")
    assert [one.reason for one in await benefits.events(PaymentRejected)] == ["CERT"]
    run = await benefits.prepare()
    assert run["declared_count"] == 1
    await benefits.approve(run)
    assert (await benefits.balances())["A2"] == -800_111


@pytest.mark.parametrize(("becomes", "account"), [("contribution", "F1"), ("owner", "L4"), ("claim_repaid", "A4")])
async def test_money_in_suspense_becomes_what_two_people_say(benefits: Benefits, becomes: str, account: str) -> None:
    await benefits.open_fund(money=0)
    place = await benefits.unexplained_credit(700_000)
    [shown] = await benefits.get("/suspense")
    assert (shown["amount"], shown["outcome"]) == (700_000, "unknown_credit")
    said = {"becomes": becomes, "reference": "KBNN 0251/UNC"}
    await benefits.approve_proposal(await benefits.post(f"/suspense/{place}/explanation", said))
    balances = await benefits.balances()
    assert (balances.get("L3", 0), balances[account]) == (0, -700_000)
    assert await benefits.get("/suspense") == []
    again = await benefits.send(f"/suspense/{place}/explanation", said)
    assert again.json()["code"] == "entry_not_in_suspense"
    money = await benefits.get(f"/payer-accounts/{benefits.payer}/money")
    assert money["available"] == (0 if becomes == "owner" else 700_000)


async def test_a_declared_contribution_that_came_under_another_name_is_recognised(benefits: Benefits) -> None:
    await benefits.open_fund(money=0)
    given = await benefits.post(f"/funds/{FUND}/contributions", {"amount": 700_000, "reference": "KBNN 9"})
    place = await benefits.unexplained_credit(700_000)
    [shown] = await benefits.get("/suspense")
    assert shown["perhaps_contribution"] == given["id"]
    said = {"becomes": "contribution", "reference": "KBNN 9", "contribution_id": given["id"]}
    await benefits.approve_proposal(await benefits.post(f"/suspense/{place}/explanation", said))
    [listed] = await benefits.get(f"/funds/{FUND}/contributions")
    assert listed["received_on"] is not None


async def test_a_return_without_our_id_reopens_the_order_once_people_say_whose_it_is(
    benefits: Benefits, through: Through
) -> None:
    [who] = await _sent(benefits, 800_000)
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    order = await through.until_attempt(who, "BOOKED")
    credit = {"account": benefits.payer_number, "amount": 800_000, "reference": "HOAN TRA"}
    (await through.bank.client.post("/admin/credits", json=credit)).raise_for_status()
    await through.close_day()
    await through.round()
    shown = next(one for one in await benefits.get("/suspense") if one["outcome"] == "unknown_credit")
    attempt = order["instructions"][0]["id"]
    assert shown["perhaps_return_of"] == attempt
    place = f"{shown['payer_account']}/{shown['sequence']}/{shown['ordinal']}"
    said = {"becomes": "returned", "reference": "HOAN TRA", "instruction_id": attempt}
    await benefits.approve_proposal(await benefits.post(f"/suspense/{place}/explanation", said))
    order = await benefits.order_of(who)
    assert (order["state"], order["instructions"][0]["state"]) == ("RETURNED", "RETURNED")
    assert len(await benefits.events(PaymentReturned)) == 1
    assert (await benefits.balances())["L2"] == -800_000


async def test_an_explanation_that_does_not_fit_books_nothing(benefits: Benefits) -> None:
    await benefits.open_fund(money=0)
    given = await benefits.post(f"/funds/{FUND}/contributions", {"amount": 700_001, "reference": "KBNN 9"})
    place = await benefits.unexplained_credit(700_000)
    for said in ({"becomes": "fee"}, {"becomes": "returned"}):
        answer = await benefits.send(f"/suspense/{place}/explanation", said | {"reference": "KBNN 9"})
        assert answer.status_code == 422
    said = {"becomes": "contribution", "reference": "KBNN 9", "contribution_id": given["id"]}
    proposal = await benefits.post(f"/suspense/{place}/explanation", said)
    assert await _refused(benefits, proposal) == "explanation_does_not_fit"
    assert (await benefits.balances())["L3"] == -700_000
