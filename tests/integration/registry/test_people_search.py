"""Finding people by what is known of them, in the order of Vietnamese lists."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, get_args
from uuid import UUID

import pytest
from sqlalchemy import event, select, text

from services.registry.domain.facts import DisabilityKind, Education, Merit, PersonFacts
from services.registry.domain.priority_groups import GroupRule, group_rules
from services.registry.store.people_search import Wanted, find_people, gathering, walking
from services.registry.tables import PEOPLE as TABLE
from shared.access import Access
from shared.db import Database
from tests.integration.registry.conftest import Registry, member
from tests.integration.registry.test_households import ACCOUNT
from tests.support.access import grant
from tests.support.keys import KEYS
from tests.support.many_people import STANDARD, fill
from tests.support.postgres import Databases
from tests.support.tokens import bearer

NAMES = ("Đặng Văn Đức", "Hà Thị Hoà", "Hà Thị Hòa", "Lý Thị Ân", "Nguyễn Văn An", "Nguyễn Thị Ánh", "H'Mông Y Chư")
COMMUNES = ("08566", "08593", "08560", "08545")


async def _names(registry: Registry, **query: str) -> list[str]:
    return [each["full_name"] for each in (await registry.get("/people", **query))["items"]]


async def _registered(registry: Registry) -> None:
    for name in NAMES:
        await registry.register(member(full_name=name))


async def test_a_name_is_found_without_marks_by_any_word_or_its_beginning(registry: Registry) -> None:
    await _registered(registry)
    for typed, expected in {
        "duc": ["Đặng Văn Đức"],
        "dang v": ["Đặng Văn Đức"],
        "ĐẶNG": ["Đặng Văn Đức"],
        "hoa": ["Hà Thị Hoà", "Hà Thị Hòa"],
        "Hòa thị": ["Hà Thị Hoà", "Hà Thị Hòa"],
        "lí": ["Lý Thị Ân"],
        "hmong": ["H'Mông Y Chư"],
        "an nguyen": ["Nguyễn Văn An", "Nguyễn Thị Ánh"],
        "duc hoa": [],
    }.items():
        assert await _names(registry, name=typed) == expected, typed


async def test_lists_stand_in_the_order_of_given_names_and_pages_hang_together(registry: Registry) -> None:
    await _registered(registry)
    in_order = await _names(registry)
    assert [each.split(" ")[-1] for each in in_order] == ["An", "Ánh", "Ân", "Chư", "Đức", "Hoà", "Hòa"]
    walked: list[str] = []
    query: dict[str, str] = {"limit": "2", "name": "a"}
    while True:
        page = await registry.get("/people", **query)
        walked += [each["full_name"] for each in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert walked == [each for each in in_order if any(w[0] in "AÁÂa" for w in each.split(" "))]


async def test_the_longest_name_goes_into_the_indexes_with_all_that_can_be_known(
    registry: Registry,
) -> None:
    every: dict[str, Any] = {
        "education": get_args(Education),
        "merit": get_args(Merit),
        "disabilities": [{"kind": kind, "degree": "exceptionally_severe"} for kind in get_args(DisabilityKind)],
        "work": "wage_without_contract",
        "able_to_work": False,
        "monthly_allowance": False,
        "nutrition": "underweight",
        "health_insurance": False,
        "pregnancy_due_on": "2027-01-01",
    }
    assert every.keys() == PersonFacts.model_fields.keys()
    name = " ".join(["Nguyễn", *["Ưởng"] * 18])
    await registry.register(member(full_name=name, facts=every))
    assert await _names(registry, priority_group="merit", name="uong") == [name]


async def test_a_changed_name_is_found_by_the_new_one_alone(registry: Registry) -> None:
    household = await registry.register(member(full_name="Hà Thị Mận"))
    person = household["members"][0]["id"]
    changed = await registry.client.patch(
        f"/people/{person}", json={"full_name": "Hà Thị Mến"}, headers={"If-Match": "*"}
    )
    assert changed.status_code == 200
    assert await _names(registry, name="men") == ["Hà Thị Mến"]
    assert await _names(registry, name="man") == []


async def test_people_are_found_by_area_class_and_place_in_the_household(registry: Registry) -> None:
    poor = await registry.register(
        member(full_name="Hà Văn An"), member(full_name="Hà Văn Bé", relationship="child", birth_date="2015-01-01")
    )
    await registry.register(member(full_name="Hà Văn Cao"), area_code="08593")
    await registry.decide([(await registry.assess(poor["id"]))["id"]])
    assert await _names(registry, area_code="08593") == ["Hà Văn Cao"]
    assert await _names(registry, standard="vn-2022-2025", household_class="poor") == ["Hà Văn An", "Hà Văn Bé"]
    assert await _names(registry, standard="vn-2022-2025", household_class="near_poor") == []
    assert await _names(registry, heads="true", name="ha") == ["Hà Văn An", "Hà Văn Cao"]
    (found,) = (await registry.get("/people", name="be"))["items"]
    assert [each["household_class"] for each in found["standings"]] == ["poor"]


async def test_people_are_found_by_their_numbers_however_they_are_written(registry: Registry) -> None:
    await registry.register(member(full_name="Hà Văn An", phone="0912345678", personal_number="025185000123"))
    await registry.register(
        member(full_name="Hà Văn Bé", account=ACCOUNT | {"holder_name": "HA VAN BE"}), area_code="08593"
    )
    assert await _names(registry, phone="+84 912 345 678") == ["Hà Văn An"]
    assert await _names(registry, phone="0912.345.678", name="an") == ["Hà Văn An"]
    assert await _names(registry, phone="0912345678", name="be") == []
    assert await _names(registry, personal_number="025185000123") == ["Hà Văn An"]
    assert await _names(registry, account_number=ACCOUNT["number"]) == ["Hà Văn Bé"]
    assert await _names(registry, account_number=ACCOUNT["number"], area_code="08566") == []
    refused = await registry.client.get("/people", params={"phone": "113"})
    assert [(each["pointer"], each["code"]) for each in refused.json()["errors"]] == [("/query/phone", "mobile_number")]


async def test_who_serves_a_commune_finds_its_people_alone(registry: Registry) -> None:
    await registry.register(member(full_name="Hà Văn An"))
    await registry.register(member(full_name="Hà Văn Cao"), area_code="08593")
    await grant(registry.database, "one", area="08593", communes=["08593"])
    await grant(registry.database, "two", area="25", communes=["08593", "08560"])
    for who in ("one", "two"):
        registry.client.headers.update(bearer(who))
        assert await _names(registry) == ["Hà Văn Cao"]
        assert await _names(registry, name="an") == []
        assert await _names(registry, area_code="08566") == []


async def test_people_go_with_their_household_to_another_commune(registry: Registry) -> None:
    household = await registry.register(member(full_name="Hà Văn An"))
    connection = await registry.database.connect()
    await connection.execute("UPDATE households SET area_code = '08593' WHERE id = $1", household["id"])
    await connection.close()
    assert await _names(registry, area_code="08593") == ["Hà Văn An"]
    assert await _names(registry, area_code="08566") == []


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"name": "…'"}, "/query/name", "no_letters"),
        ({"household_class": "poor"}, "/query/standard", "missing"),
    ],
)
async def test_a_search_that_means_nothing_is_refused(
    used_registry: Registry, query: dict[str, str], pointer: str, code: str
) -> None:
    answer = await used_registry.client.get("/people", params=query)
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [(pointer, code)]


PEOPLE = 1_000_000 if os.environ.get("ANSINH_SOAK") else 24_000
# Rows of the table itself that a search may read: of people who match, and of those who live with people walked past.
MOST_READ = max(12_000, PEOPLE // 25)
_ABLE_TO_NOTHING = """UPDATE people SET facts = '{"able_to_work": false}' WHERE household_id IN (
    SELECT id FROM households WHERE area_code = '08566' ORDER BY id LIMIT 8)"""


@pytest.fixture(scope="module")
async def many(databases: Databases) -> AsyncIterator[Database]:
    """A registry of very many people, with a group that eight households of a commune hold."""
    url = await databases.create("registry")
    database = Database(url, name="test", keys=KEYS)
    await fill(database, PEOPLE, COMMUNES)
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(_ABLE_TO_NOTHING))
        await connection.execute(text("VACUUM ANALYZE people"))
    yield database
    await database.close()
    await databases.drop(url)


def _of(code: str) -> tuple[GroupRule, date]:
    return next(each for each in group_rules() if each.code == code), date(2026, 11, 20)


EVERYWHERE = Access("province", "people.read", None)
SOME = Access("region", "people.read", frozenset(COMMUNES[:2]))
ONE = Access("commune", "people.read", frozenset(COMMUNES[:1]))
SEARCHES = [
    Wanted(),
    Wanted(name="nguyen"),
    Wanted(name="yen"),
    Wanted(name="thi van"),
    Wanted(name="hoa", area_code="08566"),
    Wanted(name="xuan", standing=(STANDARD, "poor")),
    Wanted(standing=(STANDARD, "near_poor"), heads=True),
    Wanted(group=_of("merit")),
    Wanted(group=_of("older_person")),
    Wanted(group=_of("no_labour")),
    Wanted(group=_of("woman_head"), name="yen"),
    Wanted(group=_of("severe_disability"), standing=(STANDARD, "poor")),
]
ALL_SEARCHES = [
    *SEARCHES,
    Wanted(name="zzz"),
    Wanted(area_code="08566"),
    Wanted(numbers={"phone": "of nobody"}),
    Wanted(numbers={"personal_number": "of nobody"}, name="yen"),
    Wanted(numbers={"account_number": "of nobody"}, area_code="08566"),
    *(Wanted(group=_of(rule.code)) for rule in group_rules()),
    *(Wanted(group=_of(rule.code), standing=(STANDARD, "poor"), name="thi") for rule in group_rules()),
    *(Wanted(group=_of(rule.code), area_code="08566") for rule in group_rules()),
]
_OF_THE_TABLE = ("Seq Scan", "Index Scan", "Bitmap Heap Scan")


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for each in plan.get("Plans", ()) for node in _nodes(each))]


def _read(node: dict[str, Any]) -> float:
    """Return how many rows of a table a node of a plan read."""
    if node["Node Type"] == "Index Only Scan":
        return float(node["Heap Fetches"])
    if node["Node Type"] not in _OF_THE_TABLE:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])


@contextmanager
def _queries(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Collect what is asked of the database in the block, with its parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def _rows_read(database: Database, access: Access, wanted: Wanted, after: UUID | None) -> float:
    """Return how many rows the queries of a search read, as the server counts them."""
    async with database.transaction() as session:
        with _queries(database) as asked:
            await find_people(session, access, wanted, after=after, limit=21)
        read = 0.0
        for statement, parameters in asked:
            explained = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
            (plan,) = (await (await session.connection()).exec_driver_sql(explained, parameters)).scalar_one()
            read += sum(map(_read, _nodes(plan["Plan"])))
    assert asked
    return read


@pytest.mark.parametrize("access", [EVERYWHERE, SOME, ONE], ids=["everywhere", "some", "one"])
@pytest.mark.parametrize("wanted", ALL_SEARCHES, ids=str)
async def test_no_search_reads_the_whole_registry(many: Database, wanted: Wanted, access: Access) -> None:
    for after in (None, await _somebody(many)):
        assert await _rows_read(many, access, wanted, after) < MOST_READ


async def _somebody(database: Database) -> UUID:
    """Return somebody in the midst of the order."""
    in_order = select(TABLE.c.id).order_by(TABLE.c.name_key, TABLE.c.id).offset(PEOPLE // 2).limit(1)
    async with database.transaction() as session:
        found: UUID = (await session.execute(in_order)).scalar_one()
        return found


@pytest.mark.parametrize("wanted", SEARCHES, ids=str)
async def test_walking_and_gathering_find_the_same(many: Database, wanted: Wanted) -> None:
    async with many.transaction() as session:
        gathered = list((await session.execute(gathering(SOME, wanted, after=None, limit=30))).scalars())
        walked = list((await session.execute(walking(SOME, wanted, after=None, limit=30))).scalars())
        assert len(gathered) > 10
        assert walked == gathered[: len(walked)]
        rest = list((await session.execute(gathering(SOME, wanted, after=gathered[9], limit=20))).scalars())
        assert rest == gathered[10:]
