"""Movements between classes, and the identity that the official movement tables rest on."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.transitions import transition
from shared.events.registry import HouseholdClass, Transition

CLASSES: tuple[HouseholdClass, ...] = ("poor", "near_poor", "not_poor")


@pytest.mark.parametrize(
    ("history", "decided", "expected"),
    [
        pytest.param([], "poor", "new_poor", id="first ever, poor"),
        pytest.param([], "near_poor", "new_near_poor", id="first ever, near-poor"),
        pytest.param([], "not_poor", None, id="first ever, not poor"),
        pytest.param(["poor"], "poor", None, id="stays poor"),
        pytest.param(["poor"], "near_poor", "escaped_to_near_poor", id="poor to near-poor"),
        pytest.param(["poor"], "not_poor", "escaped_above_near_poor", id="poor to above"),
        pytest.param(["near_poor"], "poor", "near_poor_to_poor", id="near-poor to poor"),
        pytest.param(["near_poor"], "near_poor", None, id="stays near-poor"),
        pytest.param(["near_poor"], "not_poor", "rose_above_near_poor", id="near-poor to above"),
        pytest.param(["not_poor"], "poor", "new_poor", id="never poor before"),
        pytest.param(["not_poor"], "near_poor", "new_near_poor", id="never near-poor before"),
        pytest.param(["poor", "not_poor"], "poor", "re_poor", id="poor again after escaping"),
        pytest.param(["near_poor", "not_poor"], "near_poor", "re_near_poor", id="near-poor again"),
        pytest.param(["near_poor", "not_poor"], "poor", "new_poor", id="poor for the first time"),
        pytest.param(["poor", "not_poor"], "near_poor", "new_near_poor", id="near-poor for the first time"),
        pytest.param(["poor", "near_poor", "not_poor"], "poor", "re_poor", id="poor long ago"),
        pytest.param(["poor", "near_poor"], "poor", "near_poor_to_poor", id="out of the near-poor list"),
    ],
)
def test_worked_cases(history: list[HouseholdClass], decided: HouseholdClass, expected: Transition | None) -> None:
    assert transition(history, decided) == expected


@given(st.lists(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=6), max_size=40))
def test_the_movement_tables_add_up(histories: list[list[HouseholdClass]]) -> None:
    moves = Counter(transition(history[:-1], history[-1]) for history in histories)

    def count(index: int, household_class: HouseholdClass) -> int:
        return sum(history[index] == household_class for history in histories if len(history) >= -index)

    poor = count(-2, "poor") - moves["escaped_to_near_poor"] - moves["escaped_above_near_poor"]
    assert count(-1, "poor") == poor + moves["near_poor_to_poor"] + moves["re_poor"] + moves["new_poor"]
    near_poor = count(-2, "near_poor") - moves["near_poor_to_poor"] - moves["rose_above_near_poor"]
    assert count(-1, "near_poor") == (
        near_poor + moves["escaped_to_near_poor"] + moves["re_near_poor"] + moves["new_near_poor"]
    )
