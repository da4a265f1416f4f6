"""What is established about a household and its people. Whatever is absent was not established, and decides nothing.

The book of households holds facts from day to day; a survey brings new ones, and what it found stays with it.
"""

from datetime import date
from decimal import Decimal
from typing import Literal, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Work = Literal["wage_with_contract", "wage_without_contract", "own_account", "none_but_seeking", "not_able_or_willing"]
Nutrition = Literal["normal", "stunted", "underweight"]
Education = Literal[
    "attends_preschool",
    "attends_primary",
    "finished_primary",
    "attends_lower_secondary",
    "finished_lower_secondary",
    "attends_upper_secondary",
    "finished_upper_secondary",
    "attends_vocational",
    "finished_vocational",
    "attends_higher",
    "finished_higher",
    "certified_on_the_job",
]
WaterSource = Literal[
    "tap", "drilled_well", "protected_dug_well", "protected_spring", "rain", "bottled",
    "unprotected_well", "unprotected_spring", "surface",
]  # fmt: skip
Latrine = Literal["septic", "semi_septic", "pour_flush", "ventilated_pit", "double_vault", "other", "none"]
Device = Literal["television", "radio", "desktop", "telephone", "laptop", "tablet", "smartphone"]
Ownership = Literal["owned", "rented", "lent", "none"]
Livelihood = Literal["farming", "forestry", "fishing", "wages", "trade", "allowances", "other"]
# The causes of the ministry's reports.
Cause = Literal["land", "capital", "labour", "tools", "knowledge", "skills", "illness_or_accident", "other"]
# People with merit by Ordinance 02/2020/UBTVQH14, article 3; not confirmed against the text.
Merit = Literal[
    "revolutionary", "martyr_relative", "heroic_mother", "hero", "war_invalid", "sick_soldier", "chemical_victim",
    "imprisoned_fighter", "liberation_fighter", "helped_revolution",
]  # fmt: skip
# Kinds and degrees by Decree 28/2012/NĐ-CP, articles 2 and 3; not confirmed against the text.
DisabilityKind = Literal["movement", "hearing_speech", "vision", "mental", "intellectual", "other"]
DisabilityDegree = Literal["exceptionally_severe", "severe", "mild"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Disability(_Part):
    """A disability as certified."""

    kind: DisabilityKind
    degree: DisabilityDegree


class PersonFacts(_Part):
    """Facts of a person. Age and sex are those registered.

    An empty `education` is: attends and finished nothing; empty `merit` or `disabilities`: there is none.
    """

    work: Work | None = None
    able_to_work: bool | None = None
    monthly_allowance: bool | None = Field(default=None, description="elderly or disabled, on monthly allowance")
    nutrition: Nutrition | None = None
    health_insurance: bool | None = None
    education: tuple[Education, ...] | None = Field(default=None, max_length=12)
    merit: tuple[Merit, ...] | None = Field(default=None, max_length=10)
    disabilities: tuple[Disability, ...] | None = Field(default=None, max_length=6)
    pregnancy_due_on: date | None = Field(
        default=None, description="pregnant until this day, unless a birth comes first"
    )

    def answers(self, fact: str, on: date) -> frozenset[str] | None:
        """Return what is established of a fact on a day as answers that rules compare; None when nothing is."""
        value = getattr(self, fact)
        if value is None:
            return None
        if fact == "disabilities":
            return frozenset(each.degree for each in self.disabilities or ())
        if isinstance(value, date):
            return frozenset(("yes" if on <= value else "no",))
        return answers(value)


class MemberFacts(PersonFacts):
    """Facts of one member of a household."""

    person_id: UUID


class Structures(_Part):
    """Whether each main structure of the dwelling is of durable material."""

    wall: bool
    column: bool
    roof: bool


class Livestock(_Part):
    """Heads of livestock."""

    cattle: int = Field(default=0, ge=0, le=100_000)
    pigs: int = Field(default=0, ge=0, le=100_000)
    poultry: int = Field(default=0, ge=0, le=1_000_000)


class HomeFacts(_Part):
    """Facts of a household as a whole: its dwelling, and what it lives on. Money in VND."""

    durable: Structures | None = None
    floor_area_m2: Decimal | None = Field(default=None, ge=0, le=10_000, decimal_places=2, examples=["48.5"])
    dwelling: Ownership | None = None
    water_source: WaterSource | None = None
    latrine: Latrine | None = None
    internet_use: bool | None = None
    information_means: tuple[Device, ...] | None = Field(default=None, max_length=7)
    income_per_person_month: int | None = Field(default=None, ge=0, le=10_000_000_000, description="VND")
    livelihood: Livelihood | None = None
    production_land_m2: Decimal | None = Field(default=None, ge=0, le=100_000_000, decimal_places=2)
    livestock: Livestock | None = None
    poverty_causes: tuple[Cause, ...] | None = Field(default=None, max_length=8)


class HouseholdFacts(HomeFacts):
    """Facts of a household and its members."""

    members: tuple[MemberFacts, ...] = Field(default=(), max_length=60)

    @model_validator(mode="after")
    def _each_member_once(self) -> Self:
        if len({each.person_id for each in self.members}) != len(self.members):
            raise PydanticCustomError("member_twice", "a member stands there twice")
        return self


def answers(value: object) -> frozenset[str]:
    """Return an established value as answers that rules compare."""
    if isinstance(value, tuple):
        return frozenset(value)
    if isinstance(value, bool):
        return frozenset(("yes" if value else "no",))
    return frozenset((str(value),))


_Facts = TypeVar("_Facts", PersonFacts, HomeFacts)


def with_news(known: _Facts, news: PersonFacts | HomeFacts, *, erase: bool) -> _Facts:
    """Return facts with what is newly stated of the same names; with `erase` a null takes away what was known."""
    names = news.model_fields_set & set(type(known).model_fields)
    stated = {name: getattr(news, name) for name in names}
    return known.model_copy(update={name: value for name, value in stated.items() if erase or value is not None})
