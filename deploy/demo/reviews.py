"""The reviews that the demonstration tells of, up to a day: yearly ones, regular ones between, and an opening review.

Decision 24/2021/QĐ-TTg: the yearly review runs from 1 September to 14 December, a regular one begins on the 15th of a
month and ends within 15 days. The standard of 2026-2030 recognises households from 2027 on; its opening review is held
with the yearly one of 2026, which still follows the standard before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from typing import Literal

Kind = Literal["yearly", "regular", "opening"]

FIRST_YEAR = 2022
_REGULAR_SINCE = 2025
_REGULAR_MONTHS = (3, 5, 8)
_OPENING = 2026
_LAST_YEAR = 2030
_SATURDAY = 5
OLD, NEW = "vn-2022-2025", "vn-2026-2030"


@dataclass(frozen=True)
class Review:
    """A review of the whole province. `number` counts from 0; communes decide from the first to the last day."""

    number: int
    kind: Kind
    standard: str
    registered_on: date
    assessed_from: date
    assessed_to: date
    decided_from: date
    decided_to: date

    @property
    def name(self) -> str:
        """What the review is called in keys and lists: `yearly-2024`, `regular-2026-03`."""
        month = f"-{self.decided_from.month:02}" if self.kind == "regular" else ""
        return f"{self.kind}-{self.decided_from.year}{month}"

    def decided_on(self, commune: str) -> date:
        """Return the day on which a commune decides; weekends pass to the Monday."""
        days = (self.decided_to - self.decided_from).days - 1
        return _working_day(self.decided_from + timedelta(days=int(commune) * 31 % days))

    def assessed_on(self, index: int) -> date:
        """Return a day of the reviewers' visits, for the household of an index."""
        return self.assessed_from + timedelta(days=index * 13 % ((self.assessed_to - self.assessed_from).days + 1))


def reviews(today: date) -> list[Review]:
    """Return the reviews of which every commune has decided by a day, in the order of time."""
    return list(takewhile(lambda review: review.decided_to <= today, _all()))


def _all() -> Iterator[Review]:
    number = 0
    for year in range(FIRST_YEAR, _LAST_YEAR + 1):
        standard = OLD if year <= _OPENING else NEW
        for month in _REGULAR_MONTHS if year >= _REGULAR_SINCE else ():
            yield _regular(number, standard, year, month)
            number += 1
        yield _yearly(number, "yearly", standard, year)
        number += 1
        if year == _OPENING:
            yield _yearly(number, "opening", NEW, year)
            number += 1


def _yearly(number: int, kind: Kind, standard: str, year: int) -> Review:
    return Review(
        number, kind, standard,
        registered_on=date(year, 9, 5),
        assessed_from=date(year, 9, 15), assessed_to=date(year, 11, 14),
        decided_from=date(year, 12, 2), decided_to=date(year, 12, 12),
    )  # fmt: skip


def _regular(number: int, standard: str, year: int, month: int) -> Review:
    return Review(
        number, "regular", standard,
        registered_on=date(year, month, 15),
        assessed_from=date(year, month, 15), assessed_to=date(year, month, 20),
        decided_from=date(year, month, 23), decided_to=date(year, month, 28),
    )  # fmt: skip


def _working_day(day: date) -> date:
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= _SATURDAY else day
