"""Figures follow households: moved, split off, ended, reorganised; and any figure on the map of any day."""

from datetime import UTC, date, datetime
from typing import Any

import httpx

from shared.db import Database
from shared.events import Event
from shared.events.registry import AreaSuccessionStated, HouseholdStated, Standing
from tests.integration.indicators.given import (
    BEGIN,
    STANDARD,
    area,
    decision,
    hear,
    identity,
    messages,
    settled,
    totals,
)

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


V1 = "/indicators/v1"
# The day on which 00001 and 00002 become 00001, and 00003 is split; of the poor of 00003 one waits to be placed.
HOMES = {"a": "00001", "b": "00002", "c": "00003", "d": "00003", "e": "00003"}
AFTER = {"b": "00001", "c": "00003", "d": "00004", "e": "00003?"}


async def reorganised(database: Database, *more: Event) -> None:
    """Tell of a province with a poor household in each home, and of what became of them."""
    story = [
        *units(),
        *(stated(each, 1, code, FIRST, "registration") for each, code in HOMES.items()),
        *(decision(each, "poor", date(2026, 2, 1), code=code) for each, code in HOMES.items()),
        *(stated(each, 2, code, DAY, "reorganisation") for each, code in AFTER.items()),
        *more,
    ]
    await hear(database, messages(story))


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
    await reorganised(database)
    old, new = {"00001": 1, "00002": 1, "00003": 3}, {"00001": 2, "00003": 1, "00004": 1}
    assert await on_map(client, "2026-03-01", "2026-03-01") == (old, 0)
    assert await on_map(client, "2026-03-01", "2026-07-01") == (new, 1)
    assert await on_map(client, "2026-08-01", "2026-08-01") == (new, 0 + 1)
    assert await on_map(client, "2026-08-01", "2026-06-30") == (old, 0)


async def got(client: httpx.AsyncClient, path: str, **query: str) -> Any:
    answer = await client.get(V1 + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_in_its_year_of_change_a_reused_code_has_the_denominator_of_the_unit_on_the_map(
    database: Database, client: httpx.AsyncClient
) -> None:
    await reorganised(
        database,
        totals("00001", 100, year=2026, valid_from=BEGIN),
        totals("00002", 300, year=2026, valid_from=BEGIN),
        totals("00003", 200, year=2026, valid_from=BEGIN),
        totals("00003", 80, year=2026, valid_from=DAY),
    )

    async def rates(**query: str) -> dict[str, tuple[int, float | None]]:
        shown = await got(client, "/poverty/areas", parent_code="25", standard=STANDARD, **query)
        return {
            each["area"]["code"]: (each["poor"]["households"], each["poor"]["rate_percent"]) for each in shown["areas"]
        }

    old = {"00001": (1, 1.0), "00002": (1, 0.33), "00003": (3, 1.5)}
    # The new 00001 has no numbers of its own: it is both of those that became it. Of 00004, a part, nothing is known.
    new = {"00001": (2, 0.5), "00003": (1, 1.25), "00004": (1, None)}
    assert await rates(on="2026-06-30") == old
    assert await rates(on="2026-07-01") == new
    assert await rates(on="2026-07-01", map_on="2026-06-30") == old
    assert await rates(on="2026-06-30", map_on="2026-07-01") == new
    base = (await got(client, "/poverty", area_code="00001", standard=STANDARD, on="2026-07-01"))["figure"]["base"]
    assert (base["households"], base["merged"], base["communes"]) == (400, 2, None)


async def test_the_figure_of_a_unit_and_its_series_are_shown_on_the_old_map_and_on_the_new(
    database: Database, client: httpx.AsyncClient
) -> None:
    await reorganised(database)
    asked = {"area_code": "00001", "standard": STANDARD, "from": "2026-05-01", "to": "2026-08-15"}

    async def counts(**query: str) -> list[tuple[str, int]]:
        points = (await got(client, "/poverty/series", **asked, **query))["points"]
        return [(each["on"][5:], each["poor"]["households"]) for each in points]

    assert await counts() == [("05-31", 1), ("06-30", 1), ("07-31", 2), ("08-15", 2)]
    assert await counts(map_on="2026-07-01") == [("05-31", 2), ("06-30", 2), ("07-31", 2), ("08-15", 2)]
    assert await counts(map_on="2026-06-30") == [("05-31", 1), ("06-30", 1), ("07-31", 1), ("08-15", 1)]
    gone = {"area_code": "00002", "standard": STANDARD, "on": "2026-08-15"}
    assert (await client.get(f"{V1}/poverty", params=gone)).status_code == 404, "there is no such unit any more"
    shown = (await got(client, "/poverty", **gone, map_on="2026-06-30"))["figure"]
    assert (shown["poor"]["households"], shown["map_on"]) == (1, "2026-06-30")
    table = await client.get(f"{V1}/poverty/series.csv", params=asked | {"map_on": "2026-06-30"})
    assert table.content.decode("utf-8-sig").splitlines()[1].split(",")[3] == "2026-06-30"


async def test_money_is_shown_on_the_old_map_and_on_the_new(database: Database, client: httpx.AsyncClient) -> None:
    await reorganised(
        database,
        settled("a", 1, "2026-05", code="00001"),
        settled("b", 20, "2026-05", code="00002"),
        settled("d", 300, "2026-05", code="00003"),
        settled("e", 4000, "2026-05", code="00003"),
        settled("b", 50_000, "2026-08", code="00001"),
        settled("d", 600_000, "2026-08", code="00004"),
        settled("e", 7_000_000, "2026-08", code="00003?"),
    )

    async def paid(code: str, **query: str) -> tuple[int, int]:
        asked = {"area_code": code, "from": "2026-01", "to": "2026-10"}
        shown = await got(client, "/payments", **asked, **query)
        return shown["total"]["paid"], shown["unplaced"]["paid"]

    assert await paid("00001") == (50_001, 0), "where it was booked"
    new = {"00001": 50_021, "00003": 0, "00004": 600_300}
    old = {"00001": 1, "00002": 50_020, "00003": 7_604_300}
    assert {code: await paid(code, map_on="2026-08-01") for code in new} == {
        code: (amount, 7_004_000) for code, amount in new.items()
    }, "of who waits to be placed nobody knows where it goes"
    assert {code: await paid(code, map_on="2026-06-30") for code in old} == {
        code: (amount, 0) for code, amount in old.items()
    }


async def test_the_page_shows_all_figures_on_the_map_that_is_chosen(
    database: Database, client: httpx.AsyncClient
) -> None:
    await reorganised(database)
    asked = {"area": "00002", "standard": STANDARD, "on": "2026-08-15"}
    assert (await client.get("/", params=asked)).status_code == 404
    shown = await client.get("/", params=asked | {"map_on": "2026-06-30"})
    assert shown.status_code == 200, shown.text
    assert "địa giới hành chính ngày 30/06/2026" in shown.text
    assert shown.text.count("map_on=2026-06-30") > 5, "links and files stay on that map"
    assert "00003" in shown.text
