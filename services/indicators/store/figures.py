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
from services.indicators.store.money import booked
from shared.db import Transaction


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
    session: Transaction, base: Ground, *, code: str, standard: str, days: Sequence[date]
) -> list[Figure]:
    """Return the figure of a code on each of the ascending days on which it is a unit.

    Raises:
        UnknownArea: it is none on the last day.
    """
    base.area(code, days[-1])
    counted = await tallies(session, standard, days, base.tree.codes_ever_under(code))
    units = ((day, base.tree.at(code, day)) for day in days)
    return [
        figure(base.tree, base.totals, counted[day], area=area, standard=standard, on=day)
        for day, area in units
        if area is not None
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
    by_code, nowhere = await tallies_on_map(session, standard, on, map_on=map_on, steps=await successions(session))
    figures = [
        figure(base.tree, base.totals, by_code, area=each, standard=standard, on=on, map_on=map_on)
        for each in (area, *base.tree.communes(parent, map_on))
    ]
    return figures, nowhere


async def payments(
    session: Transaction, base: Ground, *, area: Area, programme: str | None, first: str, last: str
) -> PaymentFigure:
    """Return the money of a unit for the months from `first` to `last`, of one programme or of all."""
    found = await booked(session, months(first, last), base.tree.codes_ever_under(area.code), programme)
    return payment_figure(base.tree, found, area=area, first=first, last=last)
