"""Areas and their published totals."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import RowMapping, Select, or_, select, text, tuple_

from services.registry.domain.areas import Area, faults_among
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

    Where the publication tells them, also of its urban and rural parts (which make up the whole) and by ethnic group.
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
        Problem: 422 `area_totals_refused`; a unit is not known, or stands there twice for a year.
    """
    await session.execute(_ONE_TOTALS_WRITER)
    keys = [(totals.code, totals.year) for totals in stated]
    known_codes = {area.code for area in await areas_of(session, {code for code, _ in keys})}
    errors = [FieldProblem(at, "area_unknown") for at, (code, _) in zip(pointers, keys, strict=True)
              if code not in known_codes]  # fmt: skip
    first = {key: index for index, key in reversed(list(enumerate(keys)))}
    errors += [FieldProblem(pointers[index], "area_twice") for index, key in enumerate(keys) if first[key] != index]
    if errors:
        raise Problem(422, "area_totals_refused", errors=errors, count=len(errors))
    query = select(AREA_TOTALS).where(tuple_(AREA_TOTALS.c.code, AREA_TOTALS.c.year).in_(keys))
    known = {(row["code"], row["year"]): row for row in (await session.execute(query)).mappings()}
    differing = [
        {**totals.model_dump(), "version": known[key]["version"] + 1 if key in known else 1}
        for key, totals in zip(keys, stated, strict=True)
        if key not in known or _totals(known[key]) != totals
    ]
    await upsert(session, AREA_TOTALS, differing)
    await publish(session, "registry", [AreaTotalsStated(**row) for row in differing])
    created = sum(row["version"] == 1 for row in differing)
    return Stated(created=created, changed=len(differing) - created, unchanged=len(stated) - len(differing))


def _totals(row: RowMapping) -> AreaTotals:
    return AreaTotals.model_validate({name: row[name] for name in AreaTotals.model_fields})


async def totals(
    session: Transaction, *, year: int | None, code: str | None, after: tuple[str, int] | None, limit: int
) -> list[AreaTotals]:
    """Return published totals, by code and year."""
    key = tuple_(AREA_TOTALS.c.code, AREA_TOTALS.c.year)
    query = select(AREA_TOTALS).order_by(AREA_TOTALS.c.code, AREA_TOTALS.c.year).limit(limit)
    if year is not None:
        query = query.where(AREA_TOTALS.c.year == year)
    if code is not None:
        query = query.where(AREA_TOTALS.c.code == code)
    if after is not None:
        query = query.where(key > after)
    return [_totals(row) for row in (await session.execute(query)).mappings()]
