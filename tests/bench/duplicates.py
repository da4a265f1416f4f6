"""Comparing everybody with everybody who may be the same, beside bare rapidfuzz over the same blocks."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from rapidfuzz import fuzz, process
from sqlalchemy import func, select

from services.registry import comparing
from services.registry.duplicate_scan import compare_new_people
from services.registry.official_areas import official_areas
from services.registry.tables import DUPLICATE_PAIRS, PEOPLE, PEOPLE_TO_COMPARE
from shared.db import Database, migrations
from tests.bench.ground import Ground, report
from tests.bench.sizes import size
from tests.support.keys import KEYS
from tests.support.many_people import fill, register_again
from tests.support.memory import MemoryWatch

COMPARED = size("COMPARED", 100_000, full=1_000_000)
_YEAR = timedelta(days=366)
_READ_AT_ONCE = 20_000
_ALIKE = 60  # percent
_PLANTED_EVERY = 1_000

Row = tuple[str, str, date]
"""A person: commune, folded name, day of birth."""


async def measure_duplicates(ground: Ground) -> None:
    """Print how many people a scan compares in a second, how long it takes, and the most memory that it held."""
    url = ground.database("registry_duplicates")
    await migrations.upgrade("registry", url)
    database = Database(url, name="bench", keys=KEYS)
    logging.disable(logging.INFO)
    communes = [area.code for area in official_areas("25") if area.level == "commune" and area.valid_to is None]
    try:
        planted = COMPARED // _PLANTED_EVERY
        await fill(database, COMPARED - planted, communes)
        await register_again(database, planted, communes)
        with MemoryWatch(comparing.__name__) as watch:
            began = time.perf_counter()
            await compare_new_people(database)
            taken = time.perf_counter() - began
        async with database.transaction() as session:
            assert (await session.execute(select(func.count()).select_from(PEOPLE_TO_COMPARE))).scalar_one() == 0
            pairs = (await session.execute(select(func.count()).select_from(DUPLICATE_PAIRS))).scalar_one()
        limit = COMPARED / await _bare(database)
    finally:
        await database.close()
    report(
        "people_compared", COMPARED / taken, "people/s", limit=limit, goal="a million in minutes",
        people=COMPARED, seconds=round(taken, 1), planted=planted, pairs=pairs, memory_mb=round(watch.highest / 1e6),
        memory_at_begin_mb=round(watch.first / 1e6),
    )  # fmt: skip


async def _bare(database: Database) -> float:
    """Return how many seconds rapidfuzz takes for the names of all blocks, with nothing read, written or scored."""
    rows: list[Row] = []
    async with database.transaction() as session:
        stream = await session.stream(select(PEOPLE.c.area_code, PEOPLE.c.name_words, PEOPLE.c.birth_date))
        async for some in stream.partitions(_READ_AT_ONCE):
            rows += [(row.area_code, row.name_words, row.birth_date) for row in some]
    began = time.perf_counter()
    for name, others in _blocks(rows):
        process.extract(name, others, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=None)
    return time.perf_counter() - began


def _blocks(rows: Iterable[Row]) -> Iterator[tuple[str, Sequence[str]]]:
    """Give the blocks of `store.comparing` that names and days make: each name with those that it is compared with."""
    of_day: dict[tuple[str, date], list[str]] = defaultdict(list)
    of_commune: dict[tuple[str, date], list[str]] = defaultdict(list)
    of_name: dict[tuple[str, str], list[tuple[date, str]]] = defaultdict(list)
    for area, words, born in rows:
        given = words.rpartition(" ")[2]
        of_day[given, born].append(words)
        of_commune[area, born].append(words)
        of_name[area, given].append((born, words))
    for names in (*of_day.values(), *of_commune.values()):
        yield from ((name, names[index:]) for index, name in enumerate(names[:-1], 1))
    for people in of_name.values():
        yield from _near(sorted(people))


def _near(people: Sequence[tuple[date, str]]) -> Iterator[tuple[str, Sequence[str]]]:
    """Give each person of one commune and given name with those who were born up to a year later."""
    last = 0
    for index, (born, words) in enumerate(people):
        while last < len(people) and people[last][0] <= born + _YEAR:
            last += 1
        if last - index > 1:
            yield words, [other for _, other in people[index + 1 : last]]
