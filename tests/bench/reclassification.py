"""A whole province decided anew: households with a class get another assessment, and every commune decides."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import delete

from services.registry.domain.households import HouseholdRegistration
from services.registry.official_areas import official_areas
from services.registry.store.areas import state_areas
from services.registry.store.households import with_ids, write
from services.registry.tables import ASSESSMENTS, PEOPLE_TO_COMPARE
from shared import clock
from shared.db import Database, copy_rows, migrations
from shared.ids import new_id
from tests.bench.copies import copies_per_second
from tests.bench.ground import Ground, report
from tests.bench.processor import microseconds_each, processor_seconds
from tests.bench.sizes import size
from tests.support.access import grant
from tests.support.keys import KEYS
from tests.support.programs import Program, running
from tests.support.tokens import bearer, trust_the_issuer
from tests.support.waiting import until

HOUSEHOLDS = size("HOUSEHOLDS", 20_000, full=200_000)
_DECISION = 1000
_TOGETHER = 4  # decisions under way at once
_REVIEWS = (date(2025, 11, 3), date(2026, 11, 3))
_DECIDED = (date(2025, 12, 5), date(2026, 11, 20))
_CLASSES = (("poor", 30), ("near_poor", 10), ("not_poor", 0))

_TABLES = {
    "class_history": "household_id, standard, number",
    "standings": "household_id",
    "movements": "id",
    "outbox": "seq",
}

Chunk = tuple[str, Sequence[UUID]]


async def measure_reclassification(ground: Ground) -> None:
    """Print households decided a second, of a second review in which a third of them change class."""
    trust_the_issuer()
    url = ground.database("registry_decisions")
    await migrations.upgrade("registry", url)
    database = Database(url, name="bench", keys=KEYS)
    env = {
        "ANSINH_SERVICE": "registry",
        "ANSINH_DATABASE_URL": url,
        "ANSINH_KAFKA": ground.kafka.bootstrap,
        "ANSINH_LOG_LEVEL": "WARNING",
    }
    try:
        await grant(database, "officer")
        chunks = [chunk async for chunk in _registered(database)]
        async with database.transaction() as session:  # a review comes long after its households were compared
            await session.execute(delete(PEOPLE_TO_COMPARE))
        orders = [[await _assessed(database, review, *chunk) for chunk in chunks] for review in range(len(_REVIEWS))]
        async with _served(env) as one, _served(env) as other:
            await _decide((one, other), orders[0])
            await _told(database)
            before = processor_seconds()
            seconds = await _decide((one, other), orders[1])
            decided = processor_seconds()
            began = time.perf_counter()
            await _told(database)
            behind = time.perf_counter() - began
        limit = await copies_per_second(database, _TABLES, pieces=20, units=2 * HOUSEHOLDS)
    finally:
        await database.close()
    report(
        "reclassification",
        HOUSEHOLDS / seconds,
        "households/s",
        limit=limit,
        goal=">= 3,334 households/s: a province of 200,000 in under a minute",
        raw="COPY of the same final rows (class, standing, entry of the ledger, 2 events) into the same indexed tables",
        households=HOUSEHOLDS,
        seconds=round(seconds, 1),
        events_out_after_seconds=round(behind, 1),
        processor_microseconds_per_household=microseconds_each(before, decided, HOUSEHOLDS),
    )


async def _told(database: Database) -> None:
    """Return when the log has every event."""
    connection = await database.connect()

    async def all_are_out() -> bool:
        return not await connection.fetchval('SELECT EXISTS (SELECT FROM outbox WHERE "offset" IS NULL)')

    try:
        await until(all_are_out, within=600, describe="the relay has sent every event")
    finally:
        await connection.close()


def _served(env: dict[str, str]) -> AbstractAsyncContextManager[Program]:
    """Run one process of the registry; there are two, since the machine has two cores."""
    return running("deploy.cli", "serve", "registry", env=env, health="/registry/readyz")


async def _registered(database: Database) -> Any:
    """Yield communes with the ids of as many households as a decision may name."""
    areas = official_areas("25")
    async with database.transaction() as session:
        await state_areas(session, areas, pointers=[""] * len(areas))
    communes = [area.code for area in areas if area.level == "commune"]
    for number in range(HOUSEHOLDS // _DECISION):
        code = communes[number % len(communes)]
        registrations = [
            HouseholdRegistration.model_validate({"area_code": code, "members": list(_members(each))})
            for each in range(_DECISION)
        ]
        households = [with_ids(each, date(2025, 8, 1)) for each in registrations]
        async with database.transaction() as session:
            await write(session, households, by="officer", now=clock.now())
        yield code, [each.id for each in households]


def _members(number: int) -> Iterator[dict[str, Any]]:
    for relationship, oldest in (("head", 1950), ("spouse", 1955), ("child", 1995)):
        yield {
            "full_name": "Hà Thị Mận",
            "sex": "female" if number % 2 else "male",
            "birth_date": date(oldest + number % 28, 1 + number % 12, 1 + number % 27),
            "ethnicity": ("01", "06", "05", "12")[number % 4],
            "relationship": relationship,
            "phone": f"09{number:08}",
        }


async def _assessed(database: Database, review: int, code: str, households: Sequence[UUID]) -> dict[str, Any]:
    """Record an assessment of each household, whose class goes round from review to review; return the decision."""
    rows = []
    for number, household in enumerate(households):
        proposed, points = _CLASSES[(number % 3 + (review if number % 9 < 3 else 0)) % 3]
        rows.append(
            {
                "id": new_id(),
                "household_id": household,
                "standard": "vn-2022-2025",
                "assessed_on": _REVIEWS[review],
                "setting": "rural",
                "income_per_person_month": 2_000_000 if proposed == "not_poor" else 1_000_000,
                "b2_points": points,
                "deprivations": ["nutrition", "housing_quality", "water_source"][: points // 10],
                "proposed_class": proposed,
                "reasons": "[]",
                "computed": "[]",
                "sample_form": False,
                "recorded_by": "officer",
                "recorded_at": clock.now(),
            }
        )
    async with database.transaction() as session:
        await copy_rows(session, ASSESSMENTS, rows)
    return {
        "area_code": code,
        "number": f"{new_id().hex[-8:]}/QĐ-UBND",
        "decided_on": _DECIDED[review].isoformat(),
        "signed_by": "Nguyễn Văn Bình",
        "assessment_ids": [str(row["id"]) for row in rows],
    }


async def _decide(services: Sequence[Program], orders: Sequence[dict[str, Any]]) -> float:
    """Return the seconds in which every decision was taken."""
    room = asyncio.Semaphore(_TOGETHER)

    async def one(client: httpx.AsyncClient, service: Program, order: dict[str, Any]) -> None:
        async with room:
            url, key = f"{service.url}/registry/v1/decisions", {"Idempotency-Key": order["assessment_ids"][0]}
            (await client.post(url, json=order, headers=key)).raise_for_status()

    async with httpx.AsyncClient(headers=bearer("officer"), timeout=600) as client:
        began = time.perf_counter()
        await asyncio.gather(*(one(client, services[at % 2], order) for at, order in enumerate(orders)))
        return time.perf_counter() - began
