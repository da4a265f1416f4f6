"""The holder's name that we have beside the bank's: what is the same, what a person must look at, what is another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.payments.domain.verification import Verdict, compare

_NAMES = st.lists(
    st.sampled_from(["Đặng", "Thị", "Lan", "Hương", "Nguyễn", "Văn", "Đức", "Hà", "Mận", "Sùng", "A", "Páo"]),
    min_size=2,
    max_size=5,
)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ("Đặng Văn Đức", "DANG VAN DUC", Verdict.MATCH),
        ("H’Hen Niê", "HHEN NIE", Verdict.MATCH),
        ("  Đặng  Văn Đức ", "dang van duc", Verdict.MATCH),
        ("Nguyễn Thị Thu Hương", "NGUYEN T T HUONG", Verdict.CLOSE),
        ("Nguyễn Thị Thu Hương", "NGUYEN HUONG", Verdict.CLOSE),
        ("Nguyễn Hương", "NGUYEN THI THU HUONG", Verdict.CLOSE),
        ("Đặng Văn Đức", "DUC DANG VAN", Verdict.CLOSE),
        ("Đặng Thị Lan", "DANG THI LAM", Verdict.CLOSE),
        ("Đặng Thị Lan", "DANG VAN LAN", Verdict.NO_MATCH),
        ("Đặng Thị Lan", "HA THI MAN", Verdict.NO_MATCH),
        ("Đặng Thị Lan", "", Verdict.NOT_CHECKABLE),
    ],
)
def test_names_side_by_side(ours: str, theirs: str, verdict: Verdict) -> None:
    assert compare(ours, theirs, 0.85) is verdict


@given(_NAMES, _NAMES, st.floats(0.5, 1))
def test_both_sides_say_the_same_and_only_the_same_letters_match(
    one: list[str], other: list[str], close: float
) -> None:
    first, second = " ".join(one), " ".join(other)
    assert compare(first, second, close) is compare(second, first, close)
    assert compare(first, first.upper(), close) is Verdict.MATCH
    if compare(first, second, close) is Verdict.MATCH:
        assert one == other
