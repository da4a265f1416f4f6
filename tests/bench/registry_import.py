"""Households by lists: a running registry with its relay, beside COPY of the same final rows into the same tables."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import httpx
import psutil

from services.registry.official_areas import official_areas
from shared.db import Database, migrations
from tests.bench.ground import Ground, report
from tests.support.access import grant
from tests.support.household_lists import rows_of_household, written
from tests.support.keys import KEYS
from tests.support.programs import Program, running
from tests.support.tokens import bearer, trust_the_issuer

HOUSEHOLDS = 40_000
_TABLES = ("households", "people", "household_references", "outbox")
_PIECE = 500  # households
_ACTOR = bearer("officer")


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
            await _import(service, 0, 5_000)  # warm
            seconds, grown = await _import(service, 5_000, HOUSEHOLDS)
        limit = await _bare_copy(database)
    finally:
        await database.close()
    report(
        "household_import",
        HOUSEHOLDS / seconds,
        "households/s",
        limit=limit,
        goal="ratio >= 0.1 and >= 1,000 households/s",
        raw="COPY of the same final rows (household, 3 members, reference, 4 events) into the same indexed tables",
    )
    report("household_import_memory_growth", grown / 1e6, "MB", goal="flat: <= 60 MB", households=HOUSEHOLDS)


async def _areas(url: str) -> None:
    areas = [area.model_dump(mode="json") for area in official_areas("25")]
    async with httpx.AsyncClient(base_url=url, headers=_ACTOR, timeout=60) as client:
        (await client.post("/registry/v1/areas", json=areas)).raise_for_status()


async def _list(first: int, count: int) -> AsyncIterator[bytes]:
    yield written([])
    for start in range(first, first + count, _PIECE):
        rows = [row for number in range(start, start + _PIECE) for row in rows_of_household(number)]
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


async def _bare_copy(database: Database) -> float:
    """Return how many households a second bare COPY puts into the same tables, emptied, in pieces of the same size."""
    connection = await database.connect()
    try:
        rows = {table: await _rows_of(connection, table) for table in _TABLES}
        await connection.execute(f"TRUNCATE {', '.join(_TABLES)} CASCADE")
        households = len(rows["households"][1])
        per_piece = {table: len(found) // (households // _PIECE) for table, (_, found) in rows.items()}
        began = time.perf_counter()
        for piece in range(households // _PIECE):
            async with connection.transaction():
                for table, (columns, found) in rows.items():
                    part = found[piece * per_piece[table] : (piece + 1) * per_piece[table]]
                    await connection.copy_records_to_table(table, columns=columns, records=part)
        return households / (time.perf_counter() - began)
    finally:
        await connection.close()


async def _rows_of(connection: "asyncpg.Connection[Any]", table: str) -> tuple[Sequence[str], Sequence[Any]]:
    """Return the rows of a table in the order in which they came; of the outbox without what the relay added."""
    added = {"seq", "position", "partition", "offset"} if table == "outbox" else set()
    found = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position", table
    )
    columns = [row["column_name"] for row in found if row["column_name"] not in added]
    order = {"outbox": "seq", "people": "household_id, position", "household_references": "household_id"}
    names = ", ".join(f'"{name}"' for name in columns)
    key = order.get(table, "id")
    return columns, [tuple(row) for row in await connection.fetch(f"SELECT {names} FROM {table} ORDER BY {key}")]
