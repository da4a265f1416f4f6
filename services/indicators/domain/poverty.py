"""The poverty figure of an area on a day: counts by class, the published base, and the rates over it.

"Multidimensional poverty" in the ministry's announcements is poor and near-poor households together over all
households of the area; "poverty" is the poor alone. Every count exists for households and for people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.indicators.domain.areas import Area, AreaTree
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
    """Published households and people of a code in a year."""

    code: str
    year: int
    households: int
    people: int
    source: str


@dataclass(frozen=True, slots=True)
class Base:
    """What a rate is over. `communes` is how many were added up where the area itself has no published number."""

    households: int
    people: int
    year: int
    source: str
    communes: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A count of households and people with its rates."""

    tally: Tally
    households_rate: Rate
    people_rate: Rate


@dataclass(frozen=True, slots=True)
class Figure:
    """The figure of one area, standard and day. `reporting` of `communes` communes have decisions by then."""

    area: Area
    standard: str
    on: date
    tallies: Tallies
    base: Base | None
    communes: int
    reporting: int

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

    def __init__(self, totals: Sequence[Totals]) -> None:
        self.demonstration = any(each.source.startswith(DEMONSTRATION) for each in totals)
        self._of = {(each.code, each.year): each for each in totals}
        self._years = sorted({each.year for each in totals}, reverse=True)

    def base(self, tree: AreaTree, code: str, on: date, map_on: date | None = None) -> Base | None:
        """Return the base of a rate: the area's own numbers of the latest year that is not after the day's.

        On the map of a later day its numbers of that day's year count too. An area without any is the sum of its
        communes, in the latest year in which each has a number.
        """
        last = max(on, map_on or on)
        years = [year for year in self._years if year <= last.year]
        for year in years:
            own = self._of.get((code, year))
            if own is not None:
                return Base(own.households, own.people, year, own.source)
        return self._sum(years, [area.code for area in tree.communes(code, map_on or on)])

    def _sum(self, years: Sequence[int], codes: Sequence[str]) -> Base | None:
        for year in years if codes else ():
            parts = [self._of.get((code, year)) for code in codes]
            known = [part for part in parts if part is not None]
            if len(known) == len(codes):
                households, people = sum(part.households for part in known), sum(part.people for part in known)
                source = "; ".join(sorted({part.source for part in known}))
                return Base(households, people, year, source, communes=len(known))
        return None


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
    return Figure(area, standard, on, tallies, base, communes=len(communes), reporting=reporting)


def _decided(tree: AreaTree, by_code: Mapping[str, Tallies], commune: Area, on: date) -> bool:
    return any(by_code[code].decided for code in tree.codes_under(commune.code, on) if code in by_code)
