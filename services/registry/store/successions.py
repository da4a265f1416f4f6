"""Successions of areas."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import insert, select, tuple_

from services.registry.domain.successions import Succession, is_between_units
from services.registry.store.areas import ONE_AREA_WRITER, Stated, areas_of
from services.registry.tables import AREA_SUCCESSIONS
from shared.db import Transaction
from shared.http import FieldProblem, Problem

_KEY = tuple_(AREA_SUCCESSIONS.c.old_code, AREA_SUCCESSIONS.c.new_code, AREA_SUCCESSIONS.c.effective)


async def every_succession(session: Transaction) -> list[Succession]:
    """Return every succession, by old code, new code and day."""
    rows = (await session.execute(select(AREA_SUCCESSIONS).order_by(_KEY))).mappings()
    return [Succession(**row) for row in rows]


async def state_successions(session: Transaction, stated: Sequence[Succession], *, pointers: Sequence[str]) -> Stated:
    """Take in successions; what is known stays as it is. `pointers` say where each stood.

    Raises:
        Problem: 422 `areas_refused`; there was no such unit on the day before, or there is none of its level since.
    """
    await session.execute(ONE_AREA_WRITER)
    units = await areas_of(session, {code for each in stated for code in (each.old_code, each.new_code)})
    faults = [
        FieldProblem(at, "area_unknown")
        for at, each in zip(pointers, stated, strict=True)
        if not is_between_units(each, units)
    ]
    if faults:
        raise Problem(422, "areas_refused", errors=faults, count=len(faults))
    known = set(await every_succession(session))
    new = sorted(set(stated) - known, key=lambda each: (each.old_code, each.new_code, each.effective))
    if new:
        await (await session.connection()).execute(insert(AREA_SUCCESSIONS), [each.model_dump() for each in new])
    return Stated(created=len(new), changed=0, unchanged=len(stated) - len(new))


async def page_of_successions(
    session: Transaction, *, code: str | None, after: tuple[str, str, date] | None, limit: int
) -> list[Succession]:
    """Return successions, of a unit by its old or new code, by old code, new code and day."""
    c = AREA_SUCCESSIONS.c
    query = select(AREA_SUCCESSIONS).order_by(_KEY).limit(limit)
    query = query if code is None else query.where((c.old_code == code) | (c.new_code == code))
    query = query if after is None else query.where(after < _KEY)
    return [Succession(**row) for row in (await session.execute(query)).mappings()]
