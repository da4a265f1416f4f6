"""What reviewers find in a made-up household: what its members can lack, and an income to go with the class."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from deploy.demo.paths import Class
from deploy.demo.people import age_on
from deploy.demo.places import Land, place
from deploy.demo.plan import Household
from deploy.demo.reviews import NEW, Review
from shared.events.registry import Setting

# How often a household that can lack something lacks it, beside the other things: by land where land decides.
_EVERYWHERE = {
    "employment": 30,
    "nutrition": 12,
    "health_insurance": 9,
    "adult_education": 28,
    "child_schooling": 6,
    "housing_area": 18,
    "telecom_use": 18,
    "information_means": 10,
}
_BY_LAND: dict[Land, dict[str, int]] = {
    "town": {"housing_quality": 20, "water_source": 3, "hygienic_latrine": 8, "waste_treatment": 4},
    "plain": {"housing_quality": 24, "water_source": 6, "hygienic_latrine": 15, "waste_treatment": 15},
    "hills": {"housing_quality": 30, "water_source": 15, "hygienic_latrine": 30, "waste_treatment": 30},
    "mountains": {"housing_quality": 38, "water_source": 35, "hygienic_latrine": 45, "waste_treatment": 50},
    "highlands": {"housing_quality": 45, "water_source": 45, "hygienic_latrine": 55, "waste_treatment": 60},
}
_ONLY_IN = {"vn-2022-2025": frozenset({"information_means"}), NEW: frozenset({"waste_treatment"})}
_OLD_AGE_ALLOWANCE = 80
_SOCIAL_PENSION = (date(2025, 7, 1), 75)
# Points of form B1 and VND a month and person, in rural communes; wards lie higher by so much.
_POINTS = {"poor": (60, 140), "near_poor": (90, 140), "not_poor": (141, 215)}
_INCOMES = {"poor": (700, 2_200), "near_poor": (1_200, 2_200), "not_poor": (2_210, 3_600)}
_TOWN = {"points": 35, "income": 600}


@dataclass(frozen=True)
class Situation:
    """What the rules of the indicators ask of the members on a day."""

    ages: tuple[int, ...]
    on: date

    @property
    def dependants(self) -> bool:
        """Whether more than half are under 16 or old enough for a monthly allowance."""
        since, age = _SOCIAL_PENSION
        old = age if self.on >= since else _OLD_AGE_ALLOWANCE
        return 2 * sum(age < 16 or age >= old for age in self.ages) > len(self.ages)

    def can_lack(self, indicator: str) -> bool:
        """Return whether anybody is of the age that an indicator speaks of."""
        match indicator:
            case "employment":
                return any(16 <= age < 60 for age in self.ages)
            case "nutrition":
                return any(age < 16 for age in self.ages)
            case "child_schooling":
                return any(3 <= age < 16 for age in self.ages)
            case "adult_education":
                return any(16 <= age <= 30 for age in self.ages)
            case "health_insurance":
                return any(age >= 6 for age in self.ages)
            case _:
                return True


def findings(household: Household, births: Sequence[date], review: Review, setting: Setting) -> dict[str, Any]:
    """Return the body of the assessment by which a review gives a household its class.

    `births` are the birth dates of its members.

    Raises:
        ValueError: the review does not look at the household.
    """
    decided = household.classes[review.number]
    if decided is None:
        raise ValueError(f"{review.name} does not look at {household.reference}")
    on = review.assessed_on(household.serial)
    chance = household.chance(review.name)
    situation = Situation(tuple(age_on(born, on) for born in births), on)
    return {
        "standard": review.standard,
        "assessed_on": on.isoformat(),
        "route": _route(chance, setting, review.standard, decided),
        "deprivations": _deprivations(chance, household, situation, review, decided),
    }


def _deprivations(
    chance: Random, household: Household, situation: Situation, review: Review, decided: Class
) -> list[str]:
    """Return what the household lacks: it lacks the same things from review to review, more while it is poor."""
    if decided == "poor":
        count = chance.choices((3, 4, 5, 6), (45, 30, 17, 8))[0]
    else:
        count = chance.choices((0, 1, 2), (15, 40, 45))[0]
    lacks = ["dependants"] if situation.dependants else []
    possible = (each for each in _by_likelihood(household, review.standard) if situation.can_lack(each))
    return [*lacks, *possible][: max(count, len(lacks))]


def _by_likelihood(household: Household, standard: str) -> list[str]:
    chance = household.chance("lacks")
    often = _EVERYWHERE | _BY_LAND[place(household.commune).land]
    keyed = sorted(((chance.random() ** (1 / weight), name) for name, weight in sorted(often.items())), reverse=True)
    foreign = {name for code, names in _ONLY_IN.items() if code != standard for name in names}
    return [name for _, name in keyed if name not in foreign]


def _route(chance: Random, setting: Setting, standard: str, decided: Class) -> dict[str, Any]:
    if standard == NEW:
        low, high = _INCOMES[decided]
        thousands = chance.randint(low, high) + (_TOWN["income"] if setting == "urban" else 0)
        return {"kind": "income", "income_per_person_month": thousands * 1000}
    low, high = _POINTS[decided]
    return {"kind": "score", "b1_points": chance.randint(low, high) + (_TOWN["points"] if setting == "urban" else 0)}
