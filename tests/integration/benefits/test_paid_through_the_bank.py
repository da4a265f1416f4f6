"""From an approved run to a settled payment, with a real bank that errs: paid once, whatever happens."""

from typing import Any

import pytest

from shared.events.benefits import PaymentOrdered, PaymentRejected, PaymentReturned, PaymentSettled
from tests.integration.benefits.platform import FUND, Benefits, Somebody, Through, person


async def approved(benefits: Benefits, *amounts: int, **given: Any) -> list[Somebody]:
    """Award the amounts and approve the run that pays them; return whom."""
    await benefits.open_fund()
    people = [await benefits.award_of(amount, **given) for amount in amounts]
    await benefits.approve(await benefits.prepare())
    return people


async def test_a_payment_is_settled_by_the_statement_and_by_nothing_before(
    benefits: Benefits, through: Through
) -> None:
    [who] = await approved(benefits, 800_000)
    order = await through.until_attempt(who, "REPORTED_SETTLED")
    assert order["state"] == "INSTRUCTED"
    assert await benefits.events(PaymentSettled) == []
    await through.close_day()
    order = await through.until_attempt(who, "BOOKED")
    assert order["state"] == "PAID"
    [settled] = await benefits.events(PaymentSettled)
    assert (settled.amount, settled.household_id) == (800_000, who.household_id)
    balances = await benefits.balances()
    assert (balances["E1"], balances["B3"], balances.get("A2", 0), balances.get("L1", 0)) == (800_000, 800_000, 0, 0)


@pytest.mark.parametrize(
    "amount",
    [
        pytest.param(800_101, id="cut off before the bank took it"),
        pytest.param(800_102, id="cut off after the bank took it"),
        pytest.param(800_103, id="error 500 before the bank took it"),
        pytest.param(800_104, id="error 500 after the bank took it"),
    ],
)
async def test_an_unknown_outcome_is_found_out_and_the_person_is_paid_once(
    benefits: Benefits, through: Through, amount: int
) -> None:
    [who] = await approved(benefits, amount)
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    order = await through.until_attempt(who, "BOOKED")
    assert len(order["instructions"]) == 1
    [truth] = await through.truth_of(who)
    assert (truth["debited"], truth["end_to_end_id"]) == (amount, order["instructions"][0]["end_to_end_id"])
    assert len(await benefits.events(PaymentSettled)) == 1


async def test_a_statement_resolves_an_unknown_outcome_when_no_query_is_answered(
    benefits: Benefits, through: Through
) -> None:
    [who] = await approved(benefits, 800_102)
    assert await through.work.send(benefits.database)
    assert (await benefits.order_of(who))["instructions"][0]["state"] == "UNKNOWN"
    await through.close_day()
    await through.work.statements(benefits.database)
    order = await benefits.order_of(who)
    assert (order["state"], order["instructions"][0]["state"]) == ("PAID", "BOOKED")


@pytest.mark.parametrize(
    ("number", "reason", "state"),
    [
        ("3120205190101", "AC01", "BLOCKED"),
        ("3120205190104", "AC04", "BLOCKED"),
        ("3120205190107", "MD07", "BLOCKED"),
        ("3120205190108", "BE01", "BLOCKED"),
        ("3120205190119", "XB-7731", "BLOCKED"),
    ],
)
async def test_a_refused_payment_moves_no_money_and_waits_for_a_person(
    benefits: Benefits, through: Through, number: str, reason: str, state: str
) -> None:
    [who] = await approved(benefits, 800_000, number=number)
    order = await through.until_proven_unpaid(who)
    assert (order["state"], order["reason"]) == (state, reason)
    [rejected] = await benefits.events(PaymentRejected)
    assert rejected.reason == reason
    balances = await benefits.balances()
    assert (balances["L1"], balances.get("A2", 0), balances["E1"]) == (-800_000, 0, 800_000)
    await through.close_day()
    await through.round()
    assert (await benefits.order_of(who))["state"] == state


async def test_a_corrected_account_is_paid_by_a_new_attempt_of_the_same_order(
    benefits: Benefits, through: Through
) -> None:
    [who] = await approved(benefits, 800_000, number="3120205190104")
    await through.until_proven_unpaid(who)
    again = await benefits.prepare()
    assert again["declared_count"] == 0
    await benefits.hear(person(who, version=2, number="3120205154321"))
    await benefits.approve(await benefits.prepare())
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    order = await through.until_attempt(who, "BOOKED")
    assert [one["state"] for one in order["instructions"]] == ["REJECTED", "BOOKED"]
    assert len(await benefits.events(PaymentOrdered)) == 1
    assert (await benefits.balances())["E1"] == 800_000


async def test_returned_money_reopens_the_order_and_is_paid_again_after_correction(
    benefits: Benefits, through: Through
) -> None:
    [who] = await approved(benefits, 800_108)
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    await through.close_day()
    order = await through.until_attempt(who, "RETURNED")
    assert (order["state"], order["reason"]) == ("RETURNED", "AC04")
    assert len(await benefits.events(PaymentSettled)) == 1
    [returned] = await benefits.events(PaymentReturned)
    assert returned.reason == "AC04"
    balances = await benefits.balances()
    assert (balances["L2"], balances.get("B3", 0)) == (-800_108, 0)
    await benefits.hear(person(who, version=2, number="3120205154321"))
    await benefits.approve(await benefits.prepare())
    order = await benefits.order_of(who)
    assert order["instructions"][-1]["state"] == "QUEUED"
    assert "L2" not in await benefits.balances()


async def test_a_double_debit_is_a_claim_on_the_bank_and_no_second_payment(
    benefits: Benefits, through: Through
) -> None:
    [who] = await approved(benefits, 800_113)
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    order = await through.until_attempt(who, "EXCEPTION")
    assert (order["state"], order["instructions"][0]["reason"]) == ("PAID", "double_debit")
    assert len(await benefits.events(PaymentSettled)) == 1
    assert (await benefits.balances())["A4"] == 800_113


async def test_a_debit_of_another_amount_pays_nobody_until_somebody_decides(
    benefits: Benefits, through: Through
) -> None:
    [who] = await approved(benefits, 800_112)
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    order = await through.until_attempt(who, "EXCEPTION")
    assert (order["state"], order["instructions"][0]["reason"]) == ("INSTRUCTED", "amount_mismatch")
    assert await benefits.events(PaymentSettled) == []
    assert (await benefits.balances())["A4"] == 800_113


async def test_what_the_bank_calls_settled_but_never_debits_is_not_paid(benefits: Benefits, through: Through) -> None:
    missing, other = await approved(benefits, 800_111, 800_000)
    await through.until_attempt(missing, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt(other, "BOOKED")
    order = await benefits.order_of(missing)
    assert (order["state"], order["instructions"][0]["state"]) == ("INSTRUCTED", "REPORTED_SETTLED")
    assert (await benefits.balances())["A2"] == -800_111


async def test_declared_money_is_recognised_and_other_money_waits_in_suspense(
    benefits: Benefits, through: Through
) -> None:
    await benefits.open_fund()
    await benefits.post(f"/funds/{FUND}/contributions", {"amount": 5_000_000, "reference": "KBNN 2026-11"})
    for reference, amount in (("KBNN 2026-11", 5_000_000), ("GIFT", 700_000)):
        credit = {"account": benefits.payer_number, "amount": amount, "reference": reference}
        (await through.bank.client.post("/admin/credits", json=credit)).raise_for_status()
    await through.close_day()
    await through.round()
    balances = await benefits.balances()
    assert balances["F1"] == -5_000_000
    assert balances["L3"] == -10_000_700_000  # with what the account held before its first statement


async def test_an_outage_of_the_bank_delays_and_loses_nothing(benefits: Benefits, through: Through) -> None:
    [who] = await approved(benefits, 800_000)
    async with through.bank.down():
        await through.round()
        # Nothing goes to a bank that cannot be asked first what it has of ours.
        assert (await benefits.order_of(who))["instructions"][0]["state"] == "QUEUED"
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt(who, "BOOKED")
    [truth] = await through.truth_of(who)
    assert truth["debited"] == 800_000


async def test_a_sender_that_died_in_the_call_leaves_one_payment(benefits: Benefits, through: Through) -> None:
    [who] = await approved(benefits, 800_000)
    # What a killed process leaves: the attempt is committed, the bank may or may not have the file.
    connection = await benefits.database.connect()
    await connection.execute("UPDATE payment_file SET state = 'SENDING', next_at = now() - interval '1 second'")
    await connection.execute("UPDATE payment_instruction SET state = 'SENDING'")
    await connection.close()
    await through.until_attempt(who, "REPORTED_SETTLED")
    await through.close_day()
    await through.until_attempt(who, "BOOKED")
    assert [one["debited"] for one in await through.truth_of(who)] == [800_000]


async def test_the_banks_own_answer_is_read_once_though_the_debit_came_first(
    benefits: Benefits, through: Through
) -> None:
    [who] = await approved(benefits, 800_000)
    run = (await benefits.get("/runs"))["items"][0]["id"]
    assert await through.work.send(benefits.database)
    await through.close_day()
    while (await benefits.order_of(who))["state"] != "PAID":
        await through.work.statements(benefits.database)
    [file] = await benefits.get(f"/runs/{run}/files")
    assert (file["state"], file["count"], file["total"], file["reports"]) == ("SENT", 1, 800_000, [])
    await through.round()
    [file] = await benefits.get(f"/runs/{run}/files")
    assert [report["state"] for report in file["reports"]] == ["applied"]
    assert (await benefits.order_of(who))["state"] == "PAID"
    assert not await through.work.status(benefits.database)
