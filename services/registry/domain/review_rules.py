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


class _Sourced(_Part):
    """A value of the law. What no source confirmed says so, and says what is known."""

    legal_basis: str = Field(min_length=1)
    confirmed: bool
    note: str | None = None

    @model_validator(mode="after")
    def _doubt_is_explained(self) -> Self:
        if not self.confirmed and not self.note:
            raise ValueError("a value that is not confirmed needs a note")
        return self


class NewlyEscaped(_Sourced):
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
    newly_escaped: NewlyEscaped


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
