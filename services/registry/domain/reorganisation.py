"""A reorganisation of administrative units: what becomes of each old unit, of its households and of grants in it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.registry.domain.areas import Area, Name, cleaned
from services.registry.domain.successions import Succession
from shared.maps import unplaced

Fate = Literal["stays", "moves", "split", "ends"]
State = Literal["planned", "approved", "applying", "applied", "confirmed", "undone"]


class Pair(BaseModel):
    """A unit and one that takes it over, wholly or with others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    old_code: str = Field(max_length=12, examples=["08548"])
    new_code: str = Field(max_length=12, examples=["08566"])


class ReorganisationOrder(BaseModel):
    """Which unit takes over which, by which act, from which day on. The units themselves are stated before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Name = Field(examples=["Sắp xếp đơn vị hành chính cấp xã của tỉnh Phú Thọ"])
    legal_basis: Annotated[str, Field(min_length=3, max_length=300, examples=["1676/NQ-UBTVQH15"])]
    effective_on: date = Field(examples=["2025-07-01"])
    successions: tuple[Pair, ...] = Field(min_length=1, max_length=20_000)

    @property
    def steps(self) -> list[Succession]:
        """The successions, in order and each once."""
        pairs = sorted({(each.old_code, each.new_code) for each in self.successions})
        return [Succession(old_code=old, new_code=new, effective=self.effective_on) for old, new in pairs]


@dataclass(frozen=True)
class Outcome:
    """What becomes of an old unit: `heirs` take it over."""

    code: str
    heirs: tuple[str, ...]

    @property
    def fate(self) -> Fate:
        """Whether its households stay under their code, move, have to be placed one by one, or have nowhere to go."""
        if len(self.heirs) > 1:
            return "split"
        if not self.heirs:
            return "ends"
        return "stays" if self.heirs == (self.code,) else "moves"

    @property
    def goes_to(self) -> str | None:
        """The code under which its households and grants go on; None where they stay or end."""
        if self.fate == "split":
            return unplaced(self.code)
        return self.heirs[0] if self.fate == "moves" else None


def ending_with(steps: Sequence[Succession], before: Mapping[str, Area], last_day: date) -> list[Area]:
    """Return the units that end with the map of `last_day` in the provinces that the steps touch, above the village.

    `before` are the units of that day by code. What another province reorganises is held against its own plan.
    """
    touched = {_province_of(each.old_code, before) for each in steps}
    return [
        each
        for each in before.values()
        if each.valid_to == last_day and each.level != "village" and _province_of(each.code, before) in touched
    ]


def _province_of(code: str, units: Mapping[str, Area]) -> str:
    """Return the code of the highest known unit above one."""
    unit = units.get(code)
    while unit is not None and unit.parent_code is not None:
        code, unit = unit.parent_code, units.get(unit.parent_code)
    return code


def outcomes(steps: Sequence[Succession], ending: Sequence[Area]) -> list[Outcome]:
    """Return what becomes of every old unit that is named, and of those that end unnamed, by code."""
    heirs: dict[str, list[str]] = defaultdict(list)
    for each in steps:
        heirs[each.old_code].append(each.new_code)
    codes = heirs.keys() | {each.code for each in ending}
    return [Outcome(code, tuple(sorted(heirs.get(code, ())))) for code in sorted(codes)]


def ways(known: Sequence[Outcome]) -> Mapping[str, str]:
    """Return the codes under which what does not stay goes on, by old code."""
    return {each.code: each.goes_to for each in known if each.goes_to is not None}


Reason = Annotated[str, Field(min_length=10, max_length=500), BeforeValidator(cleaned)]
