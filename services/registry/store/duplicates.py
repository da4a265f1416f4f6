"""Probable duplicates: the queue of pairs that people decide about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, tuple_, update

from services.registry.domain.likeness import Agreement
from services.registry.store.people_search import Found, found_people
from services.registry.tables import DUPLICATE_PAIRS, PEOPLE
from shared.access import Access
from shared.db import Transaction
from shared.http import Problem

_PAIRS = DUPLICATE_PAIRS.c


@dataclass(frozen=True)
class Pair:
    """Two people who may be one, and what was decided about it."""

    id: UUID
    people: tuple[Found, Found]
    score: int
    agreements: Sequence[Agreement]
    state: str
    found_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None


async def pairs(
    session: Transaction,
    access: Access,
    *,
    state: str,
    area_code: str | None,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[Pair]:
    """Return pairs of which at least one lives in an access's areas, the most alike first."""
    query = _within(select(DUPLICATE_PAIRS), access, state, area_code)
    query = query.order_by(_PAIRS.score.desc(), _PAIRS.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(_PAIRS.score, _PAIRS.id) < after)
    return await _with_people(session, query)


async def open_ids(session: Transaction, access: Access, *, area_code: str | None) -> Sequence[UUID]:
    """Return the ids of the queue's pairs, in their order."""
    query = _within(select(_PAIRS.id), access, "open", area_code).order_by(_PAIRS.id)
    return list((await session.execute(query)).scalars())


def _within(query: Select[Any], access: Access, state: str, area_code: str | None) -> Select[Any]:
    one, two = PEOPLE.alias("one"), PEOPLE.alias("two")
    query = query.join(one, one.c.id == _PAIRS.first_id).join(two, two.c.id == _PAIRS.second_id)
    query = query.where(_PAIRS.state == state, or_(access.within(one.c.area_code), access.within(two.c.area_code)))
    if area_code is not None:
        query = query.where(or_(one.c.area_code == area_code, two.c.area_code == area_code))
    return query


async def pair(session: Transaction, access: Access, pair_id: UUID, *, lock: bool = False) -> Pair:
    """Return a pair of which at least one lives in an access's areas.

    Raises:
        Problem: 404 `duplicate_not_found`.
    """
    query = select(DUPLICATE_PAIRS).where(_PAIRS.id == pair_id)
    found = await _with_people(session, query.with_for_update() if lock else query)
    if not found:
        raise Problem(404, "duplicate_not_found")
    areas = [each.area_code for each in found[0].people]
    if not any(access.covers(area) for area in areas):
        access.admit(areas[0], Problem(404, "duplicate_not_found"))
    return found[0]


async def _with_people(session: Transaction, query: Select[Any]) -> list[Pair]:
    rows = (await session.execute(query)).mappings().all()
    people = await found_people(session, [row[name] for row in rows for name in ("first_id", "second_id")])
    return [
        Pair(
            id=row["id"],
            people=(people[row["first_id"]], people[row["second_id"]]),
            score=row["score"],
            agreements=[Agreement(*each) for each in row["agreements"]],
            state=row["state"],
            found_at=row["found_at"],
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
            note=row["note"],
        )
        for row in rows
    ]


async def decide(session: Transaction, found: Pair, state: str, *, note: str | None, by: str, now: datetime) -> None:
    """Write what was decided about a locked pair.

    Raises:
        Problem: 409 `duplicate_decided`, by somebody else.
    """
    if found.state != "open":
        raise Problem(409, "duplicate_decided")
    values = {"state": state, "note": note, "decided_by": by, "decided_at": now}
    await session.execute(update(DUPLICATE_PAIRS).where(_PAIRS.id == found.id).values(values))
