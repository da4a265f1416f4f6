"""Summing the ledger up into the movement tables of an area."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, not_, or_, select, tuple_

from services.registry.domain.areas import Area
from services.registry.domain.coverage import communes_within
from services.registry.domain.movement_report import Count, ListMovement
from services.registry.domain.movements import LISTS, Line
from services.registry.store.areas import every_area
from services.registry.store.ledger import Entry
from services.registry.tables import MOVEMENTS
from shared.db import Transaction, among
from shared.events.registry import HouseholdClass
from shared.http import Problem

ListMovements = dict[HouseholdClass, ListMovement]


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both inclusive, under a standard; as known at a moment, or now."""

    standard: str
    first: date
    last: date
    known_at: datetime | None = None


async def communes_of(session: Transaction, code: str, period: Period) -> tuple[Area, ...]:
    """Return the communes that an area of any level holds in a period, each as it was last; itself where it is one.

    Raises:
        Problem: 404 `area_not_found`.
    """
    found = communes_within(await every_area(session), code, period.first, period.last)
    if not found:
        raise Problem(404, "area_not_found")
    return found


async def movement_of(session: Transaction, codes: Collection[str], period: Period) -> ListMovements:
    """Return the movement of each list over the communes of some codes taken together: between them nothing moved."""
    outside = or_(MOVEMENTS.c.other_area.is_(None), not_(among(MOVEMENTS.c.other_area, codes)))
    sums = Sums()
    for row in await session.execute(_query(codes, period).where(outside)):
        sums.add(row)
    return sums.lists()


async def movement_by_commune(session: Transaction, codes: Collection[str], period: Period) -> dict[str, ListMovements]:
    """Return the movement of each list in each commune of some codes; none where nothing ever moved."""
    commune = MOVEMENTS.c.area_code
    sums: dict[str, Sums] = {}
    for row in await session.execute(_query(codes, period).add_columns(commune).group_by(commune).order_by(commune)):
        sums.setdefault(row.area_code, Sums()).add(row)
    return {code: each.lists() for code, each in sums.items()}


async def entries_within(
    session: Transaction, codes: Collection[str], period: Period, *, page: int
) -> AsyncIterator[Sequence[Entry]]:
    """Yield the entries of a period in the communes of some codes, those that reverse others too, in pages by day."""
    outside = or_(MOVEMENTS.c.other_area.is_(None), not_(among(MOVEMENTS.c.other_area, codes)))
    order = tuple_(MOVEMENTS.c.moved_on, MOVEMENTS.c.id)
    query = (
        select(MOVEMENTS)
        .where(MOVEMENTS.c.standard == period.standard, among(MOVEMENTS.c.area_code, codes), outside)
        .where(MOVEMENTS.c.moved_on >= period.first, MOVEMENTS.c.moved_on <= period.last)
        .order_by(MOVEMENTS.c.moved_on, MOVEMENTS.c.id)
        .limit(page)
    )
    if period.known_at is not None:
        query = query.where(MOVEMENTS.c.recorded_at <= period.known_at)
    rows = (await session.execute(query)).mappings().all()
    while rows:
        yield [Entry.model_validate(dict(row)) for row in rows]
        after = (rows[-1]["moved_on"], rows[-1]["id"])
        rows = (await session.execute(query.where(order > after))).mappings().all()


@dataclass
class Sums:
    """What the entries before a period and within it add up to, by line and class."""

    before: dict[tuple[Line, HouseholdClass], Count] = field(default_factory=dict)
    within: dict[tuple[Line, HouseholdClass], Count] = field(default_factory=dict)

    def add(self, row: Any) -> None:
        """Add entries of one line and class, counted by the database."""
        counted = self.before if row.before else self.within
        key = row.line, row.household_class
        counted[key] = counted.get(key, Count()) + Count(households=row.households, people=row.people)

    def lists(self) -> ListMovements:
        """Return the movement of each list."""
        return {each: ListMovement.of(each, self.before, self.within) for each in LISTS}


def _query(codes: Collection[str], period: Period) -> Select[Any]:
    moved: ColumnElement[bool] = (MOVEMENTS.c.moved_on < period.first).label("before")
    households, people = (func.sum(MOVEMENTS.c[name]).label(name) for name in ("households", "people"))
    query = (
        select(MOVEMENTS.c.line, MOVEMENTS.c.household_class, moved, households, people)
        .where(MOVEMENTS.c.standard == period.standard, among(MOVEMENTS.c.area_code, codes))
        .where(MOVEMENTS.c.moved_on <= period.last)
        .group_by(MOVEMENTS.c.line, MOVEMENTS.c.household_class, moved)
    )
    return query if period.known_at is None else query.where(MOVEMENTS.c.recorded_at <= period.known_at)
