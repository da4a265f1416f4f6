"""The registry's process is killed at random points of an import: every household is there exactly once."""

import os
import random
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

import services.registry
from tests.support.household_lists import households, written
from tests.support.programs import Program
from tests.support.tokens import bearer
from tests.support.waiting import until

LISTS, HOUSEHOLDS, MEMBERS = (20, 5_000, 3) if os.environ.get("ANSINH_SOAK") else (1, 3_000, 3)
KILLS = 4  # a list, and one as it comes in; a job whose process died oftener is not tried again
AREAS = Path(str(services.registry.__file__)).parent / "data" / "areas_sample.csv"
CSV = {"Content-Type": "text/csv"} | bearer("officer")


async def test_killing_the_service_loses_and_doubles_no_household(registry: Program, registry_url: str) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        registry_url.replace("postgresql+asyncpg", "postgresql")
    )
    try:
        async with httpx.AsyncClient(base_url=f"{registry.url}/registry/v1", headers=CSV, timeout=60) as client:
            (await client.post("/areas/imports", content=AREAS.read_bytes())).raise_for_status()
        for number in range(LISTS):
            content = written(households(range(number * HOUSEHOLDS, (number + 1) * HOUSEHOLDS), MEMBERS))
            await _cut_off_upload(registry, content, chance)
            import_id = await _send(registry, content)
            for _ in range(KILLS):
                await _reach(connection, import_id, chance.random())
                await registry.kill()
                await registry.start_again()
            await _reach(connection, import_id, 1)
            again = await _send(registry, content)
            await until(partial(_ended, connection, again), within=60, describe=f"the end (seed {seed})")
        await _hold_everything_once(connection, seed)
    finally:
        await connection.close()


async def _send(registry: Program, content: bytes) -> str:
    async with httpx.AsyncClient(base_url=registry.url, headers=CSV, timeout=60) as client:
        answer = await client.post("/registry/v1/household-imports", content=content)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])


async def _cut_off_upload(registry: Program, content: bytes, chance: random.Random) -> None:
    """Kill the registry while a list comes in, and start it again."""
    cut = chance.randrange(len(content))

    async def pieces() -> AsyncIterator[bytes]:
        yield content[:cut]
        await registry.kill()
        yield content[cut:]

    async with httpx.AsyncClient(base_url=registry.url, headers=CSV, timeout=60) as client:
        with pytest.raises(httpx.HTTPError):
            await client.post("/registry/v1/household-imports", content=pieces())
    await registry.start_again()


async def _reach(connection: "asyncpg.Connection[Any]", import_id: str, part: float) -> None:
    async def reached() -> bool:
        query = "SELECT handled >= rows * $2::float8 FROM household_imports WHERE id = $1"
        return bool(await connection.fetchval(query, import_id, part))

    await until(reached, within=120, describe=f"{part:.0%} of the list")


async def _ended(connection: "asyncpg.Connection[Any]", job_id: str) -> bool:
    return bool(await connection.fetchval("SELECT state = 'done' FROM jobs WHERE id = $1", job_id))


async def _hold_everything_once(connection: "asyncpg.Connection[Any]", seed: int) -> None:
    count = connection.fetchval
    total = LISTS * HOUSEHOLDS
    found = [
        await count("SELECT count(*) FROM households"),
        await count("SELECT count(*) FROM household_references"),
        await count("SELECT count(DISTINCT household_id) FROM household_references"),
        await count("SELECT count(DISTINCT key) FROM outbox WHERE type LIKE '%household.stated%'"),
        await count("SELECT count(*) FROM outbox WHERE type LIKE '%household.stated%'"),
        await count("SELECT sum(created) FROM household_imports"),
    ]
    assert found == [total] * 6, f"seed {seed}"
    people = [
        await count("SELECT count(*) FROM people"),
        await count("SELECT count(DISTINCT personal_number_index) FROM people"),
        await count("SELECT count(*) FROM outbox WHERE type LIKE '%person.stated%'"),
        await count("SELECT sum(people) FROM household_imports"),
    ]
    assert people == [total * MEMBERS] * 4, f"seed {seed}"
    assert await count("SELECT count(*) FROM household_imports WHERE handled = rows AND rows > 0") == LISTS
