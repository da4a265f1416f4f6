"""Reorganisations on record: planning, what each would do, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Text, cast, exists, func, insert, select, update

from services.registry.domain.areas import Area
from services.registry.domain.reorganisation import Fate, Outcome, ReorganisationOrder, State, ending_with, outcomes
from services.registry.domain.successions import Succession
from services.registry.store.areas import every_area
from services.registry.store.successions import refuse_unknown
from services.registry.tables import (
    GRANTS,
    HOUSEHOLD_VERSIONS,
    REORGANISATION_WORKLIST,
    REORGANISATIONS,
)
from shared.db import Transaction, among
from shared.http import FieldProblem, Problem
from shared.ids import new_id
from shared.jobs.tables import jobs

REORGANISATION_JOB = "reorganisation"  # the kind of the jobs that do them
_R, _V, _W = REORGANISATIONS.c, HOUSEHOLD_VERSIONS.c, REORGANISATION_WORKLIST.c


@dataclass(frozen=True)
class Reorganisation:
    """A reorganisation; `to_place` counts the households of split units that wait. Instants are aware."""

    id: UUID
    title: str
    legal_basis: str
    effective_on: date
    steps: Sequence[Succession]
    state: State
    prepared_by: str
    prepared_at: datetime
    approved_by: str | None
    applied_at: datetime | None
    households: int
    people: int
    grants: int
    confirmed_by: str | None
    confirmed_at: datetime | None
    undone_by: str | None
    undone_at: datetime | None
    undo_note: str | None


@dataclass(frozen=True)
class PlannedUnit:
    """What becomes of an old unit, with what is in it on the last day before."""

    code: str
    name: str | None
    level: str | None
    fate: Fate
    heirs: tuple[str, ...]
    households: int
    people: int
    grants: int


def _reorganisation(row: RowMapping) -> Reorganisation:
    known = {name: row[name] for name in Reorganisation.__dataclass_fields__ if name != "steps"}
    steps = [Succession(old_code=old, new_code=new, effective=row["effective_on"]) for old, new in row["successions"]]
    return Reorganisation(**known, steps=steps)


async def plan(session: Transaction, order: ReorganisationOrder, *, by: str, now: datetime) -> Reorganisation:
    """Put a reorganisation on record; nothing is done by it yet.

    Raises:
        Problem: 422 `areas_refused`; there was no such unit on the day before, or there is none of its level since.
    """
    pairs = [(each.old_code, each.new_code) for each in order.successions]
    where = {pair: f"/body/successions/{index}" for index, pair in reversed(list(enumerate(pairs)))}
    steps = order.steps
    await refuse_unknown(session, steps, pointers=[where[each.old_code, each.new_code] for each in steps])
    row: dict[str, Any] = {
        "id": new_id(),
        **order.model_dump(include={"title", "legal_basis", "effective_on"}),
        "successions": [[each.old_code, each.new_code] for each in steps],
        "state": "planned",
        "prepared_by": by,
        "prepared_at": now,
    }
    await (await session.connection()).execute(insert(REORGANISATIONS), [row])
    return await reorganisation(session, row["id"])


async def reorganisation(session: Transaction, reorganisation_id: UUID, *, lock: bool = False) -> Reorganisation:
    """Return a reorganisation; with `lock`, for a change.

    Raises:
        Problem: 404 `reorganisation_not_found`.
    """
    query = select(REORGANISATIONS).where(_R.id == reorganisation_id)
    row = (await session.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise Problem(404, "reorganisation_not_found")
    return _reorganisation(row)


async def page_of_reorganisations(session: Transaction, *, after: UUID | None, limit: int) -> list[Reorganisation]:
    """Return reorganisations, newest first, before an id."""
    query = select(REORGANISATIONS).order_by(_R.id.desc()).limit(limit)
    query = query if after is None else query.where(_R.id < after)
    return [_reorganisation(row) for row in (await session.execute(query)).mappings()]


async def due(session: Transaction, today: date) -> list[Reorganisation]:
    """Return those that are approved and whose day has come, locked."""
    query = select(REORGANISATIONS).where(_R.state == "approved", _R.effective_on <= today).order_by(_R.id)
    return [_reorganisation(row) for row in (await session.execute(query.with_for_update())).mappings()]


async def put_back_given_up(session: Transaction) -> int:
    """Let reorganisations whose work was given up be planned again, so that two people may order them anew; their
    households stayed on the old map. Return how many.
    """
    working = exists().where(
        jobs.c.kind == REORGANISATION_JOB,
        jobs.c.arguments["reorganisation_id"].astext == cast(_R.id, Text),
        jobs.c.state.in_(("queued", "running")),
    )
    given_up = update(REORGANISATIONS).where(_R.state == "applying", ~working)
    found = await session.execute(given_up.values(state="planned", approved_by=None).returning(_R.id))
    return len(found.all())


async def note(session: Transaction, reorganisation_id: UUID, **values: Any) -> None:
    """Write what became of a reorganisation, which the caller has locked."""
    await session.execute(update(REORGANISATIONS).where(_R.id == reorganisation_id).values(**values))


def in_state(found: Reorganisation, *states: State) -> Reorganisation:
    """Pass for a reorganisation in one of some states.

    Raises:
        Problem: 409 `reorganisation_state`.
    """
    if found.state not in states:
        raise Problem(409, "reorganisation_state")
    return found


async def outcomes_of(session: Transaction, found: Reorganisation) -> tuple[list[Outcome], Mapping[str, Area]]:
    """Return what becomes of each old unit of the provinces that are reorganised, and the units of the last day before
    by their codes.
    """
    last_day = found.effective_on - timedelta(days=1)
    units = await every_area(session)
    before = {each.code: each for each in units if each.valid_on(last_day)}
    return outcomes(found.steps, ending_with(found.steps, before, last_day)), before


async def planned_units(session: Transaction, found: Reorganisation) -> list[PlannedUnit]:
    """Return what a reorganisation does to each old unit, by code: what applying it now would do, or has done."""
    known, before = await outcomes_of(session, found)
    codes = [each.code for each in known]
    day = found.effective_on - timedelta(days=1)
    holds = (_V.valid_from <= day) & (day < _V.valid_until) & _V.superseded_at.is_(None)
    living = ~_V.state.has_key("ended")
    query = select(_V.area_code, func.count(), func.sum(_V.people)).where(holds, living, among(_V.area_code, codes))
    people = {row[0]: (row[1], row[2]) for row in await session.execute(query.group_by(_V.area_code))}
    live = GRANTS.c.revoked_at.is_(None)
    query = select(GRANTS.c.area_code, func.count()).where(live, among(GRANTS.c.area_code, codes))
    grants = {row[0]: row[1] for row in await session.execute(query.group_by(GRANTS.c.area_code))}
    return [
        PlannedUnit(
            code=each.code,
            name=before[each.code].name if each.code in before else None,
            level=before[each.code].level if each.code in before else None,
            fate=each.fate,
            heirs=each.heirs,
            households=people.get(each.code, (0, 0))[0],
            people=people.get(each.code, (0, 0))[1],
            grants=grants.get(each.code, 0),
        )
        for each in known
    ]


async def waiting(session: Transaction, reorganisation_id: UUID) -> int:
    """Return how many households of split units wait to be placed."""
    query = select(func.count()).where(_W.reorganisation_id == reorganisation_id, _W.placed_code.is_(None))
    return int((await session.execute(query)).scalar_one())


async def refuse_homeless(session: Transaction, found: Reorganisation) -> None:
    """Pass for a reorganisation that leaves no household without a unit.

    Raises:
        Problem: 422 `households_without_successor`, naming the units.
    """
    units = await planned_units(session, found)
    homeless = [each for each in units if each.fate == "ends" and each.households]
    if homeless:
        errors = [FieldProblem(f"/units/{each.code}", "no_successor") for each in homeless[:100]]
        raise Problem(422, "households_without_successor", errors=errors, count=len(homeless))
