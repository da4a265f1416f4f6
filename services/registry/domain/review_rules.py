"""Days and counts of the review as dated data, each with its legal basis."""

import calendar
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_FILE = Path(__file__).parent.parent / "data" / "review_rules.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Sourced(_Part):
    """A value of the law. What no source confirmed says so, and says what is known."""

    legal_basis: str = Field(min_length=1)
    confirmed: bool
    note: str | None = None

    @model_validator(mode="after")
    def _doubt_is_explained(self) -> Self:
        if not self.confirmed and not self.note:
            raise ValueError("a value that is not confirmed needs a note")
        return self


class DayOfYear(_Part):
    """A day that comes every year."""

    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=28)

    def in_year(self, year: int) -> date:
        """Return the day in a year."""
        return date(year, self.month, self.day)


class AnnualRound(Sourced):
    """From when to when the yearly round is, both days inclusive."""

    first: DayOfYear
    last: DayOfYear

    @model_validator(mode="after")
    def _is_within_a_year(self) -> Self:
        if (self.last.month, self.last.day) <= (self.first.month, self.first.day):
            raise ValueError("ends before it begins")
        return self


class RegularRound(Sourced):
    """On which day of a month its round starts, and in how many days it ends with the certificate."""

    day: int = Field(ge=1, le=28)
    days: int = Field(gt=0)

    def ends_on(self, starts_on: date) -> date:
        """Return the last day of a round."""
        return starts_on + timedelta(days=self.days)


class Meeting(Sourced):
    """How many per cent of the people present at least must agree."""

    percent: int = Field(gt=0, le=100)

    def agreed(self, present: int, agreeing: int) -> bool:
        """Return whether enough of those present agree."""
        return agreeing * 100 >= present * self.percent


class WorkingDays(Sourced):
    """For how many working days something lasts; the day on which it begins is not one of them."""

    working_days: int = Field(gt=0)


class Holidays(Sourced):
    """Weekdays on which nobody works."""

    days: tuple[date, ...] = Field(strict=False)


class NewlyEscaped(Sourced):
    """For how many months after its recognition a household counts as newly escaped."""

    months: int = Field(gt=0)

    def until(self, recognised_on: date) -> date:
        """Return the last day on which a household counts as newly escaped."""
        index = recognised_on.year * 12 + recognised_on.month - 1 + self.months
        year, month = index // 12, index % 12 + 1
        day = min(recognised_on.day, calendar.monthrange(year, month)[1])
        return date(year, month, day) - timedelta(days=1)


class ReviewRules(_Part):
    """The rules from `valid_from` to `valid_to`, both inclusive; dates in law (Asia/Ho_Chi_Minh)."""

    valid_from: date = Field(strict=False)
    valid_to: date | None = Field(strict=False)
    annual: AnnualRound
    regular: RegularRound
    screening: Sourced
    meeting: Meeting
    posting: WorkingDays
    recheck: WorkingDays
    decision: Sourced
    certificate: Sourced
    newly_escaped: NewlyEscaped
    holidays: Holidays

    def after(self, day: date, lasting: WorkingDays) -> date:
        """Return the last day of something that begins on a day and lasts so many working days."""
        left = lasting.working_days
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < 5 and day not in self.holidays.days
        return day


class _Dated(_Part):
    rules: tuple[ReviewRules, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _follow_each_other(self) -> Self:
        for earlier, later in pairwise(self.rules):
            if earlier.valid_to is None or later.valid_from != earlier.valid_to + timedelta(days=1):
                raise ValueError("rules follow each other without a gap")
        return self


def read_review_rules(content: str) -> tuple[ReviewRules, ...]:
    """Return the rules of a JSON text, oldest first.

    Raises:
        pydantic.ValidationError: something is unknown or absent, or leaves a gap.
    """
    return _Dated.model_validate_json(content).rules


@cache
def _rules() -> tuple[ReviewRules, ...]:
    return read_review_rules(_FILE.read_text(encoding="utf-8"))


def rules_on(day: date) -> ReviewRules:
    """Return the rules in force on a day; of a day before all rules, the oldest."""
    return next((rules for rules in reversed(_rules()) if rules.valid_from <= day), _rules()[0])
