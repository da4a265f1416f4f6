"""What the bank's codes change: rank by rank, never backwards, and no refusal of money that has moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.payments.domain.reasons import ReasonClass, reason_class
from services.benefits.payments.domain.states import InstructionState
from services.benefits.payments.domain.statuses import STATUS_CODES, TERMINAL, Change, change_by, inherited

State = InstructionState
FINAL = (State.REJECTED, State.CANCELLED, State.RETURNED, State.RETURN_EXPECTED, State.EXCEPTION)


@pytest.mark.parametrize(
    ("code", "state", "rank", "to"),
    [
        ("RCVD", State.UNKNOWN, 0, State.SENT),
        ("ACTC", State.SENT, 0, State.ACCEPTED),
        ("ACCP", State.SENDING, 0, State.ACCEPTED),
        ("ACSP", State.ACCEPTED, 30, State.IN_EXECUTION),
        ("ACSC", State.IN_EXECUTION, 50, State.REPORTED_SETTLED),
        ("ACCC", State.REPORTED_SETTLED, 60, State.REPORTED_SETTLED),
        ("BLCK", State.IN_EXECUTION, 55, State.BLOCKED_AT_BANK),
        ("RJCT", State.UNKNOWN, 0, State.REFUSED),
        ("RJCT", State.IN_EXECUTION, 50, State.REFUSED),
        ("RJCT", State.REPORTED_SETTLED, 60, State.RETURN_EXPECTED),
        ("RJCT", State.BOOKED, 60, State.RETURN_EXPECTED),
        ("CANC", State.ACCEPTED, 30, State.REVOKED),
        ("ACSC", State.REFUSED, 100, State.RETURN_EXPECTED),
        ("BLCK", State.REVOKED, 100, State.RETURN_EXPECTED),
        ("ACSP", State.REFUSED, 100, None),
        ("CANC", State.REFUSED, 100, None),
        ("ACSP", State.REPORTED_SETTLED, 60, None),
        ("ACTC", State.ACCEPTED, 30, None),
        ("ACCC", State.BOOKED, 60, None),
        ("ZZZZ", State.SENT, 0, None),
        ("PART", State.SENT, 0, None),
    ],
)
def test_a_code_takes_an_attempt_where_it_may(
    code: str, state: InstructionState, rank: int, to: InstructionState | None
) -> None:
    change = change_by(code, state, rank)
    assert (change.state if change else None) == to


@pytest.mark.parametrize("state", FINAL)
@pytest.mark.parametrize("code", sorted(STATUS_CODES))
def test_what_is_decided_stays_decided(state: InstructionState, code: str) -> None:
    assert change_by(code, state, 0) is None


@given(st.lists(st.sampled_from([*sorted(STATUS_CODES), "ZZZZ"]), max_size=8))
def test_repeated_and_late_reports_change_nothing(codes: list[str]) -> None:
    def end(reports: list[str]) -> Change:
        current = Change(State.SENT, 0)
        for code in reports:
            current = change_by(code, current.state, current.rank) or current
        return current

    positive = [code for code in codes if STATUS_CODES.get(code) and STATUS_CODES[code].rank < TERMINAL]
    assert end(positive).rank == end(sorted(positive)).rank == end(positive * 2).rank
    assert end([*positive, *positive[:3]]) == end(positive)


def test_a_group_status_is_that_of_all_only_where_none_is_listed() -> None:
    ids = frozenset({"A", "B"})
    assert inherited("RJCT", {}, ids) == {"A": "RJCT", "B": "RJCT"}
    assert inherited("ACCP", {}, ids) == {"A": "ACCP", "B": "ACCP"}
    assert inherited("PART", {}, ids) == {}
    assert inherited("ACSP", {"A": "RJCT"}, ids) == {"A": "RJCT"}


@pytest.mark.parametrize(
    ("source", "code", "expected"),
    [
        ("status", "AC04", ReasonClass.DATA),
        ("status", "MD07", ReasonClass.LIFE),
        ("status", "BE08", ReasonClass.REVIEW),
        ("status", "DU04", ReasonClass.DUPLICATE),
        ("status", "AM04", ReasonClass.FUNDS),
        ("status", "XB-7731", ReasonClass.REVIEW),
        ("status", None, ReasonClass.REVIEW),
        ("return", "AC16", ReasonClass.DATA),
        ("status", "AC16", ReasonClass.REVIEW),
    ],
)
def test_a_reason_has_the_class_of_its_own_list(source: str, code: str | None, expected: ReasonClass) -> None:
    assert reason_class(source, code) is expected  # type: ignore[arg-type]


def test_only_what_was_never_the_persons_matter_is_tried_again_as_it_is() -> None:
    assert {one for one in ReasonClass if one.reopens} == {ReasonClass.OURS, ReasonClass.FUNDS, ReasonClass.DATE}
