"""Each indicator at its edges: what facts about a household say, with reason and persons."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.registry.domain.deprivations import (
    ComputedDeprivation,
    Resident,
    computed_deprivations,
    months_of_age,
)
from services.registry.domain.facts import HouseholdFacts
from services.registry.domain.standards import Standard, standards
from shared.events.registry import Sex

OLD = standards().named("vn-2022-2025")
NEW = standards().named("vn-2026-2030")
ON = date(2026, 11, 2)
_SPACE = UUID(int=7)


def born(years: int, months: int = 0, days: int = 0, sex: Sex = "male") -> tuple[date, Sex]:
    """Return the birth of somebody who is so old on the day of review, `days` more than that."""
    months_back = ON.year * 12 + ON.month - 1 - years * 12 - months
    return date(months_back // 12, months_back % 12 + 1, ON.day - days), sex


ADULT = born(40)


def computed(
    indicator: str,
    members: Sequence[tuple[tuple[date, Sex], dict[str, Any]]],
    *,
    standard: Standard = OLD,
    **facts: Any,
) -> ComputedDeprivation:
    residents = [Resident(uuid5(_SPACE, str(at)), sex, birth) for at, ((birth, sex), _) in enumerate(members)]
    told = [{"person_id": each.id} | known for each, (_, known) in zip(residents, members, strict=True)]
    given = HouseholdFacts.model_validate({"members": told} | facts)
    found = computed_deprivations(standard, given, residents, ON)
    return next(each for each in found if each.indicator == indicator)


BOTH = pytest.mark.parametrize("standard", [OLD, NEW], ids=lambda standard: standard.code)
TOMORROW = -1  # born a day later: not yet of that age


@BOTH
@pytest.mark.parametrize(
    ("indicator", "age", "known", "deprived"),
    [
        pytest.param("employment", born(15), {"work": "none_but_seeking"}, True, id="work: 15, seeks in vain"),
        pytest.param("employment", born(15, 0, TOMORROW), {"work": "none_but_seeking"}, False, id="work: not yet 15"),
        pytest.param("employment", ADULT, {"work": "wage_without_contract"}, True, id="work: no contract"),
        pytest.param("employment", ADULT, {"work": "wage_with_contract"}, False, id="work: contract"),
        pytest.param("employment", ADULT, {"work": "own_account"}, False, id="work: own account"),
        pytest.param("employment", ADULT, {"work": "not_able_or_willing"}, False, id="work: unable"),
        pytest.param("employment", born(61, 5), {"work": "none_but_seeking"}, True, id="work: man of 61 and 5 months"),
        pytest.param("employment", born(61, 6), {"work": "none_but_seeking"}, False, id="work: man of 61 and 6 months"),
        pytest.param(
            "employment", born(56, 11, 0, "female"), {"work": "none_but_seeking"}, True, id="work: woman of 56"
        ),
        pytest.param(
            "employment", born(57, 0, 0, "female"), {"work": "none_but_seeking"}, False, id="work: woman of 57"
        ),
        pytest.param("nutrition", born(15, 11), {"nutrition": "stunted"}, True, id="nutrition: under 16, stunted"),
        pytest.param("nutrition", born(3), {"nutrition": "underweight"}, True, id="nutrition: underweight"),
        pytest.param("nutrition", born(3), {"nutrition": "normal"}, False, id="nutrition: normal"),
        pytest.param("nutrition", born(16), {"nutrition": "stunted"}, False, id="nutrition: 16 today"),
        pytest.param("health_insurance", born(6), {"health_insurance": False}, True, id="insurance: 6 today"),
        pytest.param("health_insurance", born(6, 0, TOMORROW), {"health_insurance": False}, False, id="insurance: 5"),
        pytest.param("health_insurance", born(90), {"health_insurance": False}, True, id="insurance: no upper end"),
        pytest.param("health_insurance", born(6), {"health_insurance": True}, False, id="insurance: insured"),
        pytest.param("adult_education", born(16), {"education": []}, True, id="adults: 16 without any"),
        pytest.param("adult_education", born(15, 11), {"education": []}, False, id="adults: not yet 16"),
        pytest.param(
            "adult_education", born(17, 11), {"education": ["finished_lower_secondary"]}, False, id="adults: 17"
        ),
        pytest.param(
            "adult_education", born(18), {"education": ["finished_lower_secondary"]}, True, id="adults: 18, lower only"
        ),
        pytest.param(
            "adult_education", born(18), {"education": ["attends_upper_secondary"]}, False, id="adults: 18, attends"
        ),
        pytest.param("adult_education", born(25), {"education": ["finished_vocational"]}, False, id="adults: vocation"),
        pytest.param("adult_education", born(25), {"education": ["certified_on_the_job"]}, False, id="adults: on job"),
        pytest.param("adult_education", born(30, 11), {"education": []}, True, id="adults: 30"),
        pytest.param("adult_education", born(31), {"education": []}, False, id="adults: 31"),
        pytest.param("child_schooling", born(3), {"education": []}, True, id="school: 3 without preschool"),
        pytest.param("child_schooling", born(2, 11), {"education": []}, False, id="school: not yet 3"),
        pytest.param("child_schooling", born(5, 11), {"education": ["attends_preschool"]}, False, id="school: 5"),
        pytest.param("child_schooling", born(6), {"education": ["attends_preschool"]}, True, id="school: 6, preschool"),
        pytest.param("child_schooling", born(6), {"education": ["attends_primary"]}, False, id="school: 6, primary"),
        pytest.param("child_schooling", born(12), {"education": ["attends_primary"]}, True, id="school: 12, primary"),
        pytest.param("child_schooling", born(15, 11), {"education": []}, True, id="school: 15 without"),
        pytest.param("child_schooling", born(16), {"education": []}, False, id="school: 16 is an adult's matter"),
    ],
)
def test_indicators_of_members(
    standard: Standard, indicator: str, age: tuple[date, Sex], known: dict[str, Any], deprived: bool
) -> None:
    found = computed(indicator, [(age, known)], standard=standard)
    assert found.deprived is deprived
    assert found.persons == ((uuid5(_SPACE, "0"),) if deprived else ())
    assert found.legal_basis


@BOTH
@pytest.mark.parametrize(
    ("children", "on_allowance", "others", "deprived"),
    [
        pytest.param(1, 0, 1, False, id="exactly half"),
        pytest.param(2, 0, 1, True, id="two of three"),
        pytest.param(50, 0, 50, False, id="fifty of a hundred"),
        pytest.param(30, 21, 49, True, id="fifty-one of a hundred"),
        pytest.param(0, 1, 0, True, id="alone on allowance"),
        pytest.param(0, 0, 1, False, id="alone without"),
    ],
)
def test_dependants_are_more_than_half(
    standard: Standard, children: int, on_allowance: int, others: int, deprived: bool
) -> None:
    members = [(born(15, 11), {"monthly_allowance": False})] * children
    members += [(born(80), {"monthly_allowance": True})] * on_allowance
    members += [(born(16), {"monthly_allowance": False})] * others
    # More members than a household may have: the rule itself knows no limit.
    residents = [Resident(uuid5(_SPACE, str(at)), sex, birth) for at, ((birth, sex), _) in enumerate(members)]
    facts = [{"person_id": each.id} | known for each, (_, known) in zip(residents, members, strict=True)]
    told = HouseholdFacts.model_construct(
        members=tuple(HouseholdFacts.model_validate({"members": [each]}).members[0] for each in facts)
    )
    found = computed_deprivations(standard, told, residents, ON)[1]
    assert (found.indicator, found.deprived, found.comparison) == ("dependants", deprived, "more_than")


@BOTH
@pytest.mark.parametrize(
    ("indicator", "people", "facts", "deprived"),
    [
        pytest.param("housing_area", 3, {"floor_area_m2": "24"}, False, id="exactly 8 a person"),
        pytest.param("housing_area", 3, {"floor_area_m2": "23.99"}, True, id="less than 8, though it rounds to 8"),
        pytest.param("housing_area", 1, {"floor_area_m2": "7.99"}, True, id="7.99 alone"),
        *(
            pytest.param(
                "housing_quality",
                1,
                {"durable": {"wall": weak < 1, "column": weak < 2, "roof": weak < 3}},
                weak >= 2,
                id=f"{weak} structures not durable",
            )
            for weak in range(4)
        ),
        *(
            pytest.param("water_source", 1, {"water_source": source}, deprived, id=source)
            for source, deprived in [
                ("tap", False), ("drilled_well", False), ("protected_dug_well", False), ("protected_spring", False),
                ("rain", False), ("bottled", False), ("unprotected_well", True), ("surface", True),
            ]
        ),
        *(
            pytest.param("hygienic_latrine", 1, {"latrine": latrine}, deprived, id=f"latrine {latrine}")
            for latrine, deprived in [
                ("septic", False), ("semi_septic", False), ("pour_flush", False), ("ventilated_pit", False),
                ("double_vault", False), ("other", True), ("none", True),
            ]
        ),
        pytest.param("telecom_use", 1, {"internet_use": True}, False, id="internet used"),
        pytest.param("telecom_use", 1, {"internet_use": False}, True, id="internet not used"),
    ],
)  # fmt: skip
def test_indicators_of_the_household(
    standard: Standard, indicator: str, people: int, facts: dict[str, Any], deprived: bool
) -> None:
    assert computed(indicator, [(ADULT, {})] * people, standard=standard, **facts).deprived is deprived


@pytest.mark.parametrize(("devices", "deprived"), [([], True), (["radio"], False)])
def test_means_of_information_are_of_the_standard_until_2026_alone(devices: list[str], deprived: bool) -> None:
    assert computed("information_means", [(ADULT, {})], information_means=devices).deprived is deprived
    assert "information_means" not in NEW.indicator_codes


def test_what_was_not_established_is_neither() -> None:
    found = computed("health_insurance", [(ADULT, {"health_insurance": True}), (ADULT, {})])
    assert (found.deprived, len(found.missing)) == (None, 1)
    decided = computed("health_insurance", [(ADULT, {"health_insurance": False}), (ADULT, {})])
    assert decided.deprived is True
    assert computed("housing_area", [(ADULT, {})]).missing == ("floor_area_m2",)


def test_dependants_are_decided_when_what_is_missing_could_not_change_it() -> None:
    assert computed("dependants", [(ADULT, {})] * 2 + [(born(5), {})]).deprived is None
    assert computed("dependants", [(ADULT, {})] + [(born(5), {})] * 2).deprived is True


def test_an_indicator_without_known_rule_says_so() -> None:
    found = computed_deprivations(NEW, HouseholdFacts(), [], ON)[-1]
    assert (found.indicator, found.deprived, found.missing) == ("waste_treatment", None, ("rule",))


@pytest.mark.parametrize(
    ("birth", "on", "months"),
    [
        pytest.param(date(2020, 11, 2), ON, 72, id="the birthday itself"),
        pytest.param(date(2020, 11, 3), ON, 71, id="the day before"),
        pytest.param(date(2024, 2, 29), date(2025, 2, 28), 11, id="a leap day's child, the day before"),
        pytest.param(date(2024, 2, 29), date(2025, 3, 1), 12, id="a leap day's child, the day after"),
    ],
)
def test_age_is_whole_months(birth: date, on: date, months: int) -> None:
    assert months_of_age(birth, on) == months
