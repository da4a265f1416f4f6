"""A process is killed in the middle of a decision of 1,000 households: all of it is there, or nothing."""

import asyncio
import json
import sys
from functools import partial
from typing import Any

import asyncpg
import pytest

from tests.integration.registry.conftest import Registry, decision_on, member, poor, registry_at
from tests.support.postgres import CreateDatabase
from tests.support.waiting import until

HOUSEHOLDS = 1000


# How far the decision has come when the process dies: to its first table, to its last.
@pytest.mark.parametrize("reached", ["decisions", "outbox"])
async def test_a_decision_whose_process_is_killed_leaves_nothing_and_is_taken_whole_later(
    reached: str, create_database: CreateDatabase
) -> None:
    registry = await registry_at(await create_database("registry"))
    connection = await registry.database.connect()
    try:
        order = decision_on(await _assessed(registry))
        await _killed(connection, registry, order, reached)
        await until(partial(_is_over, connection), within=60, describe="the end of the killed transaction")
        assert await _decisions(connection) == 0
        taken = await registry.post("/decisions", order)
        assert len(taken["classes"]) == HOUSEHOLDS
        assert await _decisions(connection) == 1
    finally:
        await connection.close()
        await registry.client.aclose()
        await registry.database.close()


async def _assessed(registry: Registry) -> list[str]:
    """Return assessments of as many households as a decision may name."""
    ids: list[str] = []
    for _ in range(HOUSEHOLDS // 500):
        households = {"households": [{"area_code": "08566", "members": [member()]}] * 500}
        made = await registry.post("/households/batches", households)
        found = {"assessments": [poor(household_id=each["id"]) for each in made["households"]]}
        ids += [each["id"] for each in (await registry.post("/assessments/batches", found))["assessments"]]
    return ids


async def _killed(connection: "asyncpg.Connection[Any]", registry: Registry, order: dict[str, Any], table: str) -> None:
    """Have a process of its own decide, and kill it as soon as it has written to a table."""
    url = registry.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    # A row of the table locked as a whole by us: who writes to it waits, and dies there, after all that came before.
    blocker = await registry.database.connect()
    try:
        await blocker.execute(f"BEGIN; LOCK TABLE {table} IN SHARE MODE")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.deciding", url, json.dumps(order)
        )
        await until(partial(_waits_or_ended, connection, table, process), within=60, describe=f"a writer of {table}")
        assert process.returncode is None, "the decision failed before it was killed"
        process.kill()
        await process.wait()
    finally:
        await blocker.close()


async def _waits_or_ended(
    connection: "asyncpg.Connection[Any]", table: str, process: asyncio.subprocess.Process
) -> bool:
    if process.returncode is not None:
        return True
    query = "SELECT count(*) FROM pg_locks WHERE relation = $1::text::regclass AND NOT granted"
    return bool(await connection.fetchval(query, table))


async def _is_over(connection: "asyncpg.Connection[Any]") -> bool:
    query = "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'deciding'"
    return bool(await connection.fetchval(query))


async def _decisions(connection: "asyncpg.Connection[Any]") -> int:
    """Return how many decisions there are, after a look at all that a decision writes."""
    count = connection.fetchval
    decisions = int(await count("SELECT count(*) FROM decisions"))
    for written in (
        "SELECT count(*) FROM class_history",
        "SELECT count(*) FROM standings",
        "SELECT count(*) FROM movements",
        "SELECT count(*) FROM households WHERE version = 2",
        "SELECT count(*) FROM outbox WHERE type LIKE '%household.classified%'",
    ):
        assert await count(written) == decisions * HOUSEHOLDS, written
    return decisions
