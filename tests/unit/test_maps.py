"""What a unit of one map is on another: merged, split, given another's code, and back."""

from dataclasses import dataclass
from datetime import date

import pytest

from shared.maps import OtherMap, counterparts, is_unplaced, place_on_map, unplaced

FIRST, SECOND = date(2025, 1, 1), date(2025, 7, 1)
EARLY, BETWEEN, LATE = date(2024, 6, 1), date(2025, 3, 1), date(2026, 1, 1)


@dataclass(frozen=True)
class Step:
    old_code: str
    new_code: str
    effective: date


# A goes into B in winter; in summer B and C become C, the code B is given to D, and E is split between E and F.
STEPS = [
    Step("A", "B", FIRST),
    Step("B", "B", FIRST),
    Step("B", "C", SECOND),
    Step("C", "C", SECOND),
    Step("D", "B", SECOND),
    Step("E", "E", SECOND),
    Step("E", "F", SECOND),
]


@pytest.mark.parametrize(
    ("code", "on", "seen_on", "expected"),
    [
        ("A", EARLY, EARLY, {"A"}),
        ("A", EARLY, BETWEEN, {"B"}),
        ("A", EARLY, LATE, {"C"}),
        ("B", BETWEEN, LATE, {"C"}),
        ("B", LATE, BETWEEN, {"D"}),
        ("C", LATE, BETWEEN, {"B", "C"}),
        ("C", LATE, EARLY, {"A", "B", "C"}),
        ("E", BETWEEN, LATE, {"E", "F"}),
        ("F", LATE, BETWEEN, {"E"}),
        ("X", EARLY, LATE, {"X"}),
        ("X", LATE, EARLY, {"X"}),
        (unplaced("E"), LATE, BETWEEN, {"E"}),
        (unplaced("E"), LATE, LATE, {unplaced("E")}),
    ],
)
def test_each_unit_on_each_map(code: str, on: date, seen_on: date, expected: set[str]) -> None:
    assert counterparts(code, STEPS, on=on, seen_on=seen_on) == expected


def test_the_households_own_place_decides_where_the_map_leaves_it_open() -> None:
    assert place_on_map("F", {"E", "F"}) == "F"
    assert place_on_map("Z", {"E", "F"}) is None, "it moved elsewhere by itself"
    assert place_on_map(None, {"C"}) == "C"
    assert place_on_map("Z", {"C"}) == "C"


def test_what_waits_to_be_placed_is_no_unit() -> None:
    assert is_unplaced(unplaced("04891"))
    assert not is_unplaced("04891")


@pytest.mark.parametrize(
    ("code", "on", "seen_on", "own", "expected"),
    [
        ("A", EARLY, LATE, None, "C"),
        ("E", BETWEEN, LATE, "F", "F"),
        ("E", BETWEEN, LATE, unplaced("E"), None),
        (unplaced("E"), LATE, LATE, unplaced("E"), None),
        (unplaced("E"), LATE, LATE, "F", "F"),
        (unplaced("E"), LATE, BETWEEN, None, "E"),
        (unplaced("E"), LATE, EARLY, "E", "E"),
    ],
)
def test_a_household_counts_in_one_unit_of_a_map_or_in_none(
    code: str, on: date, seen_on: date, own: str | None, expected: str | None
) -> None:
    assert OtherMap(STEPS, seen_on).place(code, on, own) == expected
