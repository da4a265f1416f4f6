"""The books: which accounts each happening moves, and that nothing unbalanced can be written."""

from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Account, Journal, Posting, Purpose, Unbalanced, transfer

PURPOSE = Purpose("STATE_PROVINCE", "monthly-assistance-poor-elderly", 2026)
BANK = "PHUTHO-01"


def moved(postings: Iterable[Posting]) -> list[tuple[str, str, int]]:
    return [(posting.account.value, posting.side, posting.amount) for posting in postings]


@pytest.mark.parametrize(
    ("postings", "expected"),
    [
        pytest.param(templates.allotment(5, PURPOSE), "B1+B0-", id="allotment"),
        pytest.param(templates.commitment(5, PURPOSE), "B2+B1-", id="award approved"),
        pytest.param(templates.obligation(5, PURPOSE), "E1+L1-", id="run approved"),
        pytest.param(templates.reservation(5, PURPOSE, "L1"), "L1+A2-", id="first attempt"),
        pytest.param(templates.reservation(5, PURPOSE, "L2"), "L2+A2-", id="attempt after a return"),
        pytest.param(templates.voided_reservation(5, PURPOSE, "L1"), "A2+L1-", id="rejected"),
        pytest.param(templates.voided_reservation(5, PURPOSE, "L2"), "A2+L2-", id="rejected after a return"),
        pytest.param(templates.booked_debit(5, PURPOSE, BANK), "B3+B2-A2+A1-", id="debit on the statement"),
        pytest.param(templates.booked_return(5, PURPOSE, BANK), "B2+B3-A1+L2-", id="return on the statement"),
        pytest.param(templates.contribution(5, "DONOR:X", BANK), "A1+F1-", id="declared money arrived"),
        pytest.param(templates.unknown_credit(5, "DONOR:X", BANK), "A1+L3-", id="unknown money arrived"),
        pytest.param(templates.unknown_debit(5, "DONOR:X", BANK), "S1+A1-", id="unknown money left"),
        pytest.param(templates.wrong_debit(5, PURPOSE, BANK), "A4+A1-", id="claim on the bank"),
    ],
)
def test_each_happening_moves_its_accounts(postings: tuple[Posting, ...], expected: str) -> None:
    signs = {"debit": "+", "credit": "-"}
    assert "".join(account + signs[side] for account, side, _ in moved(postings)) == expected
    assert {amount for _, _, amount in moved(postings)} == {5}
    Journal("cause", "kind", date(2026, 11, 23), "somebody", postings)


amounts = st.integers(1, 10**15)
steps = st.sampled_from(["paid", "rejected", "returned"])


@given(st.lists(st.tuples(amounts, st.lists(steps, min_size=1, max_size=4)), min_size=1, max_size=8))
def test_whatever_becomes_of_orders_every_account_says_what_it_should(orders: list[tuple[int, list[str]]]) -> None:
    """Each order goes through attempts that are rejected or returned until one is paid or they end."""
    balances: dict[str, int] = {}

    def book(postings: tuple[Posting, ...]) -> None:
        Journal("cause", "kind", date(2026, 11, 23), "somebody", postings)
        for account, side, amount in moved(postings):
            balances[account] = balances.get(account, 0) + (amount if side == "debit" else -amount)

    paid = total = 0
    for amount, history in orders:
        total += amount
        payable: templates.Payable = "L1"
        book(templates.commitment(amount, PURPOSE) + templates.obligation(amount, PURPOSE))
        for step in history:
            book(templates.reservation(amount, PURPOSE, payable))
            if step == "rejected":
                book(templates.voided_reservation(amount, PURPOSE, payable))
                continue
            book(templates.booked_debit(amount, PURPOSE, BANK))
            if step == "paid":
                paid += amount
                break
            book(templates.booked_return(amount, PURPOSE, BANK))
            payable = "L2"
    assert sum(balances.values()) == 0
    assert balances["E1"] == total
    assert balances.get("A1", 0) == -paid
    assert balances.get("A2", 0) == 0
    assert -balances.get("L1", 0) - balances.get("L2", 0) == total - paid
    assert (balances.get("B3", 0), balances["B2"]) == (paid, total - paid)


@given(amounts, amounts)
def test_an_unbalanced_journal_cannot_be_made(debit: int, credit: int) -> None:
    postings = (
        Posting(Account.BENEFIT_EXPENSE, "debit", debit, PURPOSE),
        Posting(Account.BENEFITS_PAYABLE, "credit", credit, PURPOSE),
    )
    if debit == credit:
        assert Journal("c", "k", date(2026, 1, 1), "s", postings).postings == postings
    else:
        with pytest.raises(Unbalanced):
            Journal("c", "k", date(2026, 1, 1), "s", postings)


def test_one_fund_cannot_pay_for_another_and_budget_cannot_balance_money() -> None:
    cross_fund = (
        Posting(Account.BENEFIT_EXPENSE, "debit", 5, Purpose("A")),
        Posting(Account.BENEFITS_PAYABLE, "credit", 5, Purpose("B")),
    )
    cross_book = transfer(Account.ENCUMBERED, Account.BENEFITS_PAYABLE, 5, PURPOSE)
    for postings in (cross_fund, cross_book, ()):
        with pytest.raises(Unbalanced):
            Journal("c", "k", date(2026, 1, 1), "s", postings)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_posting_is_over_zero(amount: int) -> None:
    with pytest.raises(ValueError, match="over zero"):
        Posting(Account.BENEFIT_EXPENSE, "debit", amount, PURPOSE)
