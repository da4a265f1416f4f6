"""Which class findings propose, at and around every threshold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.classification import (
    IncomeRoute,
    Route,
    ScoreRoute,
    ScoreRouteUnknown,
    UnknownIndicator,
    classify,
)
from services.registry.domain.standards import Standard, standards
from shared.events.registry import HouseholdClass, Setting

OLD = standards().named("vn-2022-2025")
NEW = standards().named("vn-2026-2030")
NUMBERED = {standard.code: standard.indicator_codes for standard in (OLD, NEW)}


def score(points: int) -> ScoreRoute:
    return ScoreRoute(kind="score", b1_points=points)


def income(amount: int) -> IncomeRoute:
    return IncomeRoute(kind="income", income_per_person_month=amount)


@pytest.mark.parametrize(
    ("standard", "setting", "route", "deprivations", "expected"),
    [
        pytest.param(OLD, "rural", score(140), 3, "poor", id="rural, 140 points is still below"),
        pytest.param(OLD, "rural", score(141), 3, "not_poor", id="rural, 141 points is above"),
        pytest.param(OLD, "urban", score(175), 3, "poor", id="urban, 175 points is still below"),
        pytest.param(OLD, "urban", score(176), 3, "not_poor", id="urban, 176 points is above"),
        pytest.param(OLD, "urban", score(141), 3, "poor", id="urban, the rural cut-off means nothing"),
        pytest.param(OLD, "rural", score(140), 2, "near_poor", id="two deprivations are near-poor"),
        pytest.param(OLD, "rural", score(0), 0, "near_poor", id="no deprivation is near-poor, not not-poor"),
        pytest.param(OLD, "rural", score(141), 12, "not_poor", id="above the line nothing else counts"),
        pytest.param(OLD, "rural", income(1_500_000), 3, "poor", id="rural, income equal to the line"),
        pytest.param(OLD, "rural", income(1_500_001), 12, "not_poor", id="rural, one dong above"),
        pytest.param(OLD, "urban", income(2_000_000), 3, "poor", id="urban, income equal to the line"),
        pytest.param(OLD, "urban", income(2_000_001), 3, "not_poor", id="urban, one dong above"),
        pytest.param(OLD, "urban", income(2_000_000), 2, "near_poor", id="urban, near-poor at the line"),
        pytest.param(OLD, "rural", income(0), 0, "near_poor", id="no income and no deprivation"),
        pytest.param(NEW, "rural", income(2_200_000), 3, "poor", id="2026-2030, rural line"),
        pytest.param(NEW, "rural", income(2_200_001), 3, "not_poor", id="2026-2030, above the rural line"),
        pytest.param(NEW, "rural", income(2_200_000), 2, "near_poor", id="2026-2030, rural near-poor at the line"),
        pytest.param(NEW, "urban", income(2_800_000), 2, "near_poor", id="2026-2030, urban near-poor"),
        pytest.param(NEW, "urban", income(2_800_000), 3, "poor", id="2026-2030, urban line"),
        pytest.param(NEW, "urban", income(2_800_001), 12, "not_poor", id="2026-2030, above the urban line"),
    ],
)
def test_worked_cases(
    standard: Standard, setting: Setting, route: Route, deprivations: int, expected: HouseholdClass
) -> None:
    proposal = classify(standard, setting, route, standard.indicator_codes[:deprivations])
    assert proposal.household_class == expected
    assert proposal.b2_points == 10 * deprivations


@pytest.mark.parametrize(
    ("standard", "indicator"), [(each, code) for each in (OLD, NEW) for code in NUMBERED[each.code]]
)
def test_each_indicator_alone_is_worth_ten_points_and_is_the_third_that_makes_poor(
    standard: Standard, indicator: str
) -> None:
    assert classify(standard, "rural", income(0), [indicator]).b2_points == 10
    others = [code for code in standard.indicator_codes if code != indicator][:2]
    assert classify(standard, "rural", income(0), others).household_class == "near_poor"
    assert classify(standard, "rural", income(0), [*others, indicator]).household_class == "poor"


def test_reasons_name_criterion_value_threshold_and_law() -> None:
    proposal = classify(OLD, "rural", income(1_600_000), ["nutrition"])
    below, lacking = proposal.reasons
    assert (below.criterion, below.value, below.comparison, below.threshold, below.met) == (
        "income_per_person_month",
        1_600_000,
        "at_most",
        1_500_000,
        False,
    )
    assert (lacking.criterion, lacking.value, lacking.comparison, lacking.threshold, lacking.met) == (
        "deprivations",
        1,
        "at_least",
        3,
        False,
    )
    assert "07/2021/NĐ-CP" in below.legal_basis
    assert proposal.b1_points is None


def test_a_standard_without_known_cutoffs_refuses_scores() -> None:
    with pytest.raises(ScoreRouteUnknown):
        classify(NEW, "rural", score(100), [])


@pytest.mark.parametrize(
    ("standard", "deprivations"),
    [
        pytest.param(OLD, ["waste_treatment"], id="an indicator of the next standard"),
        pytest.param(NEW, ["information_means"], id="an indicator of the standard before"),
        pytest.param(OLD, ["nutrition", "nutrition"], id="one twice"),
    ],
)
def test_an_indicator_that_the_standard_lacks_is_refused(standard: Standard, deprivations: list[str]) -> None:
    with pytest.raises(UnknownIndicator):
        classify(standard, "rural", income(0), deprivations)


households = st.tuples(
    st.sampled_from(["rural", "urban"]),
    st.one_of(st.integers(0, 400).map(score), st.integers(0, 4_000_000).map(income)),
    st.sets(st.sampled_from(OLD.indicator_codes)),
)
SEVERITY: dict[HouseholdClass, int] = {"not_poor": 0, "near_poor": 1, "poor": 2}


@given(households)
def test_a_class_follows_from_its_reasons_alone(household: tuple[Setting, Route, set[str]]) -> None:
    proposal = classify(OLD, *household)
    below, lacking = (reason.met for reason in proposal.reasons)
    assert (proposal.household_class == "not_poor") == (not below)
    assert (proposal.household_class == "poor") == (below and lacking)
    assert proposal.deprivations == tuple(code for code in OLD.indicator_codes if code in household[2])


@given(households, st.sampled_from(OLD.indicator_codes))
def test_one_more_deprivation_never_makes_a_household_better_off(
    household: tuple[Setting, Route, set[str]], code: str
) -> None:
    setting, route, deprivations = household
    before = classify(OLD, setting, route, deprivations)
    after = classify(OLD, setting, route, deprivations | {code})
    assert SEVERITY[after.household_class] >= SEVERITY[before.household_class]


@given(households)
def test_the_urban_line_never_makes_a_household_better_off_than_the_rural(
    household: tuple[Setting, Route, set[str]],
) -> None:
    _, route, deprivations = household
    urban, rural = (classify(OLD, setting, route, deprivations) for setting in ("urban", "rural"))
    assert SEVERITY[urban.household_class] >= SEVERITY[rural.household_class]
