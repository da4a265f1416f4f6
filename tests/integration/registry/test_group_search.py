"""Searching by priority group finds whom the rules, asked for each household with its reasons, say hold it."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, get_args

import pytest
from sqlalchemy import select

from services.registry.domain.facts import Education, Merit, PersonFacts, Work
from services.registry.domain.households import Household, Person
from services.registry.domain.priority_groups import GroupRule, Who, group_rules, priority_groups
from services.registry.store.group_search import holding
from services.registry.store.households import write
from services.registry.tables import PEOPLE
from shared import clock
from shared.db import Database
from shared.ids import new_id
from tests.integration.registry.conftest import Registry, member
from tests.support.keys import KEYS
from tests.support.postgres import Databases

ON = date(2026, 8, 31)
_EDGES = (12 * 15, 12 * 16, 12 * 60, 18)  # months that rules ask about
_FACTS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("work", ((), ("none_but_seeking",))),
    ("able_to_work", ((), ("yes",), ("no",))),
    ("education", ((), ("attends_primary", "finished_primary"))),
    ("merit", ((), ("war_invalid",))),
    ("disabilities", ((), ("severe", "exceptionally_severe"))),
    ("pregnancy_due_on", ((), ("yes",), ("no",))),
)


def _facts(chance: Random) -> PersonFacts:
    drawn: dict[str, Any] = {
        "work": chance.choice(get_args(Work)),
        "able_to_work": chance.random() < 0.4,
        "education": chance.sample(get_args(Education), chance.randrange(3)),
        "merit": chance.sample(get_args(Merit), chance.randrange(3)),
        "disabilities": [
            {"kind": "vision", "degree": chance.choice(("mild", "severe"))} for _ in range(chance.randrange(2))
        ],
        "pregnancy_due_on": ON + timedelta(days=chance.randrange(-1, 2)),
    }
    return PersonFacts.model_validate({name: value for name, value in drawn.items() if chance.random() < 0.6})


def _born(chance: Random) -> date:
    """Return a day of birth, often one about an edge of age."""
    year, month = divmod(ON.year * 12 + ON.month - 1 - chance.choice(_EDGES), 12)
    near = date(year, month + 1, 28) + timedelta(days=chance.randrange(-2, 6))
    return near if chance.random() < 0.7 else date(1950, 1, 1) + timedelta(days=chance.randrange(27_000))


def _household(chance: Random) -> Household:
    household_id = new_id()
    members = tuple(
        Person(
            id=new_id(),
            household_id=household_id,
            full_name="Hà Thị Mận",
            sex=chance.choice(("male", "female", "unknown")),
            birth_date=_born(chance),
            ethnicity=chance.choice(("01", "06", "55", "56")),
            relationship="head" if index == 0 else chance.choice(("spouse", "child")),
            phone=None,
            personal_number=None,
            account=None,
            version=1,
            joined_on=date(2026, 1, 5),
            facts=_facts(chance),
        )
        for index in range(1 + chance.randrange(3))
    )
    return Household(household_id, "08566", date(2026, 1, 5), version=1, members=members)


def _rules() -> Iterator[GroupRule]:
    """Give the rules in force and others, of every criterion and of whomever they look at."""
    yield from (rule for rule in group_rules() if rule.in_force(ON))
    asked: list[dict[str, Any]] = [
        {"sex": "female"},
        {"ethnic_kinds": ("minority",)},
        {"sex": "male", "from_months": 18},
    ]
    asked += [{"from_months": each} for each in _EDGES] + [{"below_months": each} for each in _EDGES]
    asked += [{"fact": fact, "accepted": each} for fact, choices in _FACTS for each in choices]
    asked += [{"from_months": 180, "below_months": 720, "fact": "work", "accepted": ("none_but_seeking",)}]
    for who in asked:
        yield _rule("person", "any", who)
        for whom in ("any", "head", "head_or_spouse", "nobody"):
            yield _rule("household", whom, who)


def _rule(of: Any, whom: Any, who: dict[str, Any]) -> GroupRule:
    name: Any = {"vi": "nhóm", "en": "group"}
    return GroupRule(
        code="tried",
        name=name,
        of=of,
        whom=whom,
        who=Who(**who),
        valid_from=date(2020, 1, 1),
        legal_basis="—",
        confirmed=True,
    )


@pytest.fixture(scope="module")
async def known(databases: Databases) -> AsyncIterator[tuple[Database, list[Household]]]:
    """A registry of households of all sorts, and the households."""
    url = await databases.create("registry")
    database = Database(url, name="test", keys=KEYS)
    chance = Random(7)
    households = [_household(chance) for _ in range(300)]
    async with database.transaction() as session:
        await write(session, households, by="officer", now=clock.now())
    yield database, households
    await database.close()
    await databases.drop(url)


async def test_a_search_by_group_and_the_reasons_of_each_household_agree_for_every_rule(
    known: tuple[Database, list[Household]],
) -> None:
    database, households = known
    held_by_some = 0
    for rule in _rules():
        expected = set()
        for household in households:
            (group, *_) = [*priority_groups(household.members, ON, [rule]), None]
            if group is not None and group.held:
                everybody = tuple(each.id for each in household.members)
                expected |= set(group.persons if rule.of == "person" else everybody)
        async with database.transaction() as session:
            found = set((await session.execute(select(PEOPLE.c.id).where(holding(PEOPLE, rule, ON)))).scalars())
        assert found == expected, (rule.of, rule.whom, rule.who)
        held_by_some += bool(found)
    assert held_by_some > 80, "the households are of too few sorts to try the rules on"


async def test_people_are_found_by_priority_group_with_all_else_that_is_asked(registry: Registry) -> None:
    older = member(full_name="Hà Thị Ân", birth_date="1940-01-01", sex="male", ethnicity="01")
    invalid = member(full_name="Nguyễn Văn An", sex="male", ethnicity="01", facts={"merit": ["war_invalid"]})
    await registry.register(older)
    await registry.register(invalid, member(full_name="Nguyễn Thị Bích", relationship="spouse"), area_code="08593")

    async def found(**query: str) -> list[str]:
        return [each["full_name"] for each in (await registry.get("/people", **query))["items"]]

    assert await found(priority_group="merit") == ["Nguyễn Văn An"]
    assert await found(priority_group="older_person") == ["Hà Thị Ân"]
    assert await found(priority_group="ethnic_minority") == ["Nguyễn Thị Bích"]
    assert await found(priority_group="ethnic_minority_head_or_spouse") == ["Nguyễn Văn An", "Nguyễn Thị Bích"]
    assert await found(priority_group="merit", area_code="08566") == []
    assert await found(priority_group="ethnic_minority_head_or_spouse", name="bich") == ["Nguyễn Thị Bích"]
    refused = await registry.client.get(
        "/people", params={"priority_group": "older"}, headers={"Accept-Language": "en"}
    )
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"]) == (422, "/query/priority_group")
    assert "older_person" in str(error)
