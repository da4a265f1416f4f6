"""Poverty standards as dated data: lines, cut-offs and indicators, each with its legal basis."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.registry.domain.indicator_rules import AgeBand, ComputedBy, MemberRule
from shared.events.registry import Setting

_FILE = Path(__file__).parent.parent / "data" / "standards.json"
INDICATORS = 12


class UnknownStandard(LookupError):
    """No standard has that code."""


class NoStandardInForce(LookupError):
    """No standard recognises households on that day."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Sourced(_Part):
    """A value of the law. What no source confirmed says so, and says what is known."""

    confirmed: bool
    note: str | None = None

    @model_validator(mode="after")
    def _doubt_is_explained(self) -> Self:
        if not self.confirmed and not self.note:
            raise ValueError("a value that is not confirmed needs a note")
        return self


class Bilingual(_Part):
    """A name in both languages."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Period(_Sourced):
    """Days from `valid_from` to `valid_to`, both inclusive; dates in law (Asia/Ho_Chi_Minh)."""

    valid_from: date = Field(strict=False)
    valid_to: date = Field(strict=False)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_to < self.valid_from:
            raise ValueError("ends before it begins")
        return self

    def covers(self, day: date) -> bool:
        """Return whether a day lies in the period."""
        return self.valid_from <= day <= self.valid_to


class Review(_Sourced):
    """The day from which households may be reviewed and decided by a standard, before it is in force."""

    valid_from: date = Field(strict=False)


class BySetting(_Sourced):
    """A threshold for rural communes and one for urban wards and townships; both inclusive."""

    rural: int = Field(gt=0)
    urban: int = Field(gt=0)
    legal_basis: str = Field(min_length=1)

    def at(self, setting: Setting) -> int:
        """Return the threshold of a setting."""
        return self.urban if setting == "urban" else self.rural


class DeprivationRule(_Sourced):
    """How many deprivations make a household below the line poor, and what each counts in form B2."""

    needed_for_poor: int = Field(gt=0)
    points_each: int = Field(gt=0)
    legal_basis: str = Field(min_length=1)


class Indicator(_Sourced):
    """One deprivation that a household can have. Without `computed_by` it is the reviewer's tick alone."""

    code: str = Field(pattern=r"^[a-z_]+$")
    name: Bilingual
    computed_by: ComputedBy | None


class Dimension(_Part):
    """Indicators that belong together."""

    code: str = Field(pattern=r"^[a-z_]+$")
    name: Bilingual
    indicators: tuple[Indicator, ...] = Field(min_length=1, strict=False)


class Standard(_Part):
    """A multidimensional poverty standard.

    Income lines are VND per person and month. `score_cutoffs` are the points of form B1 that stand in for income, None
    where no form with cut-offs is known: then only measured income decides.
    """

    code: str = Field(pattern=r"^[a-z0-9-]+$")
    name: Bilingual
    legal_basis: str = Field(min_length=1)
    recognition: Period
    review: Review
    income_lines: BySetting
    score_cutoffs: BySetting | None
    deprivations: DeprivationRule
    dimensions: tuple[Dimension, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        codes = self.indicator_codes
        if len(codes) != INDICATORS or len(set(codes)) != INDICATORS:
            raise ValueError(f"a standard has {INDICATORS} indicators, each once")
        if self.review.valid_from > self.recognition.valid_from:
            raise ValueError("reviews begin no later than recognition")
        years = {str(year) for year in range(self.review.valid_from.year, self.recognition.valid_to.year + 1)}
        for band in self._bands():
            if band.below_by_year is not None and not years <= set(band.below_by_year):
                raise ValueError("an age that ends by year has an end for each year of the standard")
        return self

    def _bands(self) -> Iterator[AgeBand]:
        for dimension in self.dimensions:
            for indicator in dimension.indicators:
                if indicator.computed_by is not None and isinstance(indicator.computed_by.test, MemberRule):
                    yield from indicator.computed_by.test.bands

    @property
    def indicator_codes(self) -> tuple[str, ...]:
        """The codes of the indicators, in the order of the form."""
        return tuple(indicator.code for dimension in self.dimensions for indicator in dimension.indicators)

    def usable_on(self, day: date) -> bool:
        """Return whether households may be assessed and decided by the standard on a day."""
        return self.review.valid_from <= day <= self.recognition.valid_to


class Standards(_Part):
    """Every standard, in the order of time."""

    standards: tuple[Standard, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _follow_each_other(self) -> Self:
        if len({standard.code for standard in self.standards}) != len(self.standards):
            raise ValueError("two standards have the same code")
        for earlier, later in pairwise(self.standards):
            if later.recognition.valid_from <= earlier.recognition.valid_to:
                raise ValueError(f"{later.code} recognises households before {earlier.code} has ended")
        return self

    def named(self, code: str) -> Standard:
        """Return the standard of a code.

        Raises:
            UnknownStandard: there is none.
        """
        for standard in self.standards:
            if standard.code == code:
                return standard
        raise UnknownStandard(code)

    def in_force(self, day: date) -> Standard:
        """Return the standard that recognises households on a day.

        Raises:
            NoStandardInForce: there is none.
        """
        for standard in self.standards:
            if standard.recognition.covers(day):
                return standard
        raise NoStandardInForce(day.isoformat())


def read_standards(content: str) -> Standards:
    """Return the standards of a JSON text.

    Raises:
        pydantic.ValidationError: something is unknown, absent, or overlaps.
    """
    return Standards.model_validate_json(content)


@cache
def standards() -> Standards:
    """Return the standards that this release carries."""
    return read_standards(_FILE.read_text(encoding="utf-8"))
