"""The movement tables on the map of another day: of a year of change on the new map, or on the old one.

An entry of the ledger stands in the commune that its household had that day. Here it stands in the unit which that one
became or was; where it was split or merged meanwhile, in the one in which the household itself was on the map's day.
That units were redrawn is no movement then: start and end are of the same land.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, Row, Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from services.registry.domain.successions import Succession
from services.registry.store.movement_reports import ListMovements, Period, Sums
from services.registry.tables import HOUSEHOLD_VERSIONS, MOVEMENTS
from shared.db import Transaction, among
from shared.maps import OtherMap, counterparts, unplaced

_OWN = HOUSEHOLD_VERSIONS.alias("own")
_LONG_AGO = date(1900, 1, 1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class MovementOnMap:
    """The movement of lists over some units of a map, in each of them, and of who is in none of its units that is known
    but lives where one of them took a part.
    """

    whole: ListMovements
    by_unit: Mapping[str, ListMovements]
    unplaced: ListMovements


async def movement_on_map(
    session: Transaction, codes: Collection[str], period: Period, *, map_on: date, steps: Sequence[Succession]
) -> MovementOnMap:
    """Return the movement of each list in a period over the units of some codes on the map of a day."""
    on_map = _LedgerMap(steps, map_on)
    whole, lost = Sums(), Sums()
    by_unit: dict[str, Sums] = defaultdict(Sums)
    for row in await session.execute(_query(on_map.sources(codes), period, map_on, on_map.days)):
        here, there = on_map.places(row)
        if here == there and row.other_area is not None:
            continue  # between two units that are one on this map nothing moved
        if here is None:
            lost.add(row)
        elif here in codes:
            by_unit[here].add(row)
            if there not in codes:
                whole.add(row)
    return MovementOnMap(whole.lists(), {code: by_unit[code].lists() for code in sorted(by_unit)}, lost.lists())


class _LedgerMap:
    """Where entries of the ledger stand on the map of a day. `days` are those on which units were redrawn."""

    def __init__(self, steps: Sequence[Succession], map_on: date) -> None:
        self.days = sorted({each.effective for each in steps})
        self._steps = steps
        self._map_on = map_on
        self._on_map = OtherMap(steps, map_on)

    def sources(self, codes: Collection[str]) -> set[str]:
        """Return every code under which a household of one of these units may have stood, on whatever day."""
        days = [_LONG_AGO, *self.days]
        found = {
            each
            for code in codes
            for day in days
            for each in counterparts(code, self._steps, on=self._map_on, seen_on=day)
        }
        return found | {unplaced(code) for code in found}

    def places(self, row: Row[Any]) -> tuple[str | None, str | None]:
        """Return the units of this map in which an entry stands and from or to which its household went."""
        day = self.days[row.era - 1] if row.era else _LONG_AGO
        # Of a redrawn unit one side is of the map before: an entry that takes away stands in the old unit.
        leaves = row.redrawn and row.line == "other_decrease"
        comes = row.redrawn and row.line == "other_increase"
        here = self._on_map.place(row.area_code, day - _DAY if leaves else day, row.own)
        if row.other_area is None:
            return here, None
        return here, self._on_map.place(row.other_area, day - _DAY if comes else day, row.own)


def _query(codes: Collection[str], period: Period, map_on: date, days: Sequence[date]) -> Select[Any]:
    entries, own = MOVEMENTS.c, _OWN.c
    redrawn_on = bindparam(None, list(days), type_=ARRAY(Date), unique=True)
    by = (
        entries.line,
        entries.household_class,
        (entries.moved_on < period.first).label("before"),
        entries.area_code,
        entries.other_area,
        func.coalesce(entries.cause == "reorganised", False).label("redrawn"),
        func.width_bucket(entries.moved_on, redrawn_on).label("era"),
        own.area_code.label("own"),
    )
    sums = [func.sum(entries[name]).label(name) for name in ("households", "people")]
    there = (own.valid_from <= map_on) & (map_on < own.valid_until) & own.superseded_at.is_(None)
    query = (
        select(*by, *sums)
        .select_from(MOVEMENTS.outerjoin(_OWN, (own.household_id == entries.household_id) & there))
        .where(entries.standard == period.standard, entries.moved_on <= period.last)
        .where(among(entries.area_code, codes))
        .group_by(*by)
    )
    return query if period.known_at is None else query.where(entries.recorded_at <= period.known_at)
