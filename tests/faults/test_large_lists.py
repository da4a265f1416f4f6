"""A list of very many households: wrong rows told, taken up again after a kill, and never held in memory.

`make soak` sends a million households, `make test` a few thousand: the same test.
"""

import os
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import asyncpg
import httpx
import psutil

from services.registry.official_areas import official_areas
from tests.support.household_lists import rows_of_family, written
from tests.support.programs import Program
from tests.support.tokens import bearer
from tests.support.waiting import until

HOUSEHOLDS, WITHIN = (1_000_000, 7_200) if os.environ.get("ANSINH_SOAK") else (4_000, 240)
_WRONG_EVERY = 500  # households; of one of so many the head is born on a day that there is not
_PIECE = 250
_GROWTH = 100_000_000  # bytes; the list of the soak is half a gigabyte, what it makes in the database several
_COMMUNES = [area.code for area in official_areas("25") if area.level == "commune" and area.valid_to is None]
CSV = {"Content-Type": "text/csv"} | bearer("officer")

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def _pieces(count: int) -> AsyncIterator[bytes]:
    yield written([])
    for start_at in range(0, count, _PIECE):
        rows = []
        for number in range(start_at, min(start_at + _PIECE, count)):
            head, *others = rows_of_family(number, _COMMUNES, members=2)
            rows += [head | {"birth_date": "31/02/1980"} if number % _WRONG_EVERY == 0 else head, *others]
        yield written(rows).partition(b"\r\n")[2]


class _Watched:
    """How much memory the service holds at most, from a mark on."""

    def __init__(self, registry: Program) -> None:
        self._service = registry
        self.mark()

    def mark(self) -> None:
        self.begun = self.highest = psutil.Process(self._service.pid).memory_info().rss

    def look(self) -> None:
        self.highest = max(self.highest, psutil.Process(self._service.pid).memory_info().rss)

    @property
    def growth(self) -> int:
        return self.highest - self.begun


async def _reach(connection: Connection, watched: _Watched, import_id: str, part: float) -> None:
    async def reached() -> bool:
        watched.look()
        query = "SELECT handled >= rows * $2::float8 FROM household_imports WHERE id = $1"
        return bool(await connection.fetchval(query, import_id, part))

    await until(reached, within=WITHIN, describe=f"{part:.0%} of the list")


async def test_a_list_of_very_many_households_comes_in_whole_past_a_kill_in_flat_memory(
    registry: Program, registry_url: str
) -> None:
    connection: Connection = await asyncpg.connect(registry_url)
    try:
        async with httpx.AsyncClient(base_url=f"{registry.url}/registry/v1", headers=CSV, timeout=WITHIN) as client:
            areas = [area.model_dump(mode="json") for area in official_areas("25")]
            (await client.post("/areas", json=areas, headers={"Content-Type": "application/json"})).raise_for_status()
            watched = _Watched(registry)
            answer = await client.post("/household-imports", content=_pieces(HOUSEHOLDS))
        assert answer.status_code == 202, answer.text
        import_id = str(answer.json()["id"])
        await _reach(connection, watched, import_id, 0.1)
        assert watched.growth < _GROWTH, "the list is not held while it comes in"
        await registry.kill()
        await registry.start_again()
        await _reach(connection, watched := _Watched(registry), import_id, 0.2)
        watched.mark()  # what each piece of work takes stands by now
        await _reach(connection, watched, import_id, 1)
        assert watched.growth < _GROWTH, f"it grew by {watched.growth / 1e6:.0f} MB"
        await _is_whole(connection, import_id)
    finally:
        await connection.close()


async def _is_whole(connection: Connection, import_id: str) -> None:
    wrong = -(-HOUSEHOLDS // _WRONG_EVERY)
    row = await connection.fetchrow("SELECT rows, handled, created, refused FROM household_imports")
    assert row is not None
    assert tuple(row) == (2 * HOUSEHOLDS, 2 * HOUSEHOLDS, HOUSEHOLDS - wrong, wrong)
    assert await connection.fetchval("SELECT count(*) FROM households") == HOUSEHOLDS - wrong
    assert await connection.fetchval("SELECT count(*) FROM people") == 2 * (HOUSEHOLDS - wrong)
    faults = "SELECT count(*) FROM household_import_faults WHERE import_id = $1 AND \"column\" = 'birth_date'"
    assert await connection.fetchval(faults, import_id) == wrong
    kept = "SELECT count(*) FROM household_import_rows WHERE import_id = $1"
    assert await connection.fetchval(kept, import_id) == 2 * wrong, "what can be mended and sent again"
