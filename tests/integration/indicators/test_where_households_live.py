"""Figures follow households: moved, split off, ended, reorganised; and any figure on the map of any day."""

from datetime import UTC, date, datetime
from typing import Any

import httpx

from shared.db import Database
from shared.events import Event
from shared.events.registry import AreaSuccessionStated, HouseholdStated, Standing
from tests.integration.indicators.given import STANDARD, area, decision, hear, identity, messages

FIRST, DAY, LAST = date(2026, 1, 1), date(2026, 7, 1), date(2026, 6, 30)


def stated(household: object, version: int, code: str, on: date, change: str, **more: Any) -> HouseholdStated:
    """Return what the registry says of a household that changed."""
    return HouseholdStated(
        household_id=identity(household),
        version=version,
        area_code=code,
        members=(),
        recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
        effective_on=on,
        change=change,
        **more,
    )


def succession(old: str, new: str) -> AreaSuccessionStated:
    return AreaSuccessionStated(code=old, version=1, new_code=new, effective=DAY)


def units() -> list[Event]:
    """Return a province whose communes 00001 and 00002 become 00001, and 00003 is split into 00003 and 00004."""
    return [
        area("25", "Tỉnh Phú Thọ", level="province", parent=None),
        *(area(code, "Xã Cũ", valid_to=LAST) for code in ("00001", "00002", "00003")),
        *(area(code, "Xã Mới", valid_from=DAY) for code in ("00001", "00003", "00004")),
        *(
            succession(*pair)
            for pair in (("00001", "00001"), ("00002", "00001"), ("00003", "00003"), ("00003", "00004"))
        ),
    ]


async def poor(client: httpx.AsyncClient, code: str, on: str) -> int:
    query = {"area_code": code, "standard": STANDARD, "on": on}
    answer = await client.get("/indicators/v1/poverty", params=query)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["figure"]["poor"]["households"])


async def on_map(client: httpx.AsyncClient, on: str, map_on: str) -> tuple[dict[str, int], int]:
    query = {"parent_code": "25", "standard": STANDARD, "on": on, "map_on": map_on}
    answer = await client.get("/indicators/v1/poverty/map", params=query)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    counted = {each["area"]["code"]: each["poor"]["households"] for each in shown["areas"]}
    assert sum(counted.values()) == shown["parent"]["poor"]["households"]
    return counted, shown["unplaced_households"]


async def test_a_household_counts_where_it_lives_and_no_more_where_it_ended(
    database: Database, client: httpx.AsyncClient
) -> None:
    story = [
        *units(),
        stated("a", 1, "00001", FIRST, "registration"),
        decision("a", "poor", date(2026, 2, 1), code="00001"),
        stated("a", 2, "00002", date(2026, 4, 1), "move"),
        stated("a", 3, "00002", date(2026, 5, 1), "merge", ended_on=date(2026, 5, 1)),
    ]
    await hear(database, messages(story))
    days = ("2026-03-31", "2026-04-01", "2026-04-30", "2026-05-01")
    assert [(await poor(client, "00001", day), await poor(client, "00002", day)) for day in days] == [
        (1, 0),
        (0, 1),
        (0, 1),
        (0, 0),
    ]
    undone = stated("a", 4, "00001", date(2026, 4, 1), "undo")
    await hear(database, messages([undone], start=datetime(2026, 11, 2, tzinfo=UTC)))
    assert [await poor(client, "00001", day) for day in days] == [1, 1, 1, 1]


async def test_who_splits_off_brings_the_class_along(database: Database, client: httpx.AsyncClient) -> None:
    standing = Standing(standard=STANDARD, household_class="poor", decided_on=date(2026, 2, 1))
    story = [
        *units(),
        decision("a", "poor", date(2026, 2, 1), code="00001"),
        stated("a", 2, "00001", date(2026, 4, 1), "split", standings=(standing,)),
        stated("heir", 1, "00002", date(2026, 4, 1), "split", standings=(standing,)),
    ]
    await hear(database, messages(story))
    assert [await poor(client, "00001", day) for day in ("2026-03-31", "2026-04-01")] == [1, 1]
    assert [await poor(client, "00002", day) for day in ("2026-03-31", "2026-04-01")] == [0, 1]


async def test_any_figure_is_shown_on_the_old_map_and_on_the_new(database: Database, client: httpx.AsyncClient) -> None:
    homes = {"a": "00001", "b": "00002", "c": "00003", "d": "00003", "e": "00003"}
    after = {"b": "00001", "c": "00003", "d": "00004", "e": "00003?"}
    story = [
        *units(),
        *(stated(each, 1, code, FIRST, "registration") for each, code in homes.items()),
        *(decision(each, "poor", date(2026, 2, 1), code=code) for each, code in homes.items()),
        *(stated(each, 2, code, DAY, "reorganisation") for each, code in after.items()),
    ]
    await hear(database, messages(story))
    old, new = {"00001": 1, "00002": 1, "00003": 3}, {"00001": 2, "00003": 1, "00004": 1}
    assert await on_map(client, "2026-03-01", "2026-03-01") == (old, 0)
    assert await on_map(client, "2026-03-01", "2026-07-01") == (new, 1)
    assert await on_map(client, "2026-08-01", "2026-08-01") == (new, 0 + 1)
    assert await on_map(client, "2026-08-01", "2026-06-30") == (old, 0)
