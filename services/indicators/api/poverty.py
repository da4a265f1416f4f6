"""Poor and near-poor households: of a unit, over time, and of all communes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from services.indicators.api.models import (
    AreaOut,
    ChangeOut,
    DataOut,
    FigureOut,
    PovertyAreasOut,
    PovertyOnMapOut,
    PovertyOut,
    PovertySeriesOut,
    StandardsOut,
)
from services.indicators.api.parameters import (
    AreaCode,
    MapOn,
    On,
    OnGround,
    ParentCode,
    ReaderLanguage,
    Standard,
    area_on,
    past_day,
)
from services.indicators.api.tables import poverty_csv
from services.indicators.domain.areas import Area
from services.indicators.domain.periods import Step, TooManyPoints, months_before, points, year_before
from services.indicators.domain.poverty import Figure
from services.indicators.store.decisions import standards, unplaced
from services.indicators.store.figures import poverty_of_communes, poverty_on_map, poverty_series
from services.indicators.store.freshness import data_version
from shared.http import Problem, Router, Tx, needs

router = Router(prefix="/indicators/v1", tags=["poverty"], dependencies=[needs("figures.read")])


async def _days(
    first: Annotated[date | None, Query(alias="from", description="twelve months before `to` when not given")] = None,
    last: Annotated[date | None, Query(alias="to", description="last day; today when not given")] = None,
    by: Annotated[
        Step, Query(description="a point at the end of each month or year, and one on the last day")
    ] = "month",
) -> Sequence[date]:
    end = past_day(last)
    begin = first or months_before(end, 12 if by == "month" else 60)
    if begin > end:
        raise Problem(400, "period_reversed")
    try:
        return points(begin, end, by)
    except TooManyPoints as error:
        raise Problem(400, "period_too_long") from error


Days = Annotated[Sequence[date], Depends(_days)]


async def _figures(
    tx: Tx, ground: OnGround, area_code: AreaCode, standard: Standard, on: On, map_on: MapOn = None
) -> list[Figure]:
    """Return the figure a year earlier, where the unit existed then, and the figure of the day."""
    area_on(ground, area_code, map_on or on)
    days = [year_before(on), on]
    return await poverty_series(tx, ground, code=area_code, standard=standard, days=days, map_on=map_on)


async def _series(
    tx: Tx, ground: OnGround, area_code: AreaCode, standard: Standard, days: Days, map_on: MapOn = None
) -> list[Figure]:
    area_on(ground, area_code, map_on or days[-1])
    return await poverty_series(tx, ground, code=area_code, standard=standard, days=days, map_on=map_on)


@dataclass(frozen=True)
class _OfCommunes:
    parent: Area
    figures: Sequence[Figure]
    unplaced: int


async def _areas(
    tx: Tx, ground: OnGround, parent_code: ParentCode, standard: Standard, on: On, map_on: MapOn = None
) -> _OfCommunes:
    parent = area_on(ground, parent_code, map_on or on)
    if map_on is None:
        found = await poverty_of_communes(tx, ground, parent=parent_code, standard=standard, on=on)
        return _OfCommunes(parent, found, await unplaced(tx, standard, on))
    (_, *found), nowhere = await poverty_on_map(tx, ground, parent=parent_code, standard=standard, on=on, map_on=map_on)
    return _OfCommunes(parent, found, nowhere)


Figures = Annotated[list[Figure], Depends(_figures)]
Series = Annotated[list[Figure], Depends(_series)]
Communes = Annotated[_OfCommunes, Depends(_areas)]


@router.get("/standards")
async def list_standards(tx: Tx) -> StandardsOut:
    """The standards under which anything was decided."""
    return StandardsOut(standards=list(await standards(tx)))


@router.get("/poverty")
async def get_poverty(tx: Tx, figures: Figures, standard: Standard, language: ReaderLanguage) -> PovertyOut:
    """The figure of a unit on a day, and its change since the same day a year earlier.

    Under 20 households (or people) in the base a rate is not published; without a published base there is none.
    """
    return PovertyOut(
        standard=standard,
        figure=FigureOut.of(figures[-1]),
        change=ChangeOut.between(figures[0], figures[-1]) if len(figures) > 1 else None,
        data=DataOut.of("poverty", await data_version(tx), language),
    )


@router.get("/poverty.csv", response_class=Response)
async def get_poverty_csv(tx: Tx, figures: Figures, language: ReaderLanguage) -> Response:
    """The figure of a unit on a day."""
    name = f"poverty-{figures[-1].area.code}-{figures[-1].on}"
    return poverty_csv(figures[-1:], await data_version(tx), language, name=name)


@router.get("/poverty/series")
async def get_poverty_series(tx: Tx, series: Series, standard: Standard, language: ReaderLanguage) -> PovertySeriesOut:
    """The figures of a unit at the end of each month or year, and on the last day. Later corrections restate them."""
    data = DataOut.of("poverty", await data_version(tx), language)
    return PovertySeriesOut(standard=standard, points=[FigureOut.of(each) for each in series], data=data)


@router.get("/poverty/series.csv", response_class=Response)
async def get_poverty_series_csv(tx: Tx, series: Series, language: ReaderLanguage) -> Response:
    """The figures of a unit over time."""
    name = f"poverty-series-{series[-1].area.code}-{series[-1].on}"
    return poverty_csv(series, await data_version(tx), language, name=name)


@router.get("/poverty/areas")
async def list_poverty_of_areas(
    tx: Tx, communes: Communes, standard: Standard, on: On, language: ReaderLanguage
) -> PovertyAreasOut:
    """The figures of all communes and wards of a unit on a day, by code; on the map of that day or of another."""
    return PovertyAreasOut(
        standard=standard,
        parent=AreaOut.of(communes.parent),
        on=on,
        areas=[FigureOut.of(each) for each in communes.figures],
        unplaced_households=communes.unplaced,
        data=DataOut.of("poverty", await data_version(tx), language),
    )


@router.get("/poverty/areas.csv", response_class=Response)
async def list_poverty_of_areas_csv(
    tx: Tx, communes: Communes, parent_code: ParentCode, on: On, language: ReaderLanguage
) -> Response:
    """The figures of all communes and wards of a unit on a day."""
    name = f"poverty-areas-{parent_code}-{on}"
    return poverty_csv(communes.figures, await data_version(tx), language, name=name)


@router.get("/poverty/map")
async def get_poverty_on_map(
    tx: Tx,
    ground: OnGround,
    parent_code: ParentCode,
    standard: Standard,
    on: On,
    language: ReaderLanguage,
    map_on: Annotated[date, Query(description="the day whose map it is", examples=["2025-06-30"])],
) -> PovertyOnMapOut:
    """The figures of a day on the map of another: of before a reorganisation on the new map, of after on the old.

    A household of a unit that was split or merged between the two days counts where it was itself on the map's day.
    """
    area_on(ground, parent_code, map_on)
    figures, nowhere = await poverty_on_map(tx, ground, parent=parent_code, standard=standard, on=on, map_on=map_on)
    return PovertyOnMapOut(
        standard=standard,
        on=on,
        map_on=map_on,
        parent=FigureOut.of(figures[0]),
        areas=[FigureOut.of(each) for each in figures[1:]],
        unplaced_households=nowhere,
        data=DataOut.of("poverty", await data_version(tx), language),
    )
