"""Successions of areas."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, tuple_, update

from services.registry.domain.areas import Area
from services.registry.domain.successions import Succession, is_between_units
from services.registry.store.areas import ONE_AREA_WRITER, areas_of
from services.registry.tables import AREA_SUCCESSIONS
from shared.db import Transaction, upsert
from shared.events.registry import AreaSuccessionStated
from shared.http import FieldProblem, Problem
from shared.messaging.outbox import publish

_C = AREA_SUCCESSIONS.c
_QUERY = select(_C.old_code, _C.new_code, _C.effective).where(~_C.withdrawn)
_KEY = tuple_(AREA_SUCCESSIONS.c.old_code, AREA_SUCCESSIONS.c.new_code, AREA_SUCCESSIONS.c.effective)


async def every_succession(session: Transaction) -> list[Succession]:
    """Return every succession, by old code, new code and day."""
    rows = (await session.execute(_QUERY.order_by(_KEY))).mappings()
    return [Succession(**row) for row in rows]


async def refuse_unknown(session: Transaction, stated: Sequence[Succession], *, pointers: Sequence[str]) -> None:
    """Pass for successions between known units. `pointers` say where each stood.

    Raises:
        Problem: 422 `areas_refused`; there was no such unit on the day before, or there is none of its level since.
    """
    units: dict[str, list[Area]] = defaultdict(list)
    for unit in await areas_of(session, {code for each in stated for code in (each.old_code, each.new_code)}):
        units[unit.code].append(unit)
    faults = [
        FieldProblem(at, "area_unknown")
        for at, each in zip(pointers, stated, strict=True)
        if not is_between_units(each, [*units[each.old_code], *units[each.new_code]])
    ]
    if faults:
        raise Problem(422, "areas_refused", errors=faults[:100], count=len(faults))


async def state_successions(
    session: Transaction,
    stated: Sequence[Succession],
    *,
    pointers: Sequence[str],
    reorganisation_id: UUID,
) -> None:
    """Take in the successions of a reorganisation and tell of them; what is known stays as it is. `pointers` say where
    each stood. They are withdrawn with the reorganisation, and nothing else states any: they move households.

    Raises:
        Problem: 422 `areas_refused`; there was no such unit on the day before, or there is none of its level since.
    """
    await session.execute(ONE_AREA_WRITER)
    await refuse_unknown(session, stated, pointers=pointers)
    known = set(await every_succession(session))
    new = sorted(set(stated) - known, key=lambda each: (each.old_code, each.new_code, each.effective))
    withdrawn = {
        (row.old_code, row.new_code, row.effective): row.version
        for row in await session.execute(select(AREA_SUCCESSIONS).where(_C.withdrawn))
    }
    rows = [
        each.model_dump()
        | {
            "version": withdrawn.get((each.old_code, each.new_code, each.effective), 0) + 1,
            "withdrawn": False,
            "reorganisation_id": reorganisation_id,
        }
        for each in new
    ]
    await upsert(session, AREA_SUCCESSIONS, rows)
    await publish(session, "registry", [_told(row) for row in rows])


async def withdraw_successions(session: Transaction, reorganisation_id: UUID) -> None:
    """Take back the successions that a reorganisation stated, and tell so."""
    await session.execute(ONE_AREA_WRITER)
    of_it = update(AREA_SUCCESSIONS).where(_C.reorganisation_id == reorganisation_id, ~_C.withdrawn)
    taken_back = of_it.values(withdrawn=True, version=_C.version + 1).returning(*_C)
    rows = (await (await session.connection()).execute(taken_back)).mappings().all()
    await publish(session, "registry", [_told(row) for row in rows])


def _told(row: Mapping[str, Any] | RowMapping) -> AreaSuccessionStated:
    return AreaSuccessionStated(
        code=row["old_code"],
        new_code=row["new_code"],
        effective=row["effective"],
        version=row["version"],
        withdrawn=row["withdrawn"],
    )


async def page_of_successions(
    session: Transaction, *, code: str | None, after: tuple[str, str, date] | None, limit: int
) -> list[Succession]:
    """Return successions, of a unit by its old or new code, by old code, new code and day."""
    c = AREA_SUCCESSIONS.c
    query = _QUERY.order_by(_KEY).limit(limit)
    query = query if code is None else query.where((c.old_code == code) | (c.new_code == code))
    query = query if after is None else query.where(after < _KEY)
    return [Succession(**row) for row in (await session.execute(query)).mappings()]
