"""The whole demonstration as a plan: which households there are, and what every review decides about them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from random import Random

from deploy.demo.apportion import apportion
from deploy.demo.cells import Cell, cells, scaled
from deploy.demo.paths import BACKGROUND, Class, Origin, path
from deploy.demo.reviews import Kind, Review, reviews
from services.registry.domain.areas import Area
from shared.events.registry import Setting

SEED = 25_2024
# At scale 1: who was on the lists before 2024 and no longer in it, and who comes on them first at a later review.
GONE = 35_000
NEWCOMERS: Mapping[Kind, int] = {"yearly": 1_200, "regular": 160, "opening": 12_000}


@dataclass(frozen=True, slots=True)
class Household:
    """A made-up household. `classes` has one entry a review; `first` is the number of the review that registers it."""

    serial: int
    commune: str
    group: str
    first: int
    classes: tuple[Class | None, ...]

    def chance(self, use: str) -> Random:
        """Return the household's own chances for a use: the same in every run, whatever else is drawn."""
        return Random(f"{SEED}/{self.serial}/{self.commune}/{use}")  # noqa: S311 - a fixed seed is the point

    @property
    def reference(self) -> str:
        """What names the household in lists."""
        return f"TD-{self.serial:06}"


@dataclass(frozen=True)
class Plan:
    """All households at a scale, with the reviews up to a day."""

    scale: Fraction
    communes: Mapping[str, Area]
    reviews: Sequence[Review]
    cells: Sequence[Cell]
    households: Sequence[Household]

    def setting(self, commune: str) -> Setting:
        """Return whether a commune is urban or rural by its legal kind."""
        return self.communes[commune].setting or "rural"

    def reviewed(self, review: Review) -> Mapping[str, Sequence[Household]]:
        """Return the households that a review looks at, by commune."""
        found: dict[str, list[Household]] = defaultdict(list)
        for household in self.households:
            if household.classes[review.number] is not None:
                found[household.commune].append(household)
        return dict(sorted(found.items()))

    def standing_after(self, review: Review) -> Iterator[tuple[Household, Class]]:
        """Yield every household that has a class under the review's standard once all communes decided."""
        alike = [each.number for each in self.reviews[: review.number + 1] if each.standard == review.standard]
        for household in self.households:
            now = next((found for number in reversed(alike) if (found := household.classes[number])), None)
            if now is not None:
                yield household, now

    def counts_after(self, review: Review) -> Mapping[str, Counter[Class]]:
        """Return the number of households of each class, by commune, once all communes decided."""
        counts: dict[str, Counter[Class]] = defaultdict(Counter)
        for household, now in self.standing_after(review):
            counts[household.commune][now] += 1
        return counts


def make_plan(communes: Sequence[Area], scale: Fraction, today: date) -> Plan:
    """Return the plan of the given communes at a scale, with the reviews up to a day.

    A later day adds reviews and newcomers at the end and changes nothing before them.
    """
    held = reviews(today)
    found = cells([area.code for area in communes], scale)
    makers = [*_background(found, scale), *_newcomers(found, scale, held)]
    households = [_household(serial, cell, origin, first, held) for serial, (cell, origin, first) in enumerate(makers)]
    by_code = {area.code: area for area in communes}
    return Plan(scale, by_code, held, found, [each for each in households if each.first < len(held)])


_Maker = tuple[Cell, Origin, int]


def _background(found: Sequence[Cell], scale: Fraction) -> Iterator[_Maker]:
    gone = apportion(scaled(GONE, scale), [cell.poor + cell.near_poor for cell in found], _room(found))
    for cell, left in zip(found, gone, strict=True):
        origins: tuple[tuple[Origin, int], ...] = (("poor", cell.poor), ("near_poor", cell.near_poor), ("gone", left))
        for origin, count in origins:
            for _ in range(count):
                yield cell, origin, 0


def _newcomers(found: Sequence[Cell], scale: Fraction, held: Sequence[Review]) -> Iterator[_Maker]:
    room = _room(found)
    gone = apportion(scaled(GONE, scale), [cell.poor + cell.near_poor for cell in found], room)
    room = [free - taken for free, taken in zip(room, gone, strict=True)]
    for review in held[BACKGROUND:]:
        weights = [cell.poor + cell.near_poor for cell in found]
        come = apportion(scaled(NEWCOMERS[review.kind], scale), weights, room)
        room = [free - taken for free, taken in zip(room, come, strict=True)]
        for cell, count in zip(found, come, strict=True):
            for _ in range(count):
                yield cell, "newcomer", review.number


def _room(found: Sequence[Cell]) -> list[int]:
    """Return how many households of each cell were never poor or near-poor in 2024, a tenth kept out of it all."""
    return [max(0, cell.households * 9 // 10 - cell.poor - cell.near_poor) for cell in found]


def _household(serial: int, cell: Cell, origin: Origin, first: int, held: Sequence[Review]) -> Household:
    chance = Random(f"{SEED}/{serial}/{cell.commune}/path")  # noqa: S311 - a fixed seed is the point
    classes = tuple(path(chance, origin, first, held))
    seen = next((number for number, found in enumerate(classes) if found is not None), len(held))
    return Household(serial, cell.commune, cell.group, seen, classes)
