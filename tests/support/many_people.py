"""A registry full of people: names as they are borne, households over communes, without a request for each."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text

from deploy.demo.names import family_name, full_name
from services.registry.domain.facts import Disability, PersonFacts
from services.registry.domain.households import Household, HouseholdRegistration, Person
from services.registry.store.households import with_ids, write
from services.registry.tables import PEOPLE, STANDINGS
from shared.db import Database, copy_rows
from shared.events.registry import Sex
from shared.ids import new_id

STANDARD = "vn-2022-2025"
_GROUPS = ("01",) * 7 + ("06", "06", "09")
_MEMBERS = 4
# What is established of a few in a hundred.
_FACTS = {
    3: PersonFacts(merit=("war_invalid",)),
    14: PersonFacts(disabilities=(Disability(kind="movement", degree="severe"),)),
    25: PersonFacts(disabilities=(Disability(kind="vision", degree="mild"),), able_to_work=False),
    36: PersonFacts(pregnancy_due_on=date(2099, 1, 1)),
    48: PersonFacts(able_to_work=False),
}
_AT_ONCE = 2_000  # households


async def fill(database: Database, people: int, communes: Sequence[str], *, seed: int = 1) -> None:
    """Register that many people, 4 a household, every tenth household poor; gather the planner's statistics."""
    chance = random.Random(seed)
    for made in _batched(_households(chance, people // _MEMBERS, communes), _AT_ONCE):
        async with database.transaction() as session:
            await write(session, made, by="officer", now=datetime(2026, 1, 5, tzinfo=UTC))
            await copy_rows(session, STANDINGS, [_standing(each, chance) for each in made])
            await session.execute(text("TRUNCATE outbox"))
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))


async def register_again(database: Database, number: int, communes: Sequence[str]) -> None:
    """Register people a second time, in some commune, with a name and a day of birth that somebody has."""
    c = PEOPLE.c
    async with database.transaction() as session:
        query = select(c.full_name, c.sex, c.birth_date, c.ethnicity).order_by(c.id).limit(number)
        again = [
            with_ids(
                HouseholdRegistration.model_validate(
                    {
                        "area_code": communes[index % len(communes)],
                        "members": [{**row._mapping, "relationship": "head"}],
                    }
                ),
                date(2026, 1, 6),
            )
            for index, row in enumerate(await session.execute(query))
        ]
        await write(session, again, by="officer", now=datetime(2026, 1, 6, tzinfo=UTC))


def _batched(made: Iterator[Household], size: int) -> Iterator[Sequence[Household]]:
    batch: list[Household] = []
    for each in made:
        batch.append(each)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _households(chance: random.Random, count: int, communes: Sequence[str]) -> Iterator[Household]:
    for number in range(count):
        household_id, group = new_id(), chance.choice(_GROUPS)
        family = family_name(chance, group)
        members = tuple(
            _person(chance, household_id, group, family, number * _MEMBERS + index, head=index == 0)
            for index in range(_MEMBERS)
        )
        yield Household(household_id, chance.choice(communes), date(2026, 1, 5), version=1, members=members)


def _person(chance: random.Random, household_id: UUID, group: str, family: str, number: int, *, head: bool) -> Person:
    sex: Sex = "male" if chance.random() < 0.5 else "female"
    born = date(1940, 1, 1) + timedelta(days=chance.randrange(24_000 if head else 31_000))
    return Person(
        id=new_id(),
        household_id=household_id,
        full_name=full_name(chance, group, family, sex, born.year),
        sex=sex,
        birth_date=born,
        ethnicity=group,
        relationship="head" if head else "other",
        phone=f"+849{number:08}" if head else None,
        personal_number=f"999{number:09}",
        account=None,
        version=1,
        joined_on=date(2026, 1, 5),
        facts=_FACTS.get(number % 100, PersonFacts()),
    )


def _standing(household: Household, chance: random.Random) -> dict[str, object]:
    return {
        "household_id": household.id,
        "standard": STANDARD,
        "household_class": chance.choices(("poor", "near_poor", "not_poor"), (10, 8, 82))[0],
        "decided_on": date(2026, 1, 10),
    }
