"""Rates: two decimals half up, and never a 0 that nobody knows."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.domain.map_classes import map_class
from services.indicators.domain.rates import NoRate, Rate, change, hundredths_of_percent, rate


@pytest.mark.parametrize(
    ("part", "whole", "hundredths"),
    [
        pytest.param(31_488, 997_683, 316, id="poor of the merged province in 2024"),
        pytest.param(34_036, 997_683, 341, id="near-poor of the merged province in 2024"),
        pytest.param(65_524, 997_683, 657, id="both of the merged province in 2024"),
        pytest.param(1, 20_000, 1, id="half a hundredth goes up"),
        pytest.param(1, 20_001, 0, id="less than half goes down"),
        pytest.param(0, 20, 0, id="a known 0"),
        pytest.param(20, 20, 10_000, id="all"),
    ],
)
def test_a_rate_has_two_decimals_half_up(part: int, whole: int, hundredths: int) -> None:
    assert hundredths_of_percent(part, whole) == hundredths


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_a_rate_is_within_half_a_hundredth_of_the_exact_share(part: int, whole: int) -> None:
    off = hundredths_of_percent(part, whole) - Fraction(10_000 * part, whole)
    assert Fraction(-1, 2) < off <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("base", "decided", "reason"),
    [
        pytest.param(None, True, NoRate.NO_BASE, id="no published number"),
        pytest.param(0, True, NoRate.NO_BASE, id="a published nothing"),
        pytest.param(19, True, NoRate.SMALL_BASE, id="19 households"),
        pytest.param(None, False, NoRate.NO_DECISIONS, id="nothing decided, nothing published"),
        pytest.param(1000, False, NoRate.NO_DECISIONS, id="nothing decided"),
    ],
)
def test_a_rate_that_cannot_be_told_says_why(base: int | None, decided: bool, reason: NoRate) -> None:
    assert rate(0, base, decided=decided) == Rate(None, reason)


def test_twenty_households_are_enough() -> None:
    assert rate(1, 20, decided=True) == Rate(500)


def test_a_change_is_what_a_reader_subtracts() -> None:
    assert change(Rate(302), Rate(316)) == Rate(-14)
    assert change(Rate(302), Rate(None, NoRate.NO_BASE)) == Rate(None, NoRate.NO_BASE)


@pytest.mark.parametrize(
    ("hundredths", "number"), [(0, 1), (199, 1), (200, 2), (500, 3), (999, 3), (1000, 4), (2000, 5), (9000, 5)]
)
def test_the_classes_of_the_map_are_fixed(hundredths: int, number: int) -> None:
    assert map_class(Rate(hundredths)) == number


def test_without_a_rate_there_is_no_class() -> None:
    assert map_class(Rate(None, NoRate.SMALL_BASE)) is None
