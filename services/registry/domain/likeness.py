"""How alike two records of people are: whether one person may stand in the registry twice.

The points are ours, tried on lists with known errors (`tests/unit/registry/test_likeness.py`). They order a queue that
people work off; nothing is decided by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

QUEUED_FROM = 65  # points

Aspect = Literal["name", "birth_date", "sex", "area", "phone", "account", "personal_number"]
Degree = Literal["same", "close", "different"]

_NAME, _BIRTH, _AREA, _PHONE, _ACCOUNT = 45, 35, 10, 10, 15
_OTHER_SEX, _OTHER_NUMBER, _OTHER_YEARS = -15, -25, -20
_ONE_EDIT_FROM = 4  # letters; below, another letter is another name
_UNLIKE = 0.6  # of names; from here on points are given


@dataclass(frozen=True)
class Record:
    """What is compared of a person. `words` is the name folded; phone, account and number are blind indexes."""

    words: str
    sex: str
    birth_date: date
    area_code: str | None
    phone: str | None = None
    account: str | None = None
    personal_number: str | None = None


@dataclass(frozen=True)
class Agreement:
    """How far two records agree in one thing, and what it counts."""

    aspect: Aspect
    degree: Degree
    points: int


@dataclass(frozen=True)
class Likeness:
    """The sum, from 0 to 100, and what it is made of."""

    score: int
    agreements: Sequence[Agreement]


def likeness(one: Record, other: Record) -> Likeness:
    """Return how alike two records are. What one of them does not have counts nothing."""
    agreements = [
        _name(one.words, other.words),
        _birth(one.birth_date, other.birth_date),
        *_when_known("area", one.area_code, other.area_code, same=_AREA),
        *_when_known("phone", one.phone, other.phone, same=_PHONE),
        *_when_known("account", one.account, other.account, same=_ACCOUNT),
        *_when_known("personal_number", one.personal_number, other.personal_number, different=_OTHER_NUMBER),
    ]
    if "unknown" not in (one.sex, other.sex):
        agreements += _when_known("sex", one.sex, other.sex, different=_OTHER_SEX)
    score = sum(each.points for each in agreements)
    return Likeness(max(0, min(100, score)), agreements)


def _when_known(
    aspect: Aspect, one: str | None, other: str | None, *, same: int = 0, different: int = 0
) -> Sequence[Agreement]:
    if one is None or other is None:
        return ()
    return (Agreement(aspect, "same", same) if one == other else Agreement(aspect, "different", different),)


def _name(one: str, other: str) -> Agreement:
    if one == other:
        return Agreement("name", "same", _NAME)
    alike = max(fuzz.ratio(one, other), 0.9 * fuzz.token_set_ratio(one, other)) / 100
    if not _same_given_name(one, other) or alike < _UNLIKE:
        return Agreement("name", "different", 0)
    return Agreement("name", "close", round(_NAME * (alike - _UNLIKE) / (1 - _UNLIKE)))


def _same_given_name(one: str, other: str) -> bool:
    given, others = one.rpartition(" ")[2], other.rpartition(" ")[2]
    allowed = 1 if max(len(given), len(others)) >= _ONE_EDIT_FROM else 0
    return Levenshtein.distance(given, others, score_cutoff=allowed) <= allowed


def _birth(one: date, other: date) -> Agreement:
    if one == other:
        return Agreement("birth_date", "same", _BIRTH)
    if one.year == other.year:
        if (one.month, one.day) == (other.day, other.month):
            return Agreement("birth_date", "close", 28)
        if (1, 1) in ((one.month, one.day), (other.month, other.day)):  # the day was not known
            return Agreement("birth_date", "close", 20)
        if one.month == other.month or one.day == other.day:
            return Agreement("birth_date", "close", 18)
        return Agreement("birth_date", "different", 5)
    if (one.month, one.day) == (other.month, other.day) and abs(one.year - other.year) in (1, 10):
        return Agreement("birth_date", "close", 20)
    return Agreement("birth_date", "different", 0 if abs(one.year - other.year) == 1 else _OTHER_YEARS)
