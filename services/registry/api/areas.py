"""Areas and their published totals."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.requests import Request

from services.registry.domain.area_csv import AreaFileRefused, LineFault, read_areas
from services.registry.domain.area_zones import AreaZone
from services.registry.domain.areas import Area
from services.registry.domain.successions import Succession
from services.registry.store import areas as store
from services.registry.store.area_zones import page_of_zones, state_zones
from services.registry.store.areas import AreaTotals, Stated
from services.registry.store.grants import follow_areas
from services.registry.store.successions import page_of_successions
from shared import clock
from shared.db import Transaction
from shared.events.registry import AreaLevel
from shared.http import About, Page, Paging, Problem, Router, Tx, needs
from shared.http.refusals import validation_problem

router = Router(prefix="/registry/v1", tags=["areas"])

READING, ADMINISTERING = needs("reference.read"), needs("areas.administer")
_LARGEST_BATCH = 1000
OnDay = Annotated[date | None, Query(description="the day asked about; today where absent")]
Areas = Annotated[list[Area], Field(min_length=1, max_length=_LARGEST_BATCH)]
Zones = Annotated[list[AreaZone], Field(min_length=1, max_length=_LARGEST_BATCH)]
TotalsOfAreas = Annotated[list[AreaTotals], Field(min_length=1, max_length=_LARGEST_BATCH)]


@router.post("/areas", dependencies=[ADMINISTERING])
async def state_areas(tx: Tx, about: About, areas: Areas) -> Stated:
    """State administrative units with their validity, up to 1,000.

    Stating the same again changes nothing. A unit that ends and one that takes its code over go into one request.
    """
    about.many("area", {area.code for area in areas})
    return await _state(tx, areas, [f"/body/{index}" for index in range(len(areas))])


@router.post(
    "/areas/imports",
    dependencies=[ADMINISTERING],
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def import_areas(request: Request, tx: Tx, about: About) -> Stated:
    """State administrative units by a CSV file: `code,name,level,parent_code,kind,valid_from,valid_to`, UTF-8."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise Problem(415, "unsupported_media_type", expected="text/csv")
    try:
        areas = read_areas((await request.body()).decode("utf-8"))
    except UnicodeDecodeError:
        raise validation_problem([{"loc": ("body",), "type": "not_utf8"}]) from None
    except AreaFileRefused as refusal:
        raise validation_problem([_as_error(fault) for fault in refusal.faults]) from None
    if not areas:
        raise validation_problem([{"loc": ("body",), "type": "too_short", "ctx": {"min_length": 1}}])
    about.many("area", {area.code for area in areas.values()})
    return await _state(tx, list(areas.values()), [f"/body/lines/{line}" for line in areas])


async def _state(tx: Transaction, areas: Sequence[Area], pointers: Sequence[str]) -> Stated:
    """Take areas in; grants follow."""
    stated = await store.state_areas(tx, areas, pointers=pointers)
    await follow_areas(tx, clock.today())
    return stated


def _as_error(fault: LineFault) -> Mapping[str, Any]:
    place = ("body", "lines", fault.line) if fault.column is None else ("body", "lines", fault.line, fault.column)
    return {"loc": place, "type": fault.code, "ctx": fault.context}


@router.get("/areas", dependencies=[READING])
async def list_areas(
    tx: Tx,
    paging: Paging,
    on: OnDay = None,
    level: AreaLevel | None = None,
    parent_code: Annotated[str | None, Query(max_length=12)] = None,
) -> Page[Area]:
    """List the units that exist on a day, by code."""
    after = paging.after(str)
    found = await store.areas_on(
        tx,
        on or clock.today(),
        level=level,
        parent_code=parent_code,
        after=after[0] if after else None,
        limit=paging.limit + 1,
    )
    return paging.page(found, key=lambda area: (area.code,))


@router.get("/areas/{code}", dependencies=[READING])
async def get_area(tx: Tx, code: str, on: OnDay = None) -> Area:
    """Show the unit that has a code on a day."""
    area = await store.area_on(tx, code, on or clock.today())
    if area is None:
        raise Problem(404, "area_not_found")
    return area


@router.get("/area-successions", dependencies=[READING])
async def list_area_successions(
    tx: Tx, paging: Paging, code: Annotated[str | None, Query(max_length=12, description="old or new")] = None
) -> Page[Succession]:
    """List which unit took over which, by old code."""
    found = await page_of_successions(tx, code=code, after=paging.after(str, str, date), limit=paging.limit + 1)
    return paging.page(found, key=lambda each: (each.old_code, each.new_code, each.effective))


@router.post("/area-zones", dependencies=[ADMINISTERING])
async def state_area_zones(tx: Tx, about: About, zones: Zones) -> Stated:
    """State zones of communes (I, II, III) and which communes and villages are extremely difficult, up to 1,000."""
    about.many("area", {each.code for each in zones})
    return await state_zones(tx, zones, pointers=[f"/body/{index}" for index in range(len(zones))])


@router.get("/area-zones", dependencies=[READING])
async def list_area_zones(
    tx: Tx, paging: Paging, on: OnDay = None, code: Annotated[str | None, Query(max_length=12)] = None
) -> Page[AreaZone]:
    """List the zones of a day, by code."""
    after = paging.after(str)
    found = await page_of_zones(
        tx, on=on or clock.today(), code=code, after=after[0] if after else None, limit=paging.limit + 1
    )
    return paging.page(found, key=lambda each: (each.code,))


@router.post("/area-totals", dependencies=[ADMINISTERING])
async def state_area_totals(tx: Tx, about: About, totals: TotalsOfAreas) -> Stated:
    """State published numbers of households and people, up to 1,000: the denominators of rates.

    In the year in which a code passes to another unit each has numbers of its own, told apart by `valid_from`.
    """
    about.many("area", {each.code for each in totals})
    return await store.state_totals(tx, totals, pointers=[f"/body/{index}" for index in range(len(totals))])


@router.get("/area-totals", dependencies=[READING])
async def list_area_totals(
    tx: Tx, paging: Paging, year: int | None = None, code: Annotated[str | None, Query(max_length=12)] = None
) -> Page[AreaTotals]:
    """List published numbers of households and people, by code, year and first day of the unit."""
    found = await store.totals(tx, year=year, code=code, after=paging.after(str, int, date), limit=paging.limit + 1)
    return paging.page(found, key=lambda totals: (totals.code, totals.year, totals.valid_from))
