"""Programmes as dated data: what cannot be evaluated is refused when it is read."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib import resources
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

HouseholdClass = Literal["poor", "near_poor", "not_poor"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Data):
    """A text in both languages."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Dated(_Data):
    """What law says from a day on until a day, both included. `confirmed` is false where the text was not seen."""

    valid_from: date
    valid_to: date | None
    legal_basis: str = Field(min_length=1)
    confirmed: bool
    note: str = ""

    def covers(self, day: date) -> bool:
        """Say whether this is law on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


_D = TypeVar("_D", bound=Dated)


def in_force(dated: Sequence[_D], day: date) -> _D | None:
    """Return what is law on a day, None when nothing is."""
    return next((one for one in dated if one.covers(day)), None)


def refuse_overlaps(dated: Sequence[Dated]) -> None:
    """Raise ValueError when two of them hold on one day, or one ends before it begins."""
    if any(one.valid_to is not None and one.valid_to < one.valid_from for one in dated):
        raise ValueError("a period ends before it begins")
    ordered = sorted(dated, key=lambda one: one.valid_from)
    if any(first.valid_to is None or first.valid_to >= second.valid_from for first, second in pairwise(ordered)):
        raise ValueError("two periods overlap")


class AgeBand(_Data):
    """The factor by which people of an age, in completed years, receive the standard amount."""

    from_age: int = Field(ge=0)
    to_age: int | None
    coefficient: Decimal = Field(gt=0)

    def holds(self, age: int) -> bool:
        """Say whether an age is in the band."""
        return self.from_age <= age and (self.to_age is None or age <= self.to_age)


class Terms(Dated):
    """What a programme gives in a period. `standard_amount` is VND a month."""

    standard_amount: int = Field(gt=0)
    standard_amount_confirmed: bool
    household_classes: tuple[HouseholdClass, ...] = Field(min_length=1)
    coefficients: tuple[AgeBand, ...] = Field(min_length=1)
    coefficients_confirmed: bool
    attested: tuple[Words, ...] = ()

    @model_validator(mode="after")
    def _can_be_evaluated(self) -> Self:
        for band in self.coefficients:
            if band.to_age is not None and band.to_age < band.from_age:
                raise ValueError("an age band ends before it begins")
            if self.standard_amount * band.coefficient % 1:
                raise ValueError("an amount has a fraction of a đồng")
        for first, second in pairwise(self.coefficients):
            if first.to_age is None or first.to_age >= second.from_age:
                raise ValueError("age bands overlap or are out of order")
        return self

    def band(self, age: int) -> AgeBand | None:
        """Return the band of an age in completed years, None when the programme does not reach it."""
        return next((band for band in self.coefficients if band.holds(age)), None)

    def amount(self, band: AgeBand) -> int:
        """Return VND a month for people of a band."""
        return int(self.standard_amount * band.coefficient)


class Programme(_Data):
    """A kind of monthly cash assistance. `purpose` and `category_purpose` are ISO 20022 external codes."""

    code: str = Field(pattern=r"^[a-z0-9-]{3,64}$")
    name: Words
    purpose: str = Field(pattern=r"^[A-Z]{4}$")
    category_purpose: str = Field(pattern=r"^[A-Z]{4}$")
    narrative: str = Field(pattern=r"^[A-Z0-9 ]{1,100}$", description="what the payee's bank shows; no personal data")
    terms: tuple[Terms, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        refuse_overlaps(self.terms)
        return self


class Recognition(Dated):
    """Which poverty standard decides, in a period, whether a household is poor."""

    standard: str


def _read(name: str) -> object:
    return json.loads((resources.files("services.benefits.programmes") / "data" / name).read_text(encoding="utf-8"))


def _programmes() -> Mapping[str, Programme]:
    found = [Programme.model_validate(_read("monthly-assistance-poor-elderly.json"))]
    return MappingProxyType({programme.code: programme for programme in found})


def _recognition() -> tuple[Recognition, ...]:
    periods = TypeAdapter(tuple[Recognition, ...]).validate_python(_read("recognition.json"))
    refuse_overlaps(periods)
    return periods


PROGRAMMES: Mapping[str, Programme] = _programmes()
RECOGNITION: tuple[Recognition, ...] = _recognition()
