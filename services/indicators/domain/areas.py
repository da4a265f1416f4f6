"""Administrative units by date: what lies under what on a given day.

A unit is a code AND a validity: codes are reused after a reorganisation, and the district level ended on 2025-06-30.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Area:
    """A unit in one period. `valid_to` is its last day, None while it stands; `kind` is the legal kind (xã, phường)."""

    code: str
    valid_from: date
    valid_to: date | None
    name: str
    level: str
    kind: str
    parent_code: str | None

    def holds_on(self, on: date) -> bool:
        """Return whether the unit exists on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Succession:
    """A unit takes over another, or with others a part of it, from the day `effective` on."""

    old_code: str
    new_code: str
    effective: date


class AreaTree:
    """All known units of all periods."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._areas = sorted(areas, key=lambda area: (area.code, area.valid_from))
        self._by_code: dict[str, list[Area]] = defaultdict(list)
        for area in self._areas:
            self._by_code[area.code].append(area)
        # A tree lives as long as one request, and a request asks for the same few days again and again.
        self._on = lru_cache(maxsize=512)(self._build)
        self._under = lru_cache(maxsize=4096)(self._collect)

    def at(self, code: str, on: date) -> Area | None:
        """Return the unit that has a code on a day; of two that overlap, the one that began later."""
        return self._on(on)[0].get(code)

    def of_year(self, code: str, year: int) -> Area | None:
        """Return the unit that a number of a year is about where it names none: the last that had the code by the
        year's end, or the first that was given it later.
        """
        units = self._by_code.get(code, ())
        begun = [area for area in units if area.valid_from.year <= year]
        return begun[-1] if begun else next(iter(units), None)

    def communes(self, code: str, on: date) -> Sequence[Area]:
        """Return the communes and wards under a unit on a day, by code; a commune itself has none."""
        units = self._on(on)[0]
        found = (units[each] for each in self.codes_under(code, on) if each in units and each != code)
        return sorted((area for area in found if area.level == "commune"), key=lambda area: area.code)

    def codes_under(self, code: str, on: date) -> frozenset[str]:
        """Return the codes of a unit and of all that lies under it on a day; none when it does not exist then."""
        return self._under(code, on)

    def codes_ever_under(self, code: str) -> frozenset[str]:
        """Return a unit's code and every code that lay under it at any time."""
        children = defaultdict(set)
        for area in self._areas:
            children[area.parent_code].add(area.code)
        return _closure(code, children)

    def tops(self, on: date) -> Sequence[Area]:
        """Return the units of a day that lie under no known one: the provinces."""
        units = self._on(on)[0]
        return [area for area in units.values() if area.parent_code not in units]

    def _build(self, on: date) -> tuple[dict[str, Area], dict[str | None, set[str]]]:
        units = {area.code: area for area in self._areas if area.holds_on(on)}
        children: dict[str | None, set[str]] = defaultdict(set)
        for area in units.values():
            children[area.parent_code].add(area.code)
        return units, children

    def _collect(self, code: str, on: date) -> frozenset[str]:
        units, children = self._on(on)
        return _closure(code, children) if code in units else frozenset()


def _closure(code: str, children: dict[str | None, set[str]]) -> frozenset[str]:
    """Return a code and all below it; a cycle in the data ends where it began."""
    found = {code}
    waiting = [code]
    while waiting:
        new = children.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)
