"""Areas and their published totals."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import RowMapping, Select, or_, select, text, tuple_

from services.registry.domain.areas import Area, faults_among, units_of_year
from services.registry.domain.households import EthnicCode
from services.registry.tables import AREA_TOTALS, AREAS
from shared.db import Transaction, among, upsert
from shared.events.registry import AreaLevel, AreaStated, AreaTotalsStated
from shared.http import FieldProblem, Problem
from shared.messaging.outbox import publish

# Overlaps are judged over all rows of a code, so two who state areas wait for each other; reading goes on.
ONE_AREA_WRITER = text("LOCK TABLE areas IN SHARE ROW EXCLUSIVE MODE")
_ONE_TOTALS_WRITER = text("LOCK TABLE area_totals IN SHARE ROW EXCLUSIVE MODE")


class Part(BaseModel):
    """Households and people of a part of a unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    households: int = Field(ge=0, le=100_000_000)
    people: int = Field(ge=0, le=200_000_000)


class AreaTotals(BaseModel):
    """The published number of households and people of a unit in a year, with the publication it stands in.

    A unit is a code and a validity: `valid_from` is its first day. It may be left out where the code named one unit in
    that year. Where the publication tells them, also of its urban and rural parts (which make up the whole) and by
    ethnic group.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(max_length=12, examples=["25"])
    year: int = Field(ge=1990, le=2100, examples=[2024])
    households: int = Field(ge=0, le=100_000_000, examples=[997683])
    people: int = Field(ge=0, le=200_000_000, examples=[4022600])
    source: str = Field(min_length=1, max_length=300, examples=["Báo cáo 324/BC-UBND ngày 25/12/2025"])
    urban: Part | None = None
    rural: Part | None = None
    ethnicities: dict[EthnicCode, Part] = Field(default={}, max_length=56)
    valid_from: date | None = Field(
        default=None, description="first day of the unit, where its code named several in that year"
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        for parts, whole in (
            ([each for each in (self.urban, self.rural) if each is not None], None not in (self.urban, self.rural)),
            (list(self.ethnicities.values()), False),
        ):
            for name, total in (("households", self.households), ("people", self.people)):
                known = sum(getattr(each, name) for each in parts)
                if known > total or (whole and known != total):
                    raise PydanticCustomError("parts_of_totals", "the parts are more than the whole, or not all of it")
        return self


class Stated(BaseModel):
    """How many of the rows sent were new, differed from what was known, or were known already."""

    created: int
    changed: int
    unchanged: int


async def state_areas(session: Transaction, stated: Sequence[Area], *, pointers: Sequence[str]) -> Stated:
    """Take in areas; what is known with the same content stays as it is. `pointers` say where each stood.

    Raises:
        Problem: 422 `areas_refused`; units of one code overlap in time, one stands there twice, or a parent is missing.
    """
    await session.execute(ONE_AREA_WRITER)
    codes = {area.code for area in stated} | {area.parent_code for area in stated if area.parent_code is not None}
    known = await _versions(session, codes)
    faults = faults_among(stated, [area for area, _ in known.values()])
    if faults:
        errors = [FieldProblem(pointers[fault.index], fault.code) for fault in faults]
        raise Problem(422, "areas_refused", errors=errors, count=len(errors))
    keys = [(area.code, area.valid_from) for area in stated]
    differing = [
        (area, known[key][1] + 1 if key in known else 1)
        for key, area in zip(keys, stated, strict=True)
        if key not in known or known[key][0] != area
    ]
    rows = [{**area.model_dump(), "version": version} for area, version in differing]
    await upsert(session, AREAS, rows)
    await publish(session, "registry", [_stated(area, version) for area, version in differing])
    created = sum(version == 1 for _, version in differing)
    return Stated(created=created, changed=len(differing) - created, unchanged=len(stated) - len(differing))


def _stated(area: Area, version: int) -> AreaStated:
    return AreaStated(**area.model_dump(), setting=area.setting, version=version)


def _area(row: RowMapping) -> Area:
    return Area(**{name: row[name] for name in Area.model_fields})


async def _versions(session: Transaction, codes: Collection[str]) -> dict[tuple[str, date], tuple[Area, int]]:
    rows = (await session.execute(select(AREAS).where(among(AREAS.c.code, codes)))).mappings()
    return {(row["code"], row["valid_from"]): (_area(row), row["version"]) for row in rows}


async def every_area(session: Transaction) -> list[Area]:
    """Return every unit of whatever time."""
    return [_area(row) for row in (await session.execute(select(AREAS))).mappings()]


async def areas_of(session: Transaction, codes: Collection[str]) -> list[Area]:
    """Return every unit, of whatever time, that has one of the codes."""
    return [area for area, _ in (await _versions(session, codes)).values()]


@dataclass(frozen=True)
class CommunesByDay:
    """The commune-level units of some codes, to be asked by code and day."""

    areas: Sequence[Area]

    def on(self, code: str, day: date) -> Area | None:
        """Return the commune-level unit that has the code on that day."""
        return next(
            (each for each in self.areas if each.code == code and each.level == "commune" and each.valid_on(day)), None
        )

    def village(self, code: str, commune: str | None, day: date) -> Area | None:
        """Return the village that has the code on that day, below that commune where one is given."""
        return next(
            (
                each
                for each in self.areas
                if each.code == code
                and each.level == "village"
                and each.valid_on(day)
                and commune in (None, each.parent_code)
            ),
            None,
        )


async def communes(session: Transaction, codes: Iterable[str]) -> CommunesByDay:
    """Return the commune-level units that ever had one of the codes."""
    return CommunesByDay(await areas_of(session, set(codes)))


def _valid(query: Select[Any], day: date) -> Select[Any]:
    return query.where(AREAS.c.valid_from <= day, or_(AREAS.c.valid_to.is_(None), AREAS.c.valid_to >= day))


async def area_on(session: Transaction, code: str, day: date) -> Area | None:
    """Return the unit that has a code on a day."""
    row = (await session.execute(_valid(select(AREAS).where(AREAS.c.code == code), day))).mappings().one_or_none()
    return None if row is None else _area(row)


async def areas_on(
    session: Transaction,
    day: date,
    *,
    level: AreaLevel | None,
    parent_code: str | None,
    after: str | None,
    limit: int,
) -> list[Area]:
    """Return the units that exist on a day, by code."""
    query = _valid(select(AREAS), day).order_by(AREAS.c.code).limit(limit)
    if level is not None:
        query = query.where(AREAS.c.level == level)
    if parent_code is not None:
        query = query.where(AREAS.c.parent_code == parent_code)
    if after is not None:
        query = query.where(AREAS.c.code > after)
    return [_area(row) for row in (await session.execute(query)).mappings()]


async def state_totals(session: Transaction, stated: Sequence[AreaTotals], *, pointers: Sequence[str]) -> Stated:
    """Take in published totals; what is known with the same content stays as it is. `pointers` say where each stood.

    Raises:
        Problem: 422 `area_totals_refused`; a unit is not known, is one of several that had the code in that year, or
            stands there twice for a year.
    """
    await session.execute(_ONE_TOTALS_WRITER)
    named = await _with_units(session, stated, pointers)
    keys = [_key_of_totals(each) for each in named]
    first = {key: index for index, key in reversed(list(enumerate(keys)))}
    twice = [FieldProblem(pointers[index], "area_twice") for index, key in enumerate(keys) if first[key] != index]
    if twice:
        raise _totals_refused(twice)
    query = select(AREA_TOTALS).where(tuple_(AREA_TOTALS.c.code, AREA_TOTALS.c.year).in_([key[:2] for key in keys]))
    rows = (await session.execute(query)).mappings()
    known = {(row["code"], row["year"], row["valid_from"]): row for row in rows}
    differing = [
        {**totals.model_dump(), "version": known[key]["version"] + 1 if key in known else 1}
        for key, totals in zip(keys, named, strict=True)
        if key not in known or _totals(known[key]) != totals
    ]
    await upsert(session, AREA_TOTALS, differing)
    await publish(session, "registry", [AreaTotalsStated(**row) for row in differing])
    created = sum(row["version"] == 1 for row in differing)
    return Stated(created=created, changed=len(differing) - created, unchanged=len(stated) - len(differing))


async def _with_units(session: Transaction, stated: Sequence[AreaTotals], pointers: Sequence[str]) -> list[AreaTotals]:
    """Return totals with the first day of the unit that each is about. Raises Problem, as `state_totals` says."""
    units: dict[str, list[Area]] = defaultdict(list)
    for unit in await areas_of(session, {each.code for each in stated}):
        units[unit.code].append(unit)
    named, errors = [], []
    for at, each in zip(pointers, stated, strict=True):
        known = sorted(units[each.code], key=lambda unit: unit.valid_from)
        meant = units_of_year(known, each.year)
        if each.valid_from is not None:
            meant = [unit for unit in known if unit.valid_from == each.valid_from]
        choice = {"units": "; ".join(f"{unit.valid_from} ({unit.name})" for unit in meant or known)}
        match meant:
            case [unit]:
                named.append(each.model_copy(update={"valid_from": unit.valid_from}))
            case [] if not known:
                errors.append(FieldProblem(at, "area_unknown"))
            case []:
                errors.append(FieldProblem(f"{at}/valid_from", "no_unit_from_then", choice))
            case _:
                errors.append(FieldProblem(f"{at}/valid_from", "several_units_then", choice))
    if errors:
        raise _totals_refused(errors)
    return named


def _totals_refused(errors: Sequence[FieldProblem]) -> Problem:
    return Problem(422, "area_totals_refused", errors=errors, count=len(errors))


def _key_of_totals(totals: AreaTotals) -> tuple[str, int, date | None]:
    return totals.code, totals.year, totals.valid_from


def _totals(row: RowMapping) -> AreaTotals:
    return AreaTotals.model_validate({name: row[name] for name in AreaTotals.model_fields})


async def totals(
    session: Transaction, *, year: int | None, code: str | None, after: tuple[str, int, date] | None, limit: int
) -> list[AreaTotals]:
    """Return published totals, by code, year and first day of the unit."""
    key = tuple_(AREA_TOTALS.c.code, AREA_TOTALS.c.year, AREA_TOTALS.c.valid_from)
    query = select(AREA_TOTALS).order_by(key).limit(limit)
    if year is not None:
        query = query.where(AREA_TOTALS.c.year == year)
    if code is not None:
        query = query.where(AREA_TOTALS.c.code == code)
    if after is not None:
        query = query.where(key > after)
    return [_totals(row) for row in (await session.execute(query)).mappings()]
