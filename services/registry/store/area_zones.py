"""Zones of communes and villages."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select, text

from services.registry.domain.area_zones import AreaZone
from services.registry.store.areas import Stated, areas_of
from services.registry.tables import AREA_ZONES
from shared.db import Transaction, among, upsert
from shared.http import FieldProblem, Problem

_C = AREA_ZONES.c
_ONE_WRITER = text("LOCK TABLE area_zones IN SHARE ROW EXCLUSIVE MODE")


async def state_zones(session: Transaction, stated: Sequence[AreaZone], *, pointers: Sequence[str]) -> Stated:
    """Take in zones; what is known stays as it is, and what has the same first day is replaced.

    Raises:
        Problem: 422 `areas_refused`; a unit does not exist on the first day, a zone is of no commune, or two overlap.
    """
    await session.execute(_ONE_WRITER)
    codes = {each.code for each in stated}
    rows = (await session.execute(select(AREA_ZONES).where(among(_C.code, codes)))).mappings()
    known = {(row["code"], row["valid_from"]): AreaZone.model_validate(dict(row)) for row in rows}
    merged = known | {(each.code, each.valid_from): each for each in stated}
    units = await areas_of(session, codes)
    errors = []
    for at, each in zip(pointers, stated, strict=True):
        unit = next((unit for unit in units if unit.code == each.code and unit.valid_on(each.valid_from)), None)
        if unit is None or unit.level not in ("commune", "village"):
            errors.append(FieldProblem(f"{at}/code", "area_unknown"))
        elif unit.level == "village" and each.zone is not None:
            errors.append(FieldProblem(f"{at}/zone", "zone_of_a_village"))
        if any(each.meets(other) for other in merged.values() if other.valid_from != each.valid_from):
            errors.append(FieldProblem(at, "area_overlap"))
        if merged[each.code, each.valid_from] != each:
            errors.append(FieldProblem(at, "area_twice"))
    if errors:
        raise Problem(422, "areas_refused", errors=errors[:100], count=len(errors))
    new = [each for each in set(stated) if known.get((each.code, each.valid_from)) != each]
    await upsert(session, AREA_ZONES, [each.model_dump() for each in new])
    created = sum((each.code, each.valid_from) not in known for each in new)
    return Stated(created=created, changed=len(new) - created, unchanged=len(stated) - len(new))


async def page_of_zones(
    session: Transaction, *, on: date, code: str | None, after: str | None, limit: int
) -> list[AreaZone]:
    """Return the zones of a day, by code."""
    holds = (_C.valid_from <= on) & or_(_C.valid_to.is_(None), _C.valid_to >= on)
    query = select(AREA_ZONES).where(holds).order_by(_C.code).limit(limit)
    query = query if code is None else query.where(_C.code == code)
    query = query if after is None else query.where(_C.code > after)
    return [AreaZone.model_validate(dict(row)) for row in (await session.execute(query)).mappings()]
