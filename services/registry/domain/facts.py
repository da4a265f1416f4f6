"""What a survey established about a household. Whatever is absent was not established, and decides nothing."""

from decimal import Decimal
from typing import Literal, Self
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


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MemberFacts(_Part):
    """Facts of one member. Age and sex are those registered. An empty `education` is: attends and finished nothing."""

    person_id: UUID
    work: Work | None = None
    monthly_allowance: bool | None = Field(default=None, description="elderly or disabled, on monthly allowance")
    nutrition: Nutrition | None = None
    health_insurance: bool | None = None
    education: tuple[Education, ...] | None = Field(default=None, max_length=12)


class Structures(_Part):
    """Whether each main structure of the dwelling is of durable material."""

    wall: bool
    column: bool
    roof: bool


class HouseholdFacts(_Part):
    """Facts of a household and its members."""

    members: tuple[MemberFacts, ...] = Field(default=(), max_length=60)
    durable: Structures | None = None
    floor_area_m2: Decimal | None = Field(default=None, ge=0, le=10_000, decimal_places=2, examples=["48.5"])
    water_source: WaterSource | None = None
    latrine: Latrine | None = None
    internet_use: bool | None = None
    information_means: tuple[Device, ...] | None = Field(default=None, max_length=7)

    @model_validator(mode="after")
    def _each_member_once(self) -> Self:
        if len({each.person_id for each in self.members}) != len(self.members):
            raise PydanticCustomError("member_twice", "a member stands there twice")
        return self
