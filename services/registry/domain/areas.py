"""Administrative units. A unit is a code AND a validity: after a reorganisation codes are given to other units."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.events.registry import AreaLevel, Setting
from shared.text import clean

# The first day of a unit whose beginning nobody recorded: the official lists of before 2025 carry none.
UNKNOWN_START = date(1, 1, 1)


def cleaned(value: object) -> object:
    """Return text as we store it, before its length is judged; anything else as it is."""
    return clean(value) if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(cleaned)]
Kind = Annotated[str, Field(max_length=40, description="legal kind: tỉnh, xã, phường, …"), BeforeValidator(cleaned)]

_KINDS: Mapping[AreaLevel, frozenset[str]] = MappingProxyType(
    {
        "province": frozenset({"tỉnh", "thành phố trung ương"}),
        "district": frozenset({"huyện", "quận", "thị xã", "thành phố"}),
        "commune": frozenset({"xã", "phường", "thị trấn", "đặc khu"}),
        "village": frozenset({"thôn", "xóm", "bản", "làng", "khu", "khu dân cư", "tổ dân phố"}),
    }
)
_CODES: Mapping[AreaLevel, re.Pattern[str]] = MappingProxyType(
    {
        "province": re.compile(r"[0-9]{2}"),
        "district": re.compile(r"[0-9]{3}"),
        "commune": re.compile(r"[0-9]{5}"),
        # No national code exists below the commune; the commune numbers its own villages behind its own code.
        "village": re.compile(r"[0-9]{5}-[0-9A-Z]{1,6}"),
    }
)
_RANK: Mapping[AreaLevel, int] = MappingProxyType({"province": 0, "district": 1, "commune": 2, "village": 3})
_SETTINGS: Mapping[str, Setting] = MappingProxyType({"phường": "urban", "thị trấn": "urban", "xã": "rural"})


class Area(BaseModel):
    """One administrative unit in one period; `valid_to` is its last day.

    Codes are those of the statistics office (Decision 19/2025/QĐ-TTg): text of 2 digits for a province, 3 for a
    district, 5 for a commune; a village is its commune's code, a hyphen and the commune's own number.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "08566",
                    "name": "Xã Tân Sơn",
                    "level": "commune",
                    "parent_code": "25",
                    "kind": "xã",
                    "valid_from": "2025-07-01",
                    "valid_to": None,
                }
            ]
        },
    )

    code: str = Field(max_length=12)
    name: Name
    level: AreaLevel
    parent_code: str | None = Field(default=None, max_length=12)
    kind: Kind
    valid_from: date
    valid_to: date | None = Field(default=None, description="last day of validity, inclusive")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if not _CODES[self.level].fullmatch(self.code):
            raise PydanticCustomError("area_code", "not a code of this level")
        if self.kind not in _KINDS[self.level]:
            raise PydanticCustomError("area_kind", "not a legal kind of this level")
        if (self.parent_code is None) != (self.level == "province"):
            raise PydanticCustomError("area_parent", "every unit but a province has a parent")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise PydanticCustomError("area_period", "ends before it begins")
        return self

    @property
    def setting(self) -> Setting | None:
        """Urban for a ward or township, rural for a commune, None where the kind decides nothing."""
        return _SETTINGS.get(self.kind)

    def valid_on(self, day: date) -> bool:
        """Return whether the unit exists on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def units_of_year(units: Iterable[Area], year: int) -> list[Area]:
    """Return which units of one code a number of a year may be about: those of that year.

    Where there was none then, all: numbers of earlier years are published anew for the map of today.
    """
    known = list(units)
    then = [
        each for each in known if each.valid_from.year <= year and (each.valid_to is None or year <= each.valid_to.year)
    ]
    return then or known


@dataclass(frozen=True)
class AreaFault:
    """What is wrong with one unit of a list, by its place in the list."""

    index: int
    code: str


def faults_among(stated: Sequence[Area], known: Iterable[Area]) -> list[AreaFault]:
    """Return what forbids to take `stated` into `known`.

    Two units of one code may not overlap in time; a unit's parent must exist, at a higher level, on its first day.
    A stated unit replaces the known one of the same code and first day.
    """
    keys = [(area.code, area.valid_from) for area in stated]
    merged = {(area.code, area.valid_from): area for area in known} | dict(zip(keys, stated, strict=True))
    by_code: dict[str, list[Area]] = defaultdict(list)
    for area in merged.values():
        by_code[area.code].append(area)
    first = {key: index for index, key in reversed(list(enumerate(keys)))}
    faults = [AreaFault(index, "area_twice") for index, key in enumerate(keys) if first[key] != index]
    for index, area in enumerate(stated):
        if any(_overlap(area, other) for other in by_code[area.code] if other.valid_from != area.valid_from):
            faults.append(AreaFault(index, "area_overlap"))
        if area.parent_code is not None and not _has_parent(area, by_code.get(area.parent_code, [])):
            faults.append(AreaFault(index, "area_parent_unknown"))
    return faults


def _overlap(one: Area, other: Area) -> bool:
    return one.valid_on(other.valid_from) or other.valid_on(one.valid_from)


def _has_parent(area: Area, parents: Iterable[Area]) -> bool:
    return any(parent.valid_on(area.valid_from) and _RANK[parent.level] < _RANK[area.level] for parent in parents)
