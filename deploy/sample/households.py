"""Made-up households with a fixed seed: names by ethnic group, ages and deprivations that go together."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

SEED = 8566
AREA = "08566"  # Xã Tân Sơn
REGISTERED_ON = date(2025, 9, 1)

_UNTIL_2026, _FROM_2027 = "vn-2022-2025", "vn-2026-2030"


@dataclass(frozen=True)
class Round:
    """A review: its day, its standard, and whether it looks at every household or at those that changed."""

    on: date
    standard: str = _UNTIL_2026
    whole: bool = False


# The opening review of December 2025, then monthly ones; in December 2026 all are seen by the standard of 2027.
ROUNDS = (
    Round(date(2025, 12, 10), whole=True),
    Round(date(2026, 2, 25)),
    Round(date(2026, 4, 25)),
    Round(date(2026, 6, 25)),
    Round(date(2026, 8, 25)),
    Round(date(2026, 10, 25)),
    Round(date(2026, 12, 15), _FROM_2027, whole=True),
)

_BIN = "970405"
_GROUPS = (("06", 70), ("01", 18), ("09", 12))  # Mường, Kinh, Dao: their shares in percent
_FAMILY_NAMES = {
    "06": ("Hà", "Đinh", "Bùi", "Quách", "Phùng", "Hoàng"),
    "01": ("Nguyễn", "Trần", "Lê", "Phạm", "Đặng", "Vũ"),
    "09": ("Triệu", "Dương", "Lý", "Bàn", "Đặng", "Phùng"),
}
_GIVEN = {
    "male": ("Hùng", "Đức", "Mạnh", "Tuấn", "Hải", "Thắng", "Bình", "Quyết", "Lượng", "Chiến", "Thành", "Xuân"),
    "female": ("Mận", "Lan", "Huệ", "Nga", "Thơm", "Hường", "Sen", "Duyên", "Yến", "Thúy", "Hạnh", "Nhung"),
}
_DEPRIVATIONS = (
    "employment", "dependants", "nutrition", "health_insurance", "adult_education", "child_schooling",
    "housing_quality", "housing_area", "water_source", "hygienic_latrine", "telecom_use", "information_means",
)  # fmt: skip
# Of a hundred households of a class, how many are of which class after the next round.
_NEXT = {
    "poor": (("poor", 84), ("near_poor", 12), ("not_poor", 4)),
    "near_poor": (("poor", 4), ("near_poor", 82), ("not_poor", 14)),
    "not_poor": (("poor", 2), ("near_poor", 4), ("not_poor", 94)),
}
_FIRST = (("poor", 38), ("near_poor", 32), ("not_poor", 30))


@dataclass(frozen=True)
class SampleHousehold:
    """A household to register, and its class after each round; None where a round did not look at it."""

    registration: dict[str, Any]
    classes: tuple[str | None, ...]


def sample_households(count: int) -> Sequence[SampleHousehold]:
    """Return `count` households, the same at every call."""
    chance = random.Random(SEED)  # noqa: S311 - a fixed seed is the point
    return [_household(chance, number) for number in range(count)]


def findings(chance: random.Random, household_class: str, review: Round, indicators: Sequence[str]) -> dict[str, Any]:
    """Return the findings of an assessment that proposes a class under the round's standard, in a rural commune."""
    counts = {"poor": (3, 6), "near_poor": (0, 2), "not_poor": (0, 2)}
    return {
        "standard": review.standard,
        "assessed_on": review.on.isoformat(),
        "route": _score(chance, household_class)
        if review.standard == _UNTIL_2026
        else _income(chance, household_class),
        "deprivations": sorted(chance.sample(list(indicators), chance.randint(*counts[household_class]))),
    }


def _score(chance: random.Random, household_class: str) -> dict[str, Any]:
    points = {"poor": (70, 140), "near_poor": (90, 140), "not_poor": (141, 210)}
    return {"kind": "score", "b1_points": chance.randint(*points[household_class])}


def _income(chance: random.Random, household_class: str) -> dict[str, Any]:
    """Form B1 of the later standard has no known cut-offs; its line is 2,200,000 VND a person and month."""
    thousands = {"poor": (700, 1900), "near_poor": (1200, 2100), "not_poor": (2300, 4500)}
    return {"kind": "income", "income_per_person_month": chance.randint(*thousands[household_class]) * 1000}


def _pick(chance: random.Random, shares: Sequence[tuple[str, int]]) -> str:
    return chance.choices([name for name, _ in shares], [share for _, share in shares])[0]


def _household(chance: random.Random, number: int) -> SampleHousehold:
    ethnicity = _pick(chance, _GROUPS)
    family = chance.choice(_FAMILY_NAMES[ethnicity])
    head_age = chance.randint(62, 88) if chance.random() < 0.25 else chance.randint(27, 61)
    head_sex = "female" if chance.random() < 0.3 else "male"
    head = _member(chance, number, 0, ethnicity, family, head_sex, head_age, "head")
    head |= {
        "phone": f"09{number:07d}1",
        "account": {"bank_bin": _BIN, "number": f"27{number:06d}90001", "holder_name": head["full_name"]},
    }
    members = [head]
    if chance.random() < 0.75:
        other = "male" if head_sex == "female" else "female"
        age = max(20, head_age - chance.randint(-3, 6))
        spouse_family = chance.choice(_FAMILY_NAMES[ethnicity])
        members.append(_member(chance, number, 1, ethnicity, spouse_family, other, age, "spouse"))
    for child in range(chance.choice((0, 1, 2, 2, 3))):
        age = max(0, min(24, head_age - chance.randint(22, 34)))
        sex = chance.choice(("male", "female"))
        members.append(_member(chance, number, 2 + child, ethnicity, family, sex, age, "child"))
    registration = {"area_code": AREA, "registered_on": REGISTERED_ON.isoformat(), "members": members}
    return SampleHousehold(registration, _classes(chance))


def _member(
    chance: random.Random, number: int, index: int, ethnicity: str, family: str, sex: str, age: int, relationship: str
) -> dict[str, Any]:
    middle = "Thị" if sex == "female" else "Văn"
    born = date(2026 - age, chance.randint(1, 8), chance.randint(1, 28))
    century_and_sex = (born.year - 1900) // 100 * 2 + (sex == "female")
    return {
        "full_name": f"{family} {middle} {chance.choice(_GIVEN[sex])}",
        "sex": sex,
        "birth_date": born.isoformat(),
        "ethnicity": ethnicity,
        "relationship": relationship,
        # 999 is the code of no province: nobody has such a number.
        "personal_number": f"999{century_and_sex}{born.year % 100:02d}{number:04d}{index:02d}",
    }


def _classes(chance: random.Random) -> tuple[str | None, ...]:
    """Return the class after a round that looks at all, and after others where it changed."""
    now = _pick(chance, _FIRST)
    classes: list[str | None] = [now]
    for review in ROUNDS[1:]:
        then = _pick(chance, _NEXT[now])
        classes.append(then if review.whole or then != now else None)
        now = then
    return tuple(classes)
