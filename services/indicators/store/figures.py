"""Figures put together from what is stored: what the API and the page both show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.indicators.domain.areas import Area, AreaTree
from services.indicators.domain.payments import PaymentFigure, payment_figure
from services.indicators.domain.periods import months
from services.indicators.domain.poverty import Figure, PublishedTotals, figure
from services.indicators.store.areas import area_tree, published_totals, successions
from services.indicators.store.decisions import tallies, tallies_on_map
from services.indicators.store.money import booked, booked_on_map
from shared.db import Transaction
from shared.maps import OtherMap


class UnknownArea(LookupError):
    """No unit has that code on that day."""


@dataclass(frozen=True)
class Ground:
    """Areas and denominators, read once a request."""

    tree: AreaTree
    totals: PublishedTotals

    def area(self, code: str, on: date) -> Area:
        """Return the unit of a code on a day.

        Raises:
            UnknownArea: there is none.
        """
        found = self.tree.at(code, on)
        if found is None:
            raise UnknownArea(code)
        return found


async def ground(session: Transaction) -> Ground:
    """Read areas and denominators."""
    return Ground(await area_tree(session), await published_totals(session))


async def poverty_series(
    session: Transaction,
    base: Ground,
    *,
    code: str,
    standard: str,
    days: Sequence[date],
    map_on: date | None = None,
) -> list[Figure]:
    """Return the figure of a code on each of the ascending days on which it is a unit, or all on the map of one day.

    Raises:
        UnknownArea: it is none on the last day, or on that of the map.
    """
    area = base.area(code, map_on or days[-1])
    if map_on is not None:
        by_day = await tallies_on_map(session, standard, days, map_on=map_on, steps=await successions(session))
        return [
            figure(base.tree, base.totals, found.tallies, area=area, standard=standard, on=day, map_on=map_on)
            for day, found in by_day.items()
        ]
    counted = await tallies(session, standard, days, base.tree.codes_ever_under(code))
    units = ((day, base.tree.at(code, day)) for day in days)
    return [
        figure(base.tree, base.totals, counted[day], area=unit, standard=standard, on=day)
        for day, unit in units
        if unit is not None
    ]


async def poverty_of_communes(
    session: Transaction, base: Ground, *, parent: str, standard: str, on: date
) -> list[Figure]:
    """Return the figures of all communes under a unit on a day, by code.

    Raises:
        UnknownArea: the parent is no unit on that day.
    """
    base.area(parent, on)
    counted = (await tallies(session, standard, [on], base.tree.codes_under(parent, on)))[on]
    return [
        figure(base.tree, base.totals, counted, area=area, standard=standard, on=on)
        for area in base.tree.communes(parent, on)
    ]


async def poverty_on_map(
    session: Transaction, base: Ground, *, parent: str, standard: str, on: date, map_on: date
) -> tuple[list[Figure], int]:
    """Return the figures of a day for a unit and its communes, by code, as the map of another day has them.

    The second value is how many poor and near-poor households are in no unit of that map.

    Raises:
        UnknownArea: the parent is no unit on the day of the map.
    """
    area = base.area(parent, map_on)
    found = (await tallies_on_map(session, standard, [on], map_on=map_on, steps=await successions(session)))[on]
    figures = [
        figure(base.tree, base.totals, found.tallies, area=each, standard=standard, on=on, map_on=map_on)
        for each in (area, *base.tree.communes(parent, map_on))
    ]
    return figures, found.nowhere


async def payments(
    session: Transaction,
    base: Ground,
    *,
    area: Area,
    programme: str | None,
    first: str,
    last: str,
    map_on: date | None = None,
) -> PaymentFigure:
    """Return the money of a unit for the months from `first` to `last`, of one programme or of all.

    With `map_on` the unit is one of that day's map, and all money is shown on it.
    """
    if map_on is None:
        found = await booked(session, months(first, last), base.tree.codes_ever_under(area.code), programme)
    else:
        on_map = OtherMap(await successions(session), map_on)
        found = await booked_on_map(session, months(first, last), programme, map_on=map_on, on_map=on_map)
    return payment_figure(base.tree, found, area=area, first=first, last=last, map_on=map_on)
