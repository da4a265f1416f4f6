"""Accounts, balances and statements of the simulated bank."""

import pytest

from tests.support.payment_files import PAYER, Pay, message_id
from tests.support.simulated_bank import FUNDS, SimulatedBank, assert_chain


async def test_a_payment_beyond_the_funds_is_rejected_and_smaller_ones_go_on(bank: SimulatedBank) -> None:
    large, small = Pay(FUNDS * 2), Pay(1_000)
    statuses = await bank.pay([large, small])
    assert (statuses[large.end_to_end_id].status, statuses[large.end_to_end_id].reason) == ("RJCT", "AM04")
    assert statuses[small.end_to_end_id].status == "ACSC"


@pytest.mark.parametrize(("status", "reason"), [("closed", "AC04"), ("blocked", "AC06")])
@pytest.mark.parametrize("bin_", ["970405", "970436"], ids=["here", "at another bank"])
async def test_a_registered_account_that_takes_no_money_rejects_it(
    bank: SimulatedBank, bin_: str, status: str, reason: str
) -> None:
    account = f"77002001{bin_[-2:]}{'01' if status == 'closed' else '02'}"
    await bank.register(account, bin=bin_, holder="LO VAN PA", status=status)
    pay = Pay(account=account, bin=bin_)
    assert (await bank.pay([pay]))[pay.end_to_end_id].reason == reason


@pytest.mark.parametrize(("status", "reason"), [("closed", "AC05"), ("blocked", "AG07")])
async def test_a_payer_that_gives_no_money_is_rejected(bank: SimulatedBank, status: str, reason: str) -> None:
    payer = f"88002001{status.upper()}"
    await bank.register(payer, status=status, balance=1_000_000)
    pay = Pay()
    assert (await bank.pay([pay], payer))[pay.end_to_end_id].reason == reason


async def test_money_inside_the_bank_reaches_the_payee(bank: SimulatedBank) -> None:
    pay = Pay(account="2200205777777", bin="970405")
    await bank.pay([pay])
    balance = (await bank.client.get(f"/v1/accounts/{pay.account}/balance")).json()
    assert (balance["balance"], balance["currency"]) == (pay.amount, "VND")


async def test_money_arrives_once_for_a_reference(bank: SimulatedBank) -> None:
    credit = {"account": PAYER, "amount": 9_000_000, "reference": f"KBNN {message_id()}"}
    first, second = [await bank.client.post("/admin/credits", json=credit) for _ in range(2)]
    conflict = await bank.client.post("/admin/credits", json=credit | {"amount": 1})
    assert [answer.status_code for answer in (first, second, conflict)] == [201, 200, 409]
    assert first.json() == second.json()
    [entry] = (await bank.close()).entries
    assert (entry.amount, entry.family) == (9_000_000, "PMNT/RCDT/DMCT")


async def test_registering_again_changes_who_holds_an_account_but_not_its_money(bank: SimulatedBank) -> None:
    account = "5500200100017"
    first = {"account": account, "balance": 4_000_000, "holder": "A"}
    answers = [
        await bank.client.post("/admin/accounts", json=first | change)
        for change in ({}, {"holder": "B"}, {"balance": 5_000_000})
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 409]
    standing = (await bank.client.get(f"/v1/accounts/{account}/balance")).json()
    assert (standing["holder"], standing["balance"]) == ("B", 4_000_000)


async def test_statements_chain_and_never_change(bank: SimulatedBank) -> None:
    payer = "6600200100017"
    await bank.register(payer, balance=2_000_000)
    for amount in (100_000, 200_108):
        await bank.pay([Pay(amount)], payer)
        await bank.close(payer)
    await bank.close(payer)
    path = f"/v1/accounts/{payer}/statements"
    listed = (await bank.client.get(path)).json()
    assert [one["sequence"] for one in listed] == [1, 2, 3]
    assert (await bank.client.get(path, params={"after": 1})).json() == listed[1:]
    before = [(await bank.client.get(f"{path}/{number}")).content for number in (1, 2, 3)]
    await bank.pay([Pay(50_000)], payer)
    assert [(await bank.client.get(f"{path}/{number}")).content for number in (1, 2, 3)] == before
    statements = [await bank.statement(number, payer) for number in (1, 2, 3)]
    assert statements[0].opening == 2_000_000
    assert_chain(statements)
    assert (await bank.client.get(f"{path}/4")).status_code == 404


async def test_an_unknown_account_has_neither_balance_nor_statements(bank: SimulatedBank) -> None:
    for path in ("balance", "statements"):
        assert (await bank.client.get(f"/v1/accounts/1234567890/{path}")).status_code == 404
