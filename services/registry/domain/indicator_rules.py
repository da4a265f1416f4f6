"""When an indicator counts as a deprivation, as data: age bands, accepted answers, exact thresholds with strictness.

Ages are whole months at the day of the review; a band takes `from_months` and leaves `below_months` out.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.registry import Sex

MemberFact = Literal["work", "nutrition", "health_insurance", "education"]
HouseholdFact = Literal["water_source", "latrine", "internet_use", "information_means", "waste"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AgeEnd(_Part):
    """The months of age at which working age ends in a year, by sex."""

    male: int = Field(gt=0)
    female: int = Field(gt=0)


class AgeBand(_Part):
    """Members whom a rule looks at. Nothing, or nobody's end by year: without upper end."""

    from_months: int = Field(ge=0)
    below_months: int | None = None
    below_by_year: dict[str, AgeEnd] | None = None
    accepted: tuple[str, ...] = Field(min_length=1, strict=False, description="answers that are no deprivation")

    @model_validator(mode="after")
    def _is_a_band(self) -> Self:
        if self.below_months is not None and (self.below_by_year or self.below_months <= self.from_months):
            raise ValueError("a band has one end, after its beginning")
        return self

    def takes(self, months: int, sex: Sex, on: date) -> bool:
        """Return whether a member of that age is in the band; whose sex is unknown has the later end of both."""
        end = self.below_months
        if self.below_by_year is not None:
            ends = self.below_by_year[str(on.year)]
            end = max(ends.male, ends.female) if sex == "unknown" else ends.male if sex == "male" else ends.female
        return self.from_months <= months and (end is None or months < end)


class MemberRule(_Part):
    """Deprived when at least one member in a band has none of the band's accepted answers."""

    kind: Literal["any_member"]
    fact: MemberFact
    bands: tuple[AgeBand, ...] = Field(min_length=1, strict=False)


class DependantsRule(_Part):
    """Deprived when dependants are MORE than a share of members: below an age, or on a monthly allowance."""

    kind: Literal["dependants"]
    below_months: int = Field(gt=0)
    more_than_percent: int = Field(gt=0, lt=100)


class StructureRule(_Part):
    """Deprived when at least so many of wall, column and roof are not durable."""

    kind: Literal["structure"]
    not_durable_at_least: int = Field(ge=1, le=3)


class FloorAreaRule(_Part):
    """Deprived when floor area per person is LESS than a limit, in square metres."""

    kind: Literal["floor_area"]
    less_than_m2: Decimal = Field(gt=0, strict=False)


class HouseholdRule(_Part):
    """Deprived when the household has none of the accepted answers."""

    kind: Literal["household"]
    fact: HouseholdFact
    accepted: tuple[str, ...] = Field(min_length=1, strict=False)


IndicatorRule = Annotated[
    MemberRule | DependantsRule | StructureRule | FloorAreaRule | HouseholdRule, Field(discriminator="kind")
]


class ComputedBy(_Part):
    """The rule of an indicator, with where it stands in law and what is not confirmed about it."""

    test: IndicatorRule
    legal_basis: str = Field(min_length=1)
    confirmed: bool
    note: str | None = None

    @model_validator(mode="after")
    def _doubt_is_explained(self) -> Self:
        if not self.confirmed and not self.note:
            raise ValueError("a rule that is not confirmed needs a note")
        return self
