"""Figures come out the same however events arrive: in any order between topics, twice, late, or one by one."""

import random
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from services.indicators.consumers import CONSUMERS
from services.indicators.tables import metadata
from shared.db import Database
from shared.db.migrations import downgrade, drift, upgrade
from shared.events import Event, Message
from tests.integration.indicators.given import (
    area,
    award,
    decision,
    hear,
    messages,
    province,
    returned,
    settled,
    totals,
)
from tests.support.keys import KEYS
from tests.support.postgres import CreateDatabase


def _story() -> list[Event]:
    """Return events with late decisions, corrections of the same day, moves, returns and newer versions."""
    return [
        *province(),
        decision("a", "poor", date(2026, 1, 10)),
        decision("b", "near_poor", date(2026, 1, 10), people=3),
        decision("a", "not_poor", date(2026, 6, 1)),
        decision("a", "near_poor", date(2026, 3, 1)),
        decision("b", "poor", date(2026, 1, 10), people=3),
        decision("c", "poor", date(2026, 2, 1), code="08338"),
        decision("c", "poor", date(2026, 9, 1), code="07900"),
        decision("a", "poor", date(2026, 10, 1), standard="vn-2026-2030"),
        award("a", 500_000),
        settled("a", 500_000, "2026-01"),
        settled("c", 500_000, "2026-02", code="08338"),
        returned("a", 500_000, "2026-01"),
        area("08566", "Xã Tân Sơn (mới)", version=3),
        area("08566", "Xã Tân Sơn (cũ)", version=2),
        totals("08566", 1100, version=2),
    ]


async def _rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    async with database.transaction() as session:
        for consumer in CONSUMERS:
            for table in consumer.tables:
                result = await session.execute(table.select().order_by(*table.primary_key.columns))
                found[table.name] = [tuple(row) for row in result]
    return found


def _between_topics(batch: Sequence[Message], seed: int) -> list[Message]:
    """Return the messages with topics and keys mixed anew; those of one topic and key keep their order."""
    chance = random.Random(seed)
    queues: dict[tuple[str, str], list[Message]] = {}
    for message in batch:
        queues.setdefault((message.topic, message.key), []).append(message)
    mixed = []
    while queues:
        place = chance.choice(sorted(queues))
        mixed.append(queues[place].pop(0))
        if not queues[place]:
            del queues[place]
    return mixed


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_between_keys_and_any_batches_give_the_same_rows(
    create_database: CreateDatabase, seed: int
) -> None:
    straight = Database(await create_database("indicators"), name="straight", keys=KEYS)
    mixed = Database(await create_database("indicators"), name="mixed", keys=KEYS)
    story = messages(_story())
    await hear(straight, story)

    chance = random.Random(seed)
    events = _between_topics(story, seed)
    while events:
        size = chance.randint(1, 6)
        batch, events = events[:size], events[size:]
        await hear(mixed, batch)
        await hear(mixed, chance.sample(batch, len(batch)))  # delivered twice

    assert await _rows(mixed) == await _rows(straight)
    await straight.close()
    await mixed.close()


async def test_a_late_decision_takes_its_place_in_the_past(database: Database) -> None:
    decisions: list[Event] = [
        decision("a", "poor", date(2026, 1, 10)),
        decision("a", "not_poor", date(2026, 6, 1)),
        decision("a", "near_poor", date(2026, 3, 1)),
    ]
    await hear(database, messages(decisions))
    assert await _in_force(database) == [
        ("poor", date(2026, 1, 10), date(2026, 3, 1)),
        ("near_poor", date(2026, 3, 1), date(2026, 6, 1)),
        ("not_poor", date(2026, 6, 1), date.max),
    ]


async def test_of_two_decisions_of_one_day_the_later_published_one_holds(database: Database) -> None:
    decisions: list[Event] = [decision("a", "poor", date(2026, 1, 10)), decision("a", "not_poor", date(2026, 1, 10))]
    await hear(database, messages(decisions))
    assert await _in_force(database) == [("not_poor", date(2026, 1, 10), date.max)]


async def _in_force(database: Database) -> list[tuple[Any, ...]]:
    query = text(
        "SELECT household_class, decided_on, until FROM decisions WHERE until > decided_on ORDER BY decided_on"
    )
    async with database.transaction() as session:
        return [tuple(row) for row in await session.execute(query)]


async def test_migrations_go_up_down_and_up_and_agree_with_the_tables(create_database: CreateDatabase) -> None:
    url = await create_database()
    await upgrade("indicators", url)
    await downgrade("indicators", url, "base")
    await upgrade("indicators", url)
    assert await drift(url, metadata) == []
