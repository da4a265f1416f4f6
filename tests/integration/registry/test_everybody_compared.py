"""Everybody compared with everybody who may be the same: all who stand there twice are found, in flat memory.

`make soak` compares a million people, `make test` a few thousand: the same test.
"""

import os

from sqlalchemy import func, select, text

from services.registry import comparing
from services.registry.duplicate_scan import compare_new_people
from services.registry.official_areas import official_areas
from services.registry.tables import PEOPLE_TO_COMPARE
from shared.db import Database
from tests.support.keys import KEYS
from tests.support.many_people import fill, register_again
from tests.support.memory import MemoryWatch
from tests.support.postgres import Databases

PEOPLE, TWICE = (1_000_000, 1_000) if os.environ.get("ANSINH_SOAK") else (4_000, 40)
COMMUNES = [area.code for area in official_areas("25") if area.level == "commune" and area.valid_to is None]
_GROWTH = 150_000_000  # bytes; a million records are many times that
# Of each record that was written again, whether a pair with its like waits in the queue.
_FOUND = text(
    """SELECT count(*) FROM people AS again WHERE joined_on = '2026-01-06' AND EXISTS (
        SELECT FROM people AS first JOIN duplicate_pairs AS pair
            ON (pair.first_id, pair.second_id) = (least(first.id, again.id), greatest(first.id, again.id))
        WHERE first.id <> again.id AND first.birth_date = again.birth_date AND first.full_name = again.full_name)"""
)


async def test_all_who_stand_there_twice_are_found_among_very_many_in_flat_memory(databases: Databases) -> None:
    url = await databases.create("registry")
    database = Database(url, name="test", keys=KEYS)
    try:
        await fill(database, PEOPLE, COMMUNES)
        await register_again(database, TWICE, COMMUNES)
        with MemoryWatch(comparing.__name__) as memory:
            assert await compare_new_people(database)
        async with database.transaction() as session:
            assert (await session.execute(select(func.count()).select_from(PEOPLE_TO_COMPARE))).scalar_one() == 0
            assert (await session.execute(_FOUND)).scalar_one() == TWICE
        assert memory.growth < _GROWTH, f"it grew by {memory.growth / 1e6:.0f} MB"
    finally:
        await database.close()
        await databases.drop(url)
