"""What a program reads: figures with their day, base and reach; the same numbers as CSV."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.indicators.domain.poverty import Tallies, Tally
from services.indicators.store.decisions import tallies
from shared import clock
from shared.db import Database
from shared.events import Event
from shared.events.registry import HouseholdClass
from tests.integration.indicators.given import (
    STANDARD,
    area,
    award,
    decision,
    hear,
    messages,
    province,
    returned,
    settled,
)

V1 = "/indicators/v1"
PAST = date(2026, 9, 30)


@pytest.fixture
async def told(database: Database) -> Database:
    """A province in which 30 households are poor, 10 near-poor, and 10 of the poor rose in August 2026."""
    events: list[Event] = [
        *province(),
        *(decision(n, "poor", date(2025, 9, 1)) for n in range(30)),
        *(decision(n, "near_poor", date(2025, 9, 1), people=3) for n in range(30, 40)),
        *(decision(n, "not_poor", date(2026, 8, 15)) for n in range(10)),
        decision("m", "poor", date(2026, 1, 1), code="08338"),
        decision("v", "poor", date(2026, 1, 1), code="07900"),
        award("a", 500_000),
        settled("a", 500_000, "2026-01"),
        settled("a", 500_000, "2026-02"),
        settled("b", 300_000, "2026-02", code="08338"),
        returned("a", 500_000, "2026-02"),
    ]
    await hear(database, messages(events))
    return database


async def _get(client: httpx.AsyncClient, path: str, **query: str) -> Any:
    answer = await client.get(V1 + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_figure_names_its_day_base_source_and_reach(told: Database, client: httpx.AsyncClient) -> None:
    found = await _get(client, "/poverty", area_code="08566", standard=STANDARD, on="2026-09-30")
    figure = found["figure"]
    assert figure["area"] == {"code": "08566", "name": "Xã Tân Sơn", "level": "commune", "valid_from": "2025-07-01"}
    assert figure["on"] == "2026-09-30"
    assert figure["poor"] == {
        "households": 20,
        "people": 80,
        "rate_percent": 2.0,
        "rate_missing": None,
        "people_rate_percent": 2.0,
        "people_rate_missing": None,
    }
    assert (figure["together"]["households"], figure["together"]["rate_percent"]) == (30, 3.0)
    base = {
        "households": 1000,
        "people": 4000,
        "year": 2025,
        "source": "Niên giám 2025",
        "communes": None,
        "merged": None,
    }
    assert figure["base"] == base
    assert found["change"] == {"since": "2025-09-30", "poor": -1.0, "near_poor": 0.0, "together": -1.0}
    assert found["data"]["last_event_at"].startswith("2026-01-01T00:0")


async def test_the_day_decides_which_decision_holds(told: Database, client: httpx.AsyncClient) -> None:
    counts = [
        (await _get(client, "/poverty", area_code="08566", standard=STANDARD, on=day))["figure"]["poor"]["households"]
        for day in ("2025-08-31", "2025-09-01", "2026-08-14", "2026-08-15")
    ]
    assert counts == [0, 30, 30, 20]


async def test_before_the_first_decision_there_is_no_rate_of_0(told: Database, client: httpx.AsyncClient) -> None:
    found = await _get(client, "/poverty", area_code="08566", standard=STANDARD, on="2025-08-31")
    assert found["figure"]["poor"]["rate_percent"] is None
    assert found["figure"]["poor"]["rate_missing"] == "no_decisions"


async def test_rates_of_under_twenty_households_are_withheld(told: Database, client: httpx.AsyncClient) -> None:
    found = await _get(client, "/poverty", area_code="07900", standard=STANDARD, on="2026-09-30")
    assert found["figure"]["poor"]["households"] == 1
    assert found["figure"]["poor"]["rate_percent"] is None
    assert found["figure"]["poor"]["rate_missing"] == "base_under_20"


async def test_communes_add_up_to_the_province(told: Database, client: httpx.AsyncClient) -> None:
    whole = (await _get(client, "/poverty", area_code="25", standard=STANDARD, on="2026-09-30"))["figure"]
    parts = await _get(client, "/poverty/areas", parent_code="25", standard=STANDARD, on="2026-09-30")
    for kind in ("poor", "near_poor", "together"):
        for unit in ("households", "people"):
            assert sum(part[kind][unit] for part in parts["areas"]) == whole[kind][unit]
    assert whole["base"]["households"] == 1419
    assert whole["base"]["communes"] == 3
    assert parts["unplaced_households"] == 0


async def test_the_last_point_of_a_series_is_the_figure(told: Database, client: httpx.AsyncClient) -> None:
    one = await _get(client, "/poverty", area_code="25", standard=STANDARD, on="2026-09-15")
    query = {"area_code": "25", "standard": STANDARD, "from": "2026-06-01", "to": "2026-09-15"}
    series = await _get(client, "/poverty/series", **query)
    assert [point["on"] for point in series["points"]] == ["2026-06-30", "2026-07-31", "2026-08-31", "2026-09-15"]
    assert [point["poor"]["households"] for point in series["points"]] == [32, 32, 22, 22]
    assert series["points"][-1] == one["figure"]
    yearly = await _get(client, "/poverty/series", **(query | {"from": "2025-01-01", "by": "year"}))
    assert [point["on"] for point in yearly["points"]] == ["2025-12-31", "2026-09-15"]


async def test_a_late_decision_restates_the_series(told: Database, client: httpx.AsyncClient) -> None:
    later = messages([decision(35, "poor", date(2026, 3, 1), people=3)], start=clock.now())
    await hear(told, later)
    found = await _get(client, "/poverty", area_code="08566", standard=STANDARD, on="2026-03-31")
    assert (found["figure"]["poor"]["households"], found["figure"]["near_poor"]["households"]) == (31, 9)


async def test_households_of_a_unit_that_ended_are_counted_as_unplaced(
    told: Database, client: httpx.AsyncClient
) -> None:
    ended = area("08338", "Xã Minh Hoà", valid_to=date(2026, 6, 30), version=2)
    await hear(told, messages([ended], start=clock.now()))
    found = await _get(client, "/poverty/areas", parent_code="25", standard=STANDARD, on="2026-09-30")
    assert [unit["area"]["code"] for unit in found["areas"]] == ["07900", "08566"]
    assert found["unplaced_households"] == 1


async def test_money_paid_is_settled_less_returned(told: Database, client: httpx.AsyncClient) -> None:
    query = {"area_code": "25", "from": "2026-01", "to": "2026-02"}
    found = await _get(client, "/payments", **query)
    total = {"awarded": 1_000_000, "settled": 1_300_000, "returned": 500_000, "paid": 800_000, "payments": 2}
    assert found["total"] == total
    assert [(line["period"], line["money"]["paid"]) for line in found["lines"]] == [
        ("2026-01", 500_000),
        ("2026-02", 300_000),
    ]
    assert (await _get(client, "/payments", **query, programme="other"))["lines"] == []
    commune = await _get(client, "/payments", **(query | {"area_code": "08338"}))
    assert commune["total"]["paid"] == 300_000


async def test_csv_holds_the_same_numbers_and_opens_in_spreadsheets(told: Database, client: httpx.AsyncClient) -> None:
    query = {"parent_code": "25", "standard": STANDARD, "on": "2026-09-30"}
    answer = await client.get(f"{V1}/poverty/areas.csv", params=query)
    assert answer.content.startswith("\ufeff".encode())
    assert answer.headers["content-disposition"] == 'attachment; filename="poverty-areas-25-2026-09-30.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    figures = (await _get(client, "/poverty/areas", **query))["areas"]
    shown = [(row["Mã"], int(row["Số hộ"]), float(row["Tỷ lệ hộ (%)"] or -1)) for row in rows]
    assert shown == [
        (
            each["area"]["code"],
            each[kind]["households"],
            -1 if each[kind]["rate_percent"] is None else each[kind]["rate_percent"],
        )
        for each in figures
        for kind in ("poor", "near_poor", "together")
    ]
    english = await client.get(f"{V1}/payments.csv", params={"area_code": "25"}, headers={"Accept-Language": "en"})
    assert english.text.startswith("\ufeffCode,Unit,Programme")


async def test_a_name_that_looks_like_a_formula_stays_text(database: Database, client: httpx.AsyncClient) -> None:
    events: list[Event] = [area("99", "=cmd()", level="commune", parent=None), decision("a", "poor", PAST, code="99")]
    await hear(database, messages(events))
    answer = await client.get(f"{V1}/poverty.csv", params={"area_code": "99", "standard": STANDARD})
    assert ",'=cmd()," in answer.text


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        pytest.param("/poverty", {"area_code": "99999", "standard": "s"}, 404, "area_unknown", id="no such unit"),
        pytest.param(
            "/poverty",
            {"area_code": "08566", "standard": "s", "on": "2025-06-30"},
            404,
            "area_unknown",
            id="a unit before its time",
        ),
        pytest.param(
            "/poverty",
            {"area_code": "08566", "standard": "s", "on": (clock.today() + timedelta(days=2)).isoformat()},
            400,
            "day_in_future",
            id="a day to come",
        ),
        pytest.param(
            "/poverty/series",
            {"area_code": "08566", "standard": "s", "from": "2026-02-01", "to": "2026-01-01"},
            400,
            "period_reversed",
            id="backwards",
        ),
        pytest.param(
            "/poverty/series",
            {"area_code": "08566", "standard": "s", "from": "1926-02-01", "to": "2026-01-01"},
            400,
            "period_too_long",
            id="a century of months",
        ),
        pytest.param(
            "/payments", {"area_code": "25", "from": "2026-02", "to": "2026-01"}, 400, "period_reversed", id="months"
        ),
        pytest.param("/payments", {"area_code": "25", "year": "2026"}, 400, "unknown_parameter", id="unknown"),
    ],
)
async def test_what_cannot_be_told_is_refused_with_a_reason(
    told: Database, client: httpx.AsyncClient, path: str, query: dict[str, str], status: int, code: str
) -> None:
    answer = await client.get(V1 + path, params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_standards_in_use_are_listed(told: Database, client: httpx.AsyncClient) -> None:
    await hear(told, messages([decision(1, "poor", PAST, standard="vn-2026-2030")], start=clock.now()))
    assert await _get(client, "/standards") == {"standards": ["vn-2022-2025", "vn-2026-2030"]}


_DAY = st.integers(0, 20).map(lambda days: date(2026, 1, 1) + timedelta(days=days))
_CLASS = st.sampled_from(["poor", "near_poor", "not_poor"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    decisions=st.lists(st.tuples(st.integers(0, 4), _CLASS, _DAY, st.sampled_from(["08566", "08338"])), max_size=25),
    days=st.sets(_DAY, min_size=1, max_size=6).map(sorted),
)
async def test_every_day_counts_each_household_once_by_its_latest_decision(
    database: Database, decisions: list[tuple[int, HouseholdClass, date, str]], days: list[date]
) -> None:
    async with database.transaction() as session:
        for consumer_table in ("decisions", "spans", "inbox"):
            await (await session.connection()).exec_driver_sql(f"TRUNCATE {consumer_table}")
    await hear(database, messages(decision(n, kind, day, code=code) for n, kind, day, code in decisions))
    async with database.transaction() as session:
        found = await tallies(session, STANDARD, days, ["08566", "08338"])
    for day in days:
        assert found[day] == _counted_by_hand(decisions, day)


def _counted_by_hand(decisions: list[tuple[int, HouseholdClass, date, str]], day: date) -> dict[str, Tallies]:
    latest: dict[int, tuple[date, int]] = {}
    for place, (household, _, decided_on, _) in enumerate(decisions):
        if decided_on <= day:
            latest[household] = max(latest.get(household, (date.min, -1)), (decided_on, place))
    counted: dict[str, Tallies] = {}
    for _, place in latest.values():
        _, kind, _, code = decisions[place]
        counted[code] = counted.get(code, Tallies()) + Tallies(**{kind: Tally(1, 4)})
    return counted
