"""What the page shows, read in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import dropwhile

from services.indicators.domain.areas import Area
from services.indicators.domain.payments import PaymentFigure
from services.indicators.domain.periods import month_of, months_before, points, year_before
from services.indicators.domain.poverty import Figure
from services.indicators.pages.state import PageState
from services.indicators.store.decisions import standards, unplaced
from services.indicators.store.figures import (
    Ground,
    payments,
    poverty_of_communes,
    poverty_on_map,
    poverty_series,
)
from services.indicators.store.freshness import DataVersion, data_version
from shared import clock
from shared.db import Transaction

_TREND_MONTHS = 60


@dataclass(frozen=True)
class Facts:
    """The figures of the chosen unit and of the communes around it, as of `read_at`.

    `series` begins with the first decision. `demonstration` says that figures are made up to show the platform.
    """

    area: Area
    region: Area
    choices: tuple[Area, ...]
    standards: tuple[str, ...]
    now: Figure
    year_ago: Figure | None
    series: tuple[Figure, ...]
    communes: tuple[Figure, ...]
    unplaced: int
    payments: PaymentFigure
    demonstration: bool
    version: DataVersion
    read_at: datetime


def default_area(ground: Ground, on: date) -> Area | None:
    """Return the unit to show when none is chosen: the province with the most communes; None without areas."""
    tops = ground.tree.tops(on)
    return max(tops, key=lambda area: len(ground.tree.codes_under(area.code, on)), default=None)


async def read_facts(session: Transaction, ground: Ground, state: PageState) -> Facts:
    """Read everything the page shows.

    Raises:
        UnknownArea: the chosen unit does not exist on the chosen day.
    """
    area = ground.area(state.area, state.units_of)
    region = _region(ground, area, state.units_of)
    year_ago = year_before(state.on)
    days = points(months_before(state.on, _TREND_MONTHS), state.on, "month")
    wanted = sorted({*days, year_ago})
    figures = await poverty_series(
        session, ground, code=area.code, standard=state.standard, days=wanted, map_on=state.map_on
    )
    by_day = {figure.on: figure for figure in figures}
    communes, nowhere = await _communes(session, ground, region, state)
    return Facts(
        area=area,
        region=region,
        choices=(region, *ground.tree.communes(region.code, state.units_of)),
        standards=tuple(await standards(session)),
        now=by_day[state.on],
        year_ago=by_day.get(year_ago),
        series=tuple(dropwhile(lambda each: not each.tallies.decided, (by_day[day] for day in days if day in by_day))),
        communes=tuple(communes),
        unplaced=nowhere,
        payments=await payments(
            session,
            ground,
            area=area,
            programme=None,
            first=f"{state.on.year}-01",
            last=month_of(state.on),
            map_on=state.map_on,
        ),
        demonstration=ground.totals.demonstration,
        version=await data_version(session),
        read_at=clock.now(),
    )


async def _communes(
    session: Transaction, ground: Ground, region: Area, state: PageState
) -> tuple[Sequence[Figure], int]:
    """Return the figures of the communes of a region, and how many poor and near-poor households are in no unit."""
    asked = {"parent": region.code, "standard": state.standard}
    if state.map_on is None:
        found = await poverty_of_communes(session, ground, **asked, on=state.on)
        return found, await unplaced(session, state.standard, state.on)
    (_, *found), nowhere = await poverty_on_map(session, ground, **asked, on=state.on, map_on=state.map_on)
    return found, nowhere


def _region(ground: Ground, area: Area, on: date) -> Area:
    """Return the province of a unit, or the unit itself where it lies under none."""
    for top in ground.tree.tops(on):
        if area.code in ground.tree.codes_under(top.code, on):
            return top
    return area
