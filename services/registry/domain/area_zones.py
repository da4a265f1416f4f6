"""Zones of communes and villages by difficulty, as dated data: I, II, III, and extremely difficult ones."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Zone = Literal["I", "II", "III"]


class AreaZone(BaseModel):
    """The zone of a unit from day to day, both included. A zone outlives no unit, but begins and ends by itself.

    Zones of communes in ethnic minority and mountainous areas, and extremely difficult communes and villages, are
    recognised by decisions of the Prime Minister and the ministry for a period (as Decision 861/QĐ-TTg for 2021-2025).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(max_length=12, examples=["08566"])
    valid_from: date = Field(examples=["2025-07-01"])
    valid_to: date | None = Field(default=None, description="last day, inclusive")
    zone: Zone | None = Field(default=None, description="of a commune; a village has none")
    extremely_difficult: bool = False
    legal_basis: str = Field(min_length=3, max_length=300, examples=["Quyết định 861/QĐ-TTg ngày 04/6/2021"])

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise PydanticCustomError("area_period", "ends before it begins")
        if self.zone is None and not self.extremely_difficult:
            raise PydanticCustomError("zone_says_nothing", "neither a zone nor extremely difficult")
        return self

    def meets(self, other: "AreaZone") -> bool:
        """Return whether another statement about the same unit overlaps with this one in time."""
        ends, other_ends = self.valid_to or date.max, other.valid_to or date.max
        return self.code == other.code and self.valid_from <= other_ends and other.valid_from <= ends
