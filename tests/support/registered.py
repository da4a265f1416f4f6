"""The people in a registry's database, with the numbers that no answer shows in full."""

import json
from pathlib import Path

import asyncpg

from services.registry.domain.households import Person
from services.registry.store.people import people_in
from shared.keys import load_keys


async def registered_people(connection: "asyncpg.Connection[asyncpg.Record]", keys: Path) -> list[Person]:
    """Return everybody in the database; `keys` is the folder of the registry's keys."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    rows = await connection.fetch("SELECT * FROM people ORDER BY id")
    return people_in([dict(row) for row in rows], load_keys(keys, "registry"))


def numbers_of(person: Person) -> tuple[str, ...]:
    """Return a person's identity number, account and telephone, this one as it also stands inside +84…."""
    account = person.account.number if person.account else None
    phone = person.phone.removeprefix("+84").removeprefix("0") if person.phone else None
    return tuple(number for number in (person.personal_number, account, phone) if number)
