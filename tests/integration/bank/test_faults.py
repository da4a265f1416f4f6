"""The switches: what goes wrong is chosen by the account or the amount of a payment."""

import httpx
import pytest

from tests.support.payment_files import Pay, message_id, payment_file
from tests.support.simulated_bank import SimulatedBank


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        ("90101", "AC01"),
        ("90104", "AC04"),
        ("90106", "AC06"),
        ("90107", "MD07"),
        ("90108", "BE01"),
        ("90111", "AG01"),
        ("90114", "RR04"),
    ],
)
async def test_an_account_can_ask_for_a_rejection(bank: SimulatedBank, suffix: str, reason: str) -> None:
    bad, good = Pay(account=f"31202055{suffix}"), Pay()
    statuses = await bank.pay([bad, good])
    rejected = statuses[bad.end_to_end_id]
    assert (rejected.status, rejected.reason, rejected.reference) == ("RJCT", reason, None)
    assert statuses[good.end_to_end_id].status == "ACSC"
    statement = await bank.close()
    assert [entry.end_to_end_id for entry in statement.entries] == [good.end_to_end_id]
    assert (await bank.truth())[bad.end_to_end_id]["debited"] == 0


async def test_a_rejection_can_carry_a_reason_that_nobody_knows(bank: SimulatedBank) -> None:
    pay = Pay(account="3120205590119")
    status = (await bank.pay([pay]))[pay.end_to_end_id]
    assert (status.status, status.reason, status.own_reason) == ("RJCT", None, "XB-7731")


@pytest.mark.parametrize(
    ("pay", "reason"),
    [
        pytest.param(Pay(account="3120205590112"), "MD07", id="by account"),
        pytest.param(Pay(500_108), "AC04", id="by amount"),
        pytest.param(Pay(500_108, account="2200205123456", bin="970405"), "AC04", id="inside the bank"),
    ],
)
async def test_a_settled_payment_can_come_back_on_the_next_statement(
    bank: SimulatedBank, pay: Pay, reason: str
) -> None:
    statuses = await bank.pay([pay])
    first, second, third = [await bank.close() for _ in range(3)]
    assert statuses[pay.end_to_end_id].status == "ACSC"
    assert [(entry.amount, entry.return_reason) for entry in first.entries] == [(-pay.amount, None)]
    [returned] = second.entries
    assert (returned.amount, returned.end_to_end_id) == (pay.amount, pay.end_to_end_id)
    assert (returned.family, returned.return_reason) == ("PMNT/ICDT/RRTN", reason)
    assert third.entries == []
    truth = (await bank.truth())[pay.end_to_end_id]
    assert (truth["debited"], truth["returned"]) == (pay.amount, pay.amount)


@pytest.mark.parametrize(
    ("amount", "debits"),
    [
        pytest.param(500_111, [], id="settlement reported and no debit"),
        pytest.param(500_112, [-500_113], id="one VND too much"),
        pytest.param(500_113, [-500_113, -500_113], id="debited twice"),
    ],
)
async def test_a_statement_can_differ_from_what_was_reported(
    bank: SimulatedBank, amount: int, debits: list[int]
) -> None:
    pay = Pay(amount)
    assert (await bank.pay([pay]))[pay.end_to_end_id].status == "ACSC"
    statement = await bank.close()
    assert [entry.amount for entry in statement.entries] == debits
    assert len({entry.reference for entry in statement.entries}) == len(debits)
    assert (await bank.truth())[pay.end_to_end_id]["debited"] == -sum(debits)


@pytest.mark.parametrize(
    ("ending", "answered", "stored"),
    [
        pytest.param(101, False, False, id="silent, not accepted"),
        pytest.param(102, False, True, id="silent, accepted"),
        pytest.param(103, True, False, id="error 500, not accepted"),
        pytest.param(104, True, True, id="error 500, accepted"),
    ],
)
async def test_an_answer_can_be_lost_once_before_or_after_acceptance(
    bank: SimulatedBank, ending: int, answered: bool, stored: bool
) -> None:
    message, pay = message_id(), Pay(500_000 + ending)
    body = payment_file(message, [pay, Pay()])
    if answered:
        disturbed = await bank.send(message, body)
        assert (disturbed.status_code, disturbed.json()["processed"]) == (500, "unknown")
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            await bank.send(message, body)
    status = await bank.client.get(f"/v1/payment-files/{message}/status")
    assert status.status_code == (200 if stored else 404)
    again = await bank.send(message, body)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (202, stored)
    await bank.final_statuses(message)
    assert (await bank.truth())[pay.end_to_end_id]["debited"] == pay.amount
