"""Households by lists: a running registry with its relay, beside COPY of the same final rows into the same tables."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import httpx
import psutil

from services.registry.official_areas import official_areas
from shared.db import Database, migrations
from tests.bench.copies import copies_per_second
from tests.bench.ground import Ground, report
from tests.bench.processor import microseconds_each, processor_seconds
from tests.bench.sizes import size
from tests.support.access import grant
from tests.support.household_lists import rows_of_family, written
from tests.support.keys import KEYS
from tests.support.programs import Program, running
from tests.support.tokens import bearer, trust_the_issuer

HOUSEHOLDS = size("HOUSEHOLDS", 20_000, full=1_000_000)
_WARM = 2_000
# What an import writes, each in the order of households.
_TABLES = {
    "households": "id",
    "people": "household_id, position",
    "household_references": "household_id",
    "household_presence": "household_id",
    "household_versions": "household_id",
    "outbox": "seq",
}
_PIECE = 500  # households
_ACTOR = bearer("officer")
_COMMUNES = [area.code for area in official_areas("25") if area.level == "commune" and area.valid_to is None]


async def measure_household_import(ground: Ground) -> None:
    """Print households a second, from the first byte sent to the end of the job, and how the process's memory grew."""
    trust_the_issuer()
    url = ground.database("registry")
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
        async with running("deploy.cli", "serve", "registry", env=env, health="/registry/readyz") as service:
            await _areas(service.url)
            await _import(service, 0, _WARM)
            before = processor_seconds()
            seconds, grown = await _import(service, _WARM, HOUSEHOLDS)
            after = processor_seconds()
        pieces = (_WARM + HOUSEHOLDS) // _PIECE
        limit = await copies_per_second(database, _TABLES, pieces=pieces, units=_WARM + HOUSEHOLDS)
    finally:
        await database.close()
    report(
        "household_import",
        HOUSEHOLDS / seconds,
        "households/s",
        limit=limit,
        goal="ratio >= 0.1 and >= 1,000 households/s",
        raw="COPY of the same final rows (household, 3 members, sealed, 4 events, …) into the same indexed tables",
        households=HOUSEHOLDS,
        processor_microseconds_per_household=microseconds_each(before, after, HOUSEHOLDS),
    )
    report("household_import_memory_growth", grown / 1e6, "MB", goal="flat: <= 60 MB", households=HOUSEHOLDS)


async def _areas(url: str) -> None:
    areas = [area.model_dump(mode="json") for area in official_areas("25")]
    async with httpx.AsyncClient(base_url=url, headers=_ACTOR, timeout=60) as client:
        (await client.post("/registry/v1/areas", json=areas)).raise_for_status()


async def _list(first: int, count: int) -> AsyncIterator[bytes]:
    yield written([])
    for start in range(first, first + count, _PIECE):
        rows = [row for number in range(start, start + _PIECE) for row in rows_of_family(number, _COMMUNES)]
        yield written(rows).partition(b"\r\n")[2]


async def _import(service: Program, first: int, count: int) -> tuple[float, int]:
    """Return the seconds that an import took, and how many bytes the service's process grew by at most."""
    process = psutil.Process(service.pid)
    before = highest = process.memory_info().rss
    pieces = [piece async for piece in _list(first, count)]
    async with httpx.AsyncClient(base_url=service.url, headers=_ACTOR, timeout=600) as client:
        began = time.perf_counter()
        sending = asyncio.create_task(
            client.post("/registry/v1/household-imports", content=_each(pieces), headers={"Content-Type": "text/csv"})
        )
        while True:
            await asyncio.sleep(0.05)
            highest = max(highest, process.memory_info().rss)
            if sending.done():
                job = (await client.get(sending.result().raise_for_status().headers["Location"])).json()
                if job["finished_at"] is not None:
                    break
        seconds = time.perf_counter() - began
    if job["result"]["created"] != count:
        raise RuntimeError(f"{job['result']} instead of {count} households")
    return seconds, highest - before


async def _each(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
