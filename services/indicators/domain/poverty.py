"""The poverty figure of an area on a day: counts by class, the published base, and the rates over it.

"Multidimensional poverty" in the ministry's announcements is poor and near-poor households together over all
households of the area; "poverty" is the poor alone. Every count exists for households and for people.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.indicators.domain.areas import Area, AreaTree, Succession
from services.indicators.domain.rates import Rate, rate

# How the source of published totals begins where they are made up to show the platform.
DEMONSTRATION = "Dữ liệu trình diễn"


@dataclass(frozen=True, slots=True)
class Tally:
    """Households and the people in them, as the decisions counted them."""

    households: int = 0
    people: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.households + other.households, self.people + other.people)


@dataclass(frozen=True, slots=True)
class Tallies:
    """Households by the class of their latest decision."""

    poor: Tally = Tally()
    near_poor: Tally = Tally()
    not_poor: Tally = Tally()

    @property
    def together(self) -> Tally:
        """Poor and near-poor."""
        return self.poor + self.near_poor

    @property
    def decided(self) -> bool:
        """Whether any household has a standing at all."""
        return any(tally.households for tally in (self.poor, self.near_poor, self.not_poor))

    def __add__(self, other: "Tallies") -> "Tallies":
        return Tallies(self.poor + other.poor, self.near_poor + other.near_poor, self.not_poor + other.not_poor)


@dataclass(frozen=True, slots=True)
class Totals:
    """Published households and people of a unit in a year.

    Where `valid_from`, the first day of the unit, is not known it is the one that had the code at the year's end.
    """

    code: str
    year: int
    households: int
    people: int
    source: str
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """What a rate is over. Where the area itself has no published number, what was added up instead: `communes` of it,
    or units that it `merged` whole.
    """

    households: int
    people: int
    year: int
    source: str
    communes: int | None = None
    merged: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A count of households and people with its rates."""

    tally: Tally
    households_rate: Rate
    people_rate: Rate


@dataclass(frozen=True, slots=True)
class Figure:
    """The figure of one area, standard and day. `reporting` of `communes` communes have decisions by then.

    On the map of another day, `map_on`, the area is one of that map.
    """

    area: Area
    standard: str
    on: date
    tallies: Tallies
    base: Base | None
    communes: int
    reporting: int
    map_on: date | None = None

    @property
    def poor(self) -> Share:
        return self._share(self.tallies.poor)

    @property
    def near_poor(self) -> Share:
        return self._share(self.tallies.near_poor)

    @property
    def together(self) -> Share:
        """Poor and near-poor: the multidimensional poverty of the announcements."""
        return self._share(self.tallies.together)

    def _share(self, tally: Tally) -> Share:
        decided = self.tallies.decided
        households, people = (None, None) if self.base is None else (self.base.households, self.base.people)
        return Share(
            tally,
            rate(tally.households, households, decided=decided),
            rate(tally.people, people, decided=decided),
        )


class PublishedTotals:
    """The denominators. `demonstration` says that some of them are made up."""

    def __init__(self, totals: Sequence[Totals], successions: Iterable[Succession] = ()) -> None:
        self.demonstration = any(each.source.startswith(DEMONSTRATION) for each in totals)
        self._of = {(each.code, each.year, each.valid_from): each for each in totals}
        self._years = sorted({each.year for each in totals})
        self._merged: dict[tuple[str, date], set[str]] = defaultdict(set)
        self._heirs: dict[tuple[str, date], set[str]] = defaultdict(set)
        for each in successions:
            self._merged[each.new_code, each.effective].add(each.old_code)
            self._heirs[each.old_code, each.effective].add(each.new_code)

    def base(self, tree: AreaTree, code: str, on: date, map_on: date | None = None) -> Base | None:
        """Return the base of a rate: the published numbers of the unit that has the code on the day, or on that of the
        map, in the latest year that is not after the day's.

        A unit without any is the sum of its communes, or of the units that it took over whole, in the latest year in
        which each has a number. On the map of a later day the first numbers published since count where none is older.
        """
        unit = tree.at(code, map_on or on)
        if unit is None:
            return None
        years = self._years_by_nearness(on, map_on or on)
        for year in years:
            numbers = self._numbers(tree, unit, year)
            if numbers:
                own = numbers == [self._own(tree, unit, year)]
                return _sum(numbers, year, merged=None if own else len(numbers))
        communes = tree.communes(code, map_on or on)
        for year in years if communes else ():
            parts = [self._numbers(tree, commune, year) for commune in communes]
            if all(parts):
                return _sum([each for part in parts for each in part], year, communes=len(communes))
        return None

    def _years_by_nearness(self, on: date, map_on: date) -> Sequence[int]:
        before = [year for year in self._years if year <= on.year]
        return [*reversed(before), *(year for year in self._years if on.year < year <= map_on.year)]

    def _numbers(self, tree: AreaTree, unit: Area, year: int) -> Sequence[Totals]:
        """Return the numbers of a unit in a year, or those of all units that it took over, none where one is missing.

        Of a unit that was split nobody knows which part came here.
        """
        own = self._own(tree, unit, year)
        if own is not None:
            return [own]
        found: list[Totals] = []
        for old_code in sorted(self._merged.get((unit.code, unit.valid_from), ())):
            old = tree.at(old_code, unit.valid_from - timedelta(days=1))
            whole = self._heirs[old_code, unit.valid_from] == {unit.code}
            part = self._numbers(tree, old, year) if old is not None and whole else []
            if not part:
                return []
            found += part
        return found

    def _own(self, tree: AreaTree, unit: Area, year: int) -> Totals | None:
        named = self._of.get((unit.code, year, unit.valid_from))
        unnamed = self._of.get((unit.code, year, None))
        return named or (unnamed if tree.of_year(unit.code, year) == unit else None)


def _sum(numbers: Sequence[Totals], year: int, *, communes: int | None = None, merged: int | None = None) -> Base:
    households, people = sum(each.households for each in numbers), sum(each.people for each in numbers)
    source = "; ".join(sorted({each.source for each in numbers}))
    return Base(households, people, year, source, communes, merged)


def figure(
    tree: AreaTree,
    totals: PublishedTotals,
    by_code: Mapping[str, Tallies],
    *,
    area: Area,
    standard: str,
    on: date,
    map_on: date | None = None,
) -> Figure:
    """Return the figure of an area from the tallies of all codes on that day.

    The area is the sum over what lies under it on that day, or that of the map, so communes add up to their province.
    """
    seen = map_on or on
    tallies = sum((by_code[code] for code in tree.codes_under(area.code, seen) if code in by_code), Tallies())
    communes = tree.communes(area.code, seen) or [area]
    reporting = sum(1 for commune in communes if _decided(tree, by_code, commune, seen))
    base = totals.base(tree, area.code, on, map_on)
    return Figure(area, standard, on, tallies, base, communes=len(communes), reporting=reporting, map_on=map_on)


def _decided(tree: AreaTree, by_code: Mapping[str, Tallies], commune: Area, on: date) -> bool:
    return any(by_code[code].decided for code in tree.codes_under(commune.code, on) if code in by_code)
