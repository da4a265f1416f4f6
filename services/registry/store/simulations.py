"""Simulating another standard over the registry: a job that reads everything and changes no household."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from services.registry.domain.classification import IncomeRoute, ScoreRoute
from services.registry.domain.deprivations import Resident
from services.registry.domain.facts import HouseholdFacts
from services.registry.domain.simulation import Known, simulated_class, unanswered
from services.registry.domain.standards import Standard, standards
from services.registry.store.assessments import residents_of
from services.registry.tables import ASSESSMENTS, CLASS_HISTORY, HOUSEHOLDS, PEOPLE, SIMULATED_CHANGES, STANDINGS
from shared.access import Access
from shared.db import Transaction, among
from shared.jobs import JobContext

SIMULATION = "simulation"
# Households read at once: about 20 ms of work before other requests get their turn.
_AT_ONCE = 250


async def simulate(job: JobContext) -> Mapping[str, Any]:
    """Do a simulation and return its figures by area. Done again after a loss it ends the same.

    `arguments`: `base` a standard's code, `target` a whole standard, `areas` codes of communes or null for all.
    """
    base = standards().named(job.arguments["base"])
    target = Standard.model_validate_json(job.arguments["target"])
    areas = job.arguments["areas"]
    async with job.database.transaction() as session:
        await session.execute(delete(SIMULATED_CHANGES).where(SIMULATED_CHANGES.c.simulation_id == job.id))
    moves: Counter[tuple[str, str, str]] = Counter()
    people: Counter[tuple[str, str, str]] = Counter()
    after: UUID | None = None
    done = 0
    while True:
        async with job.database.transaction() as session:
            rows = await _page(session, base.code, areas, after)
            if not rows:
                break
            after, done = rows[-1]["household_id"], done + len(rows)
            changes = await _simulated(session, target, rows, moves, people)
            if changes:
                written = [each | {"simulation_id": job.id} for each in changes]
                await (await session.connection()).execute(insert(SIMULATED_CHANGES), written)
            await job.progress(done, session=session)
    return {
        "base": base.code,
        "target": target.code,
        "households": done,
        "unanswered": list(unanswered(base, target)),
        "areas": _by_area(moves, people),
    }


async def _page(
    session: Transaction, base: str, areas: Sequence[str] | None, after: UUID | None
) -> Sequence[Mapping[str, Any]]:
    """Return the next households with a class under a standard, each with the assessment that gave it."""
    last = (
        select(CLASS_HISTORY.c.assessment_id)
        .where(CLASS_HISTORY.c.household_id == STANDINGS.c.household_id, CLASS_HISTORY.c.standard == base)
        .order_by(CLASS_HISTORY.c.decided_on.desc(), CLASS_HISTORY.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    members = select(func.count()).where(PEOPLE.c.household_id == HOUSEHOLDS.c.id).scalar_subquery()
    query = (
        select(STANDINGS.c.household_id, STANDINGS.c.household_class, HOUSEHOLDS.c.area_code, members.label("people"))
        .add_columns(ASSESSMENTS.c.setting, ASSESSMENTS.c.income_per_person_month, ASSESSMENTS.c.b1_points)
        .add_columns(ASSESSMENTS.c.deprivations, ASSESSMENTS.c.facts, ASSESSMENTS.c.assessed_on)
        .join(HOUSEHOLDS, HOUSEHOLDS.c.id == STANDINGS.c.household_id)
        .join(ASSESSMENTS, ASSESSMENTS.c.id == last)
        .where(STANDINGS.c.standard == base)
        .order_by(STANDINGS.c.household_id)
        .limit(_AT_ONCE)
    )
    if areas is not None:
        query = query.where(among(HOUSEHOLDS.c.area_code, areas))
    if after is not None:
        query = query.where(STANDINGS.c.household_id > after)
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def _simulated(
    session: Transaction,
    target: Standard,
    rows: Sequence[Mapping[str, Any]],
    moves: Counter[tuple[str, str, str]],
    people: Counter[tuple[str, str, str]],
) -> list[dict[str, Any]]:
    """Count what becomes of each household; return those whose class would change."""
    residents = await residents_of(session, [row["household_id"] for row in rows if row["facts"] is not None])
    changes = []
    for row in rows:
        before = row["household_class"]
        result = simulated_class(target, _known(row, residents.get(row["household_id"], ())))
        key = (row["area_code"], before, result or "unknown")
        moves[key] += 1
        people[key] += row["people"]
        if result is not None and result != before:
            shown = {name: row[name] for name in ("household_id", "area_code", "people")}
            changes.append(shown | {"class_before": before, "class_after": result})
    return changes


def _known(row: Mapping[str, Any], residents: Sequence[Resident]) -> Known:
    income = row["income_per_person_month"]
    return Known(
        setting=row["setting"],
        route=ScoreRoute(kind="score", b1_points=row["b1_points"])
        if income is None
        else IncomeRoute(kind="income", income_per_person_month=income),
        ticked=row["deprivations"],
        facts=None if row["facts"] is None else HouseholdFacts.model_validate(row["facts"]),
        residents=residents,
        assessed_on=row["assessed_on"],
    )


def _by_area(
    moves: Mapping[tuple[str, str, str], int], people: Mapping[tuple[str, str, str], int]
) -> list[dict[str, Any]]:
    return [
        {
            "area_code": key[0],
            "class_before": key[1],
            "class_after": key[2],
            "households": moves[key],
            "people": people[key],
        }
        for key in sorted(moves)
    ]


async def changes_of(
    session: Transaction, access: Access, simulation_id: UUID, *, after: UUID | None, limit: int
) -> list[Mapping[str, Any]]:
    """Return households of an access's areas whose class a simulation would change, by id."""
    table = SIMULATED_CHANGES.c
    query = select(SIMULATED_CHANGES).where(table.simulation_id == simulation_id, access.within(table.area_code))
    if after is not None:
        query = query.where(table.household_id > after)
    found = (await session.execute(query.order_by(table.household_id).limit(limit))).mappings()
    return [dict(row) for row in found]
