"""Who may receive the programme: worked cases, and what holds for all facts."""

from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.programmes.domain.eligibility import Assessment, Facts, Standing, age_bounds, assess
from services.benefits.programmes.domain.terms import PROGRAMMES, RECOGNITION, HouseholdClass, in_force

PROGRAMME = PROGRAMMES["monthly-assistance-poor-elderly"]
DAY = date(2026, 11, 23)


def standing(klass: Any = "poor", *, standard: str = "vn-2022-2025", on: date = date(2026, 1, 5)) -> Standing:
    return Standing(standard=standard, household_class=klass, decided_on=on)


def facts(*standings: Standing, born: int | None = 1950, on: date | None = None, member: bool = True) -> Facts:
    return Facts(
        standings=standings or (standing(),), is_member=True if member else None, birth_year=born, birth_date=on
    )


def judged(known: Facts, day: date = DAY) -> Assessment:
    return assess(PROGRAMME, RECOGNITION, known, day)


@pytest.mark.parametrize(
    ("day", "born", "amount"),
    [
        pytest.param(date(2026, 11, 23), 1950, 750_000, id="76 years: 1.5 of 500,000"),
        pytest.param(date(2026, 11, 23), 1945, 1_000_000, id="81 years: 2.0 of 500,000"),
        pytest.param(date(2024, 6, 30), 1950, 540_000, id="the day before the amount rose: 1.5 of 360,000"),
        pytest.param(date(2024, 7, 1), 1950, 750_000, id="the day the amount rose"),
        pytest.param(date(2023, 1, 1), 1930, 720_000, id="92 years: 2.0 of 360,000"),
    ],
)
def test_the_amount_is_the_standard_of_the_day_times_the_factor_of_the_age(day: date, born: int, amount: int) -> None:
    sheet = judged(facts(standing(on=date(2022, 1, 10)), born=born), day)
    assert (sheet.verdict, sheet.amount) == ("eligible", amount)


@pytest.mark.parametrize(
    ("known", "verdict", "missing"),
    [
        pytest.param(facts(), "eligible", (), id="poor and old enough"),
        pytest.param(facts(standing("near_poor")), "not_eligible", (), id="near-poor"),
        pytest.param(facts(standing("not_poor")), "not_eligible", (), id="not poor"),
        pytest.param(facts(born=1980), "not_eligible", (), id="too young"),
        pytest.param(facts(born=1980, member=False), "not_eligible", ("household_membership",), id="young, unknown"),
        pytest.param(facts(member=False), "undecided", ("household_membership",), id="not yet a member"),
        pytest.param(facts(born=None), "undecided", ("birth_date",), id="age unknown"),
        pytest.param(facts(born=1966), "undecided", ("birth_date",), id="60 this year, birthday unknown"),
        pytest.param(facts(born=1946), "undecided", ("birth_date",), id="80 this year: the amount is open"),
        pytest.param(facts(born=1966, on=date(1966, 11, 23)), "eligible", (), id="60 today"),
        pytest.param(facts(born=1966, on=date(1966, 11, 24)), "not_eligible", (), id="60 tomorrow"),
        pytest.param(
            Facts(standings=None, is_member=None, birth_year=None, birth_date=None),
            "undecided",
            ("household_membership", "decision_on_class", "birth_date"),
            id="nothing has come from the registry",
        ),
        pytest.param(
            facts(standing(standard="vn-2026-2030")),
            "undecided",
            ("decision_on_class",),
            id="decided by another standard",
        ),
        pytest.param(
            facts(standing(on=date(2026, 12, 1))), "undecided", ("decision_on_class",), id="decided after that day"
        ),
        pytest.param(
            facts(standing(on=date(2025, 1, 1)), standing("not_poor", on=date(2026, 1, 1))),
            "not_eligible",
            (),
            id="the latest decision counts",
        ),
    ],
)
def test_missing_facts_wait_and_failed_criteria_deny(known: Facts, verdict: str, missing: tuple[str, ...]) -> None:
    sheet = judged(known)
    assert (sheet.verdict, sheet.missing) == (verdict, missing)


def test_from_2027_the_new_standard_decides() -> None:
    known = facts(standing("poor"), standing("not_poor", standard="vn-2026-2030", on=date(2026, 12, 20)))
    assert judged(known, date(2026, 12, 31)).verdict == "eligible"
    assert judged(known, date(2027, 1, 1)).verdict == "not_eligible"


def test_before_the_programme_nobody_is_eligible() -> None:
    assert judged(facts(), date(2021, 6, 30)).verdict == "not_eligible"


def test_every_reason_names_value_threshold_and_legal_basis() -> None:
    for reason in judged(facts()).reasons:
        assert reason.met
        assert reason.value
        assert reason.threshold
        assert "Nghị định" in reason.legal_basis


classes = st.sampled_from(get_args(HouseholdClass))
days = st.dates(date(2021, 7, 1), date(2030, 12, 31))
all_facts = st.builds(
    Facts,
    standings=st.none()
    | st.lists(
        st.builds(
            Standing,
            standard=st.sampled_from(["vn-2022-2025", "vn-2026-2030", "other"]),
            household_class=classes,
            decided_on=days,
        ),
        max_size=4,
    ).map(tuple),
    is_member=st.sampled_from([True, None]),
    birth_year=st.none() | st.integers(1920, 2020),
    birth_date=st.none() | st.dates(date(1920, 1, 1), date(2020, 12, 31)),
)


@given(all_facts, days)
def test_eligible_means_every_criterion_is_met_and_an_amount_is_known(known: Facts, day: date) -> None:
    sheet = judged(known, day)
    if sheet.verdict == "eligible":
        assert all(reason.met is True for reason in sheet.reasons)
        assert sheet.missing == ()
        assert sheet.amount is not None
    else:
        assert sheet.amount is None
    assert (sheet.verdict == "not_eligible") == any(reason.met is False for reason in sheet.reasons)


@given(all_facts, days)
def test_forgetting_a_fact_never_turns_a_denial_or_wait_into_an_award(known: Facts, day: date) -> None:
    less = known.model_copy(update={"is_member": None})
    assert judged(less, day).verdict != "eligible"
    assert judged(known.model_copy(update={"standings": None}), day).verdict != "eligible"


@given(st.dates(date(1920, 1, 1), date(2020, 12, 31)), days)
def test_the_age_by_birth_year_encloses_the_age_by_birth_date(born: date, day: date) -> None:
    exact = age_bounds(Facts(standings=None, is_member=None, birth_year=None, birth_date=born), day)
    rough = age_bounds(Facts(standings=None, is_member=None, birth_year=born.year, birth_date=None), day)
    assert exact is not None
    assert rough is not None
    assert rough[0] <= exact[0] == exact[1] <= rough[1]


@given(st.dates(date(2021, 7, 1), date(2040, 12, 31)))
def test_terms_are_in_force_on_every_day_without_a_gap(day: date) -> None:
    assert in_force(PROGRAMME.terms, day) is not None
