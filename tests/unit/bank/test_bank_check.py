"""Two books beside each other: every difference has a name, what the bank has not shown yet is none."""

from dataclasses import replace

import pytest

from deploy.bank_check import Ours, Theirs, compare

PAID = Ours("TINH-20261128-0001-A", "TINH", 500_000, "BOOKED", 500_000, 0)
BOOKED = Theirs("TINH-20261128-0001-A", "1900", 500_000, "ACSC", 500_000, 0, 500_000, 0)
UNPAID, NOT_BOOKED = (
    replace(PAID, state="REJECTED", debited=0),
    replace(BOOKED, status="RJCT", debited=0, shown_debited=0),
)
RETURNED = replace(PAID, state="RETURNED", returned=500_000)
GIVEN_BACK = replace(BOOKED, returned=500_000, shown_returned=500_000)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(PAID, BOOKED, id="paid"),
        pytest.param(UNPAID, NOT_BOOKED, id="refused"),
        pytest.param(RETURNED, GIVEN_BACK, id="returned"),
        pytest.param(replace(UNPAID, state="UNKNOWN"), None, id="unknown, and the bank never had it"),
        pytest.param(replace(UNPAID, state="SENT"), replace(BOOKED, shown_debited=0), id="not on a statement yet"),
        pytest.param(
            replace(PAID, state="EXCEPTION", debited=1_000_000),
            replace(BOOKED, debited=1_000_000, shown_debited=1_000_000),
            id="debited twice, and we hold the bank to it",
        ),
    ],
)
def test_books_that_say_the_same_agree(ours: Ours, theirs: Theirs | None) -> None:
    result = compare({"A": ours}, {"A": theirs} if theirs else {})
    assert result.differences == []
    assert all(mine == bank for mine, bank in result.net.values())


@pytest.mark.parametrize(
    ("ours", "theirs", "named"),
    [
        pytest.param(PAID, None, "unknown to the bank", id="the bank knows nothing of what we paid"),
        pytest.param(replace(UNPAID, state="SENT"), None, "unknown to the bank", id="it lost a file"),
        pytest.param(None, BOOKED, "unknown to us", id="we know nothing of what it paid"),
        pytest.param(UNPAID, BOOKED, "paid and returned differ", id="it paid and we say not"),
        pytest.param(PAID, NOT_BOOKED, "paid and returned differ", id="we say paid and it did not"),
        pytest.param(PAID, GIVEN_BACK, "paid and returned differ", id="we missed a return"),
        pytest.param(
            PAID, replace(BOOKED, debited=1_000_000, shown_debited=1_000_000), "paid and returned differ", id="twice"
        ),
        pytest.param(PAID, replace(BOOKED, amount=500_001), "amounts differ", id="another amount"),
    ],
)
def test_each_difference_is_named(ours: Ours | None, theirs: Theirs | None, named: str) -> None:
    result = compare({"A": ours} if ours else {}, {"A": theirs} if theirs else {})
    assert any(named in one and one.startswith("A: ") for one in result.differences)
