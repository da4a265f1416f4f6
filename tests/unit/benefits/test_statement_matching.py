"""What a statement's entries mean, and which statements are refused."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.ledger.domain.journal import Purpose
from services.benefits.payments.domain.matching import Attempt, Judgement, Matcher, Outcome, Pledge
from services.benefits.payments.domain.statement import Entry, Reconciled, Statement, refusal, totals_of
from services.benefits.payments.domain.states import CLOSED, OUT, InstructionState

DAY = date(2026, 11, 23)
PURPOSE = Purpose("STATE_PROVINCE", "p", 2026)
OURS = "01KEZ8Q0M1X3J5V7T9B2D4F6H8"


def entry(amount: int, end_to_end_id: str | None = OURS, **changes: Any) -> Entry:
    """An entry; a negative amount is a debit."""
    plain = Entry(1, "debit" if amount < 0 else "credit", abs(amount), DAY, end_to_end_id, "FT1", None, False, None)
    return replace(plain, **changes)


def attempt(state: InstructionState = InstructionState.SENT, booked_on: date | None = None) -> Attempt:
    return Attempt(UUID(int=1), UUID(int=2), 500_000, PURPOSE, state, booked_on)


def judged(
    *entries: Entry, known: Attempt | None = None, pledges: dict[str, Pledge] | None = None, largest_kept: int = 66_000
) -> list[Judgement]:
    matcher = Matcher(
        fund="STATE_PROVINCE",
        bank_account="PHUTHO-01",
        attempts={OURS: known or attempt()},
        pledges=pledges or {},
        largest_kept=largest_kept,
    )
    return matcher.judge(entries)


RETURN: dict[str, Any] = {"is_return": True, "return_reason": "AC04"}


@pytest.mark.parametrize(
    ("entries", "known", "outcomes", "state"),
    [
        pytest.param([entry(-500_000)], attempt(), ["paid"], "BOOKED", id="debit of ours"),
        pytest.param([entry(-500_000), entry(-500_000)], attempt(), ["paid", "double_debit"], "EXCEPTION", id="twice"),
        pytest.param([entry(-500_001)], attempt(), ["amount_mismatch"], "EXCEPTION", id="other amount"),
        pytest.param(
            [entry(-500_001), entry(-500_000)],
            attempt(),
            ["amount_mismatch", "double_debit"],
            "EXCEPTION",
            id="then ours",
        ),
        pytest.param([entry(-500_000, "X")], attempt(), ["unknown_debit"], None, id="debit of nobody"),
        pytest.param([entry(-500_000, None)], attempt(), ["unknown_debit"], None, id="debit without an id"),
        pytest.param(
            [entry(-500_000), entry(500_000, **RETURN)],
            attempt(),
            ["paid", "returned"],
            "RETURNED",
            id="paid, returned",
        ),
        pytest.param(
            [entry(500_000, **RETURN)],
            attempt(InstructionState.BOOKED, DAY),
            ["returned"],
            "RETURNED",
            id="returned in a later statement",
        ),
        pytest.param(
            [entry(500_000, **RETURN)],
            attempt(InstructionState.RETURNED, DAY),
            ["return_unmatched"],
            None,
            id="the same return again",
        ),
        pytest.param(
            [entry(495_000, **RETURN)],
            attempt(InstructionState.BOOKED, DAY),
            ["returned_partial"],
            "RETURNED",
            id="returned less a fee",
        ),
        pytest.param(
            [entry(400_000, **RETURN)],
            attempt(InstructionState.BOOKED, DAY),
            ["return_unmatched"],
            None,
            id="returned less than a fee explains",
        ),
        pytest.param([entry(500_000, **RETURN)], attempt(), ["return_unmatched"], None, id="return before a debit"),
        pytest.param([entry(500_000, "X", **RETURN)], attempt(), ["return_unmatched"], None, id="return of nobody"),
        pytest.param(
            [entry(-500_000)],
            attempt(InstructionState.REJECTED),
            ["debit_after_close"],
            "REJECTED",
            id="debited though rejected",
        ),
        pytest.param(
            [entry(-500_000)],
            attempt(InstructionState.RETURN_EXPECTED),
            ["paid"],
            "RETURN_EXPECTED",
            id="refused after settlement: the debit first",
        ),
        pytest.param(
            [entry(500_000, **RETURN)],
            attempt(InstructionState.RETURN_EXPECTED, DAY),
            ["returned"],
            "RETURNED",
            id="refused after settlement: then the return",
        ),
        pytest.param([entry(700, None)], attempt(), ["unknown_credit"], None, id="money from nobody"),
    ],
)
def test_the_statement_decides(entries: list[Entry], known: Attempt, outcomes: list[str], state: str | None) -> None:
    result = judged(*entries, known=known)
    assert [one.outcome.value for one in result] == outcomes
    last = result[-1].attempt
    assert (last.state if last else None) == state


@pytest.mark.parametrize("state", sorted(OUT))
def test_a_debit_books_an_attempt_in_any_state_that_the_bank_may_have_it_in(state: InstructionState) -> None:
    [one] = judged(entry(-500_000), known=attempt(state))
    assert one.outcome is Outcome.PAID


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_a_closed_attempt_stays_closed(state: InstructionState) -> None:
    [one] = judged(entry(-500_000), known=attempt(state, DAY if state is InstructionState.RETURNED else None))
    assert one.outcome is Outcome.DEBIT_AFTER_CLOSE
    assert one.attempt is not None
    assert one.attempt.state is state


@pytest.mark.parametrize(
    ("kept", "agreed", "outcome"),
    [
        (11_000, 11_000, Outcome.RETURNED_PARTIAL),
        (11_001, 11_000, Outcome.RETURN_UNMATCHED),
        (1, 0, Outcome.RETURN_UNMATCHED),
    ],
)
def test_a_bank_keeps_no_more_of_a_return_than_is_agreed(kept: int, agreed: int, outcome: Outcome) -> None:
    paid = attempt(InstructionState.BOOKED, DAY)
    [one] = judged(entry(500_000 - kept, **RETURN), known=paid, largest_kept=agreed)
    assert one.outcome is outcome


def test_a_contribution_is_recognised_once_by_its_reference_and_amount() -> None:
    pledges = {"KBNN 1": Pledge(UUID(int=9), 700)}
    right, again = (entry(700, None, narrative="KBNN 1") for _ in range(2))
    outcomes = [one.outcome for one in judged(entry(701, None, narrative="KBNN 1"), right, again, pledges=pledges)]
    assert outcomes == [Outcome.UNKNOWN_CREDIT, Outcome.CONTRIBUTION, Outcome.UNKNOWN_CREDIT]


signed_entries = st.lists(
    st.builds(
        entry,
        st.sampled_from([-500_000, -500_001, 500_000, 700]),
        st.sampled_from([OURS, "X", None]),
        is_return=st.booleans(),
    ),
    max_size=6,
)


@given(signed_entries, st.sampled_from(list(InstructionState)))
def test_cash_in_the_books_moves_by_exactly_what_the_statement_shows(
    entries: list[Entry], state: InstructionState
) -> None:
    booked = state in (InstructionState.BOOKED, InstructionState.RETURNED)
    for one in judged(*entries, known=attempt(state, DAY if booked else None)):
        cash = [posting for posting in one.postings if posting.account == "A1"]
        assert [posting.amount if posting.side == "debit" else -posting.amount for posting in cash] == [
            totals_of([(one.entry.side, one.entry.amount)]).signed
        ]


@given(signed_entries)
def test_whatever_a_statement_shows_an_attempt_is_paid_at_most_once(entries: list[Entry]) -> None:
    outcomes = [one.outcome for one in judged(*entries)]
    assert outcomes.count(Outcome.PAID) <= 1
    assert outcomes.count(Outcome.RETURNED) <= outcomes.count(Outcome.PAID)


ENTRIES = (entry(300), entry(-500))
GOOD = Statement(
    "S-2", 2, "1900", DAY, 1_000, 800, (1, 300), (1, 500), totals_of([("credit", 300), ("debit", 500)]), ENTRIES
)


def test_a_statement_that_follows_is_booked() -> None:
    assert refusal(GOOD, "1900", Reconciled(1, 1_000)) is None
    assert refusal(GOOD, "1900", None) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"account": "1901"}, "another account"),
        ({"sequence": 3}, "sequence 3 where 2"),
        ({"sequence": 1}, "sequence 1 where 2"),
        ({"opening": 1_001, "closing": 801}, "opening balance"),
        ({"closing": 801}, "do not lead"),
        ({"totals": totals_of([("credit", 300)])}, "do not lead"),
        ({"declared_credits": (2, 300)}, "declared sums"),
        ({"declared_debits": (1, 501)}, "declared sums"),
    ],
)
def test_a_statement_that_does_not_follow_or_add_up_is_refused(changes: dict[str, Any], why: str) -> None:
    assert why in (refusal(replace(GOOD, **changes), "1900", Reconciled(1, 1_000)) or "")
