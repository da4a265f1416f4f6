"""The registry's process is killed in reorganisations and mergers: each is there whole, or nothing of it is."""

import asyncio
import os
import random
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from tests.integration.registry.conftest import member
from tests.integration.registry.test_reorganisations import DAY, PAIRS, UNITS
from tests.support.programs import Program
from tests.support.tokens import bearer
from tests.support.waiting import until

HOUSEHOLDS, KILLS, MERGERS = (50_000, 4, 200) if os.environ.get("ANSINH_SOAK") else (4_000, 3, 12)
_BATCH = 500


async def _send(registry: Program, actor: str, path: str, body: Any = None) -> Any:
    headers = bearer(actor) | {"Idempotency-Key": uuid4().hex}
    async with httpx.AsyncClient(base_url=f"{registry.url}/registry/v1", headers=headers, timeout=120) as client:
        answer = await client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


async def _register(registry: Program, number: int) -> None:
    await _send(registry, "officer", "/areas", UNITS)
    for first in range(0, number, _BATCH):
        households = [_household(each) for each in range(first, first + _BATCH)]
        await _send(registry, "officer", "/households/batches", {"households": households})


def _household(number: int) -> dict[str, Any]:
    """Return a household of somebody like nobody else: those who may be one person are compared meanwhile."""
    name = "".join(chr(97 + number // 26**place % 26) for place in range(4))
    born = date(1950, 1, 1) + timedelta(days=number)
    head = member(full_name=f"{name[:2]} {name[2:]} {name}".title(), birth_date=born.isoformat())
    return {"area_code": "90002", "registered_on": "2026-01-05", "members": [head]}


async def test_a_killed_reorganisation_leaves_the_old_map_and_is_done_whole_in_the_end(
    registry: Program, registry_url: str
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    await _register(registry, HOUSEHOLDS)
    order = {
        "title": "Sắp xếp đơn vị hành chính",
        "legal_basis": "1676/NQ-UBTVQH15",
        "effective_on": DAY,
        "successions": [{"old_code": old, "new_code": new} for old, new in PAIRS],
    }
    planned = await _send(registry, "officer", "/reorganisations", order)
    proposal = await _send(registry, "officer", f"/reorganisations/{planned['id']}/application")
    approval = {"content_hash": proposal["content_hash"]}
    await _send(registry, "chair", f"/proposals/{proposal['id']}/approval", approval)
    connection: asyncpg.Connection[Any] = await asyncpg.connect(registry_url)
    try:
        for _ in range(KILLS):
            await until(partial(_far, connection, chance.random()), within=120, describe=f"progress (seed {seed})")
            await registry.kill()
            await _stands_on_one_map(connection, planned["id"], seed)
            await registry.start_again()
        await until(partial(_applied, connection), within=120, describe=f"the end (seed {seed})")
        await _stands_on_one_map(connection, planned["id"], seed)
    finally:
        await connection.close()


async def _far(connection: "asyncpg.Connection[Any]", part: float) -> bool:
    """Return whether the work is begun and came so far, or is done."""
    job = await connection.fetchrow("SELECT state, done, problem, attempt FROM jobs WHERE kind = 'reorganisation'")
    if job is None or job["state"] == "done":
        return job is not None
    assert job["state"] != "failed", job["problem"]
    return bool(job["state"] == "running" and job["done"] >= part * HOUSEHOLDS / 2)


async def _applied(connection: "asyncpg.Connection[Any]") -> bool:
    return bool(await connection.fetchval("SELECT state = 'applied' FROM reorganisations"))


async def _stands_on_one_map(connection: "asyncpg.Connection[Any]", reorganisation_id: str, seed: int) -> None:
    """Assert that all of it is done, once, or nothing of it."""
    done = await _applied(connection)
    of_it = "FROM household_versions WHERE change_id = $1 AND valid_until = 'infinity' AND superseded_at IS NULL"
    moved = await connection.fetchrow(
        f"""SELECT
            (SELECT count(*) FROM households WHERE area_code = '90001') AS households,
            (SELECT count(*) FROM people WHERE area_code = '90001') AS people,
            (SELECT count(DISTINCT household_id) {of_it}) AS versions,
            (SELECT count(*) FROM household_presence WHERE cause = 'reorganised') AS ledger,
            (SELECT count(*) FROM outbox WHERE convert_from(data, 'UTF8') LIKE '%"change":"reorganisation"%') AS told,
            (SELECT count(*) FROM area_successions) AS successions""",
        reorganisation_id,
    )
    assert moved is not None
    wanted = [HOUSEHOLDS * done] * 5 + [len(PAIRS) * done]
    assert list(moved.values()) == wanted, f"seed {seed}"


async def test_killed_mergers_are_there_whole_or_not_at_all(registry: Program, registry_url: str) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    await _register(registry, _BATCH)
    connection: asyncpg.Connection[Any] = await asyncpg.connect(registry_url)
    try:
        ids = [str(row["id"]) for row in await connection.fetch("SELECT id FROM households ORDER BY id")]
        waiting = []
        for staying, absorbed in zip(ids[:MERGERS], ids[MERGERS : 2 * MERGERS], strict=True):
            person = await connection.fetchval("SELECT id FROM people WHERE household_id = $1", absorbed)
            merger = {
                "effective_on": "2026-11-01",
                "absorbed_id": absorbed,
                "relationships": [{"person_id": str(person), "relationship": "parent"}],
                "note": "Hai sổ của cùng một hộ",
            }
            waiting.append((await _send(registry, "officer", f"/households/{staying}/mergers", merger), absorbed))
        sending = [
            asyncio.create_task(
                _send(registry, "chair", f"/proposals/{each['id']}/approval", {"content_hash": each["content_hash"]})
            )
            for each, _ in waiting
        ]
        some = chance.randrange(MERGERS)
        await until(partial(_merged, connection, some), within=60, describe=f"{some} mergers (seed {seed})")
        await registry.kill()
        await asyncio.gather(*sending, return_exceptions=True)
        await registry.start_again()
        for proposal, absorbed in waiting:
            assert len(set(await _traces(connection, proposal, absorbed))) == 1, f"seed {seed}"
    finally:
        await connection.close()


async def test_killed_mergers_of_people_are_there_whole_or_not_at_all(registry: Program, registry_url: str) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    await _send(registry, "officer", "/areas", UNITS)
    twice = [_household(number) for number in range(MERGERS) for _ in range(2)]
    await _send(registry, "officer", "/households/batches", {"households": twice})
    connection: asyncpg.Connection[Any] = await asyncpg.connect(registry_url)
    try:
        await until(partial(_alike, connection), within=120, describe=f"{MERGERS} pairs (seed {seed})")
        waiting = []
        for pair in await connection.fetch("SELECT id, first_id FROM duplicate_pairs ORDER BY id"):
            same = {"effective_on": "2026-11-01", "kept_id": str(pair["first_id"]), "note": "Một người lập sổ hai lần"}
            waiting.append(await _send(registry, "officer", f"/duplicates/{pair['id']}/mergers", same))
        sending = [
            asyncio.create_task(
                _send(registry, "chair", f"/proposals/{each['id']}/approval", {"content_hash": each["content_hash"]})
            )
            for each in waiting
        ]
        some = chance.randrange(MERGERS)
        await until(partial(_merged, connection, some), within=60, describe=f"{some} mergers (seed {seed})")
        await registry.kill()
        await asyncio.gather(*sending, return_exceptions=True)
        await registry.start_again()
        for proposal in waiting:
            assert len(set(await _traces_of_people(connection, proposal))) == 1, f"seed {seed}"
    finally:
        await connection.close()


async def _alike(connection: "asyncpg.Connection[Any]") -> bool:
    return bool(await connection.fetchval("SELECT count(*) = $1 FROM duplicate_pairs", MERGERS))


async def _traces_of_people(connection: "asyncpg.Connection[Any]", proposal: Any) -> list[bool]:
    """Return of each trace that a merger of people leaves whether it is there."""
    has, gone = connection.fetchval, proposal["content"]["absorbed"]
    return [
        await has("SELECT state = 'approved' FROM proposals WHERE id = $1", proposal["id"]),
        await has("SELECT state = 'merged' FROM duplicate_pairs WHERE id = $1", proposal["subject"]),
        await has("SELECT household_id IS NULL FROM people WHERE id = $1", gone["id"]),
        await has("SELECT ended_on IS NOT NULL FROM households WHERE id = $1", gone["household_id"]),
        await has("SELECT EXISTS (SELECT FROM household_versions WHERE household_id = $1 AND valid_until = 'infinity'"
                  " AND change_id IS NOT NULL)", gone["household_id"]),
        await has("SELECT EXISTS (SELECT FROM household_presence WHERE household_id = $1 AND NOT present)",
                  gone["household_id"]),
        await has("SELECT count(*) = 1 FROM outbox WHERE type = 'vn.ansinh.registry.people.merged.v1'"
                  " AND convert_from(data, 'UTF8') LIKE '%' || $1 || '%'", gone["id"]),
    ]  # fmt: skip


async def _merged(connection: "asyncpg.Connection[Any]", number: int) -> bool:
    return bool(await connection.fetchval("SELECT count(*) >= $1 FROM household_changes", number))


async def _traces(connection: "asyncpg.Connection[Any]", proposal: Any, absorbed: str) -> list[bool]:
    """Return of each trace that a merger leaves whether it is there."""
    has = connection.fetchval
    return [
        await has("SELECT state = 'approved' FROM proposals WHERE id = $1", proposal["id"]),
        await has("SELECT ended_on IS NOT NULL FROM households WHERE id = $1", absorbed),
        not await has("SELECT EXISTS (SELECT FROM people WHERE household_id = $1)", absorbed),
        await has("SELECT count(*) = 2 FROM people WHERE household_id = $1", proposal["subject"]),
        await has("SELECT count(*) = 2 FROM household_versions WHERE household_id = $1 AND valid_until = 'infinity'"
                  " AND change_id IS NOT NULL OR household_id = $2 AND valid_until = 'infinity'"
                  " AND change_id IS NOT NULL", absorbed, proposal["subject"]),
        await has("SELECT EXISTS (SELECT FROM household_presence WHERE household_id = $1 AND NOT present)", absorbed),
    ]  # fmt: skip
