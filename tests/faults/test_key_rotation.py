"""A change of keys is killed again and again: it goes on where it was, and no value is lost."""

import asyncio
import os
import random
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from deploy.keys import SEALED
from services.registry.domain.accounts import Account
from services.registry.domain.households import Household, HouseholdRegistration, MemberRegistration, Person
from services.registry.store.households import households_of, with_ids, write
from shared.db import Database
from shared.encryption import Keyring
from shared.keys import Keys, add_generation, data_ring, load_keys, make_keys
from shared.rotation import StillUsed, reencrypt, retire, usage
from tests.support.postgres import CreateDatabase

HOUSEHOLDS, KILLS = (20_000, 10) if os.environ.get("ANSINH_SOAK") else (1_000, 2)
SEALED_OF_PERSON, SEALED_OF_ACCOUNT = 4, 2  # an account stands with its person and in the history of accounts
SEALED_OF_ONE = SEALED_OF_PERSON + SEALED_OF_ACCOUNT
ROWS = 2  # the person and the account


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys of the test's own."""
    make_keys(tmp_path)
    return tmp_path


def _household(number: int) -> Household:
    account = Account(bank_bin="970405", number=f"27002{number:08}", holder_name="HA THI MAN")
    head = MemberRegistration(
        full_name="Hà Thị Mận",
        sex="female",
        birth_date=date(1985, 3, 12),
        ethnicity="06",
        relationship="head",
        phone=f"09{number:08}",
        personal_number=f"999185{number:06}",
        account=account,
    )
    return with_ids(HouseholdRegistration(area_code="08566", members=[head]), date(2026, 1, 1))


async def _filled(url: str, keys: Keys, households: list[Household]) -> Database:
    database = Database(url, name="test", keys=keys)
    async with database.transaction() as session:
        await write(session, households, by="test", now=datetime.now(UTC))
    return database


async def _members(database: Database, ids: list[UUID]) -> list[tuple[Person, ...]]:
    async with database.transaction() as session:
        found = await households_of(session, ids)
    return [found[each].members for each in ids]


async def _rotate(url: str, folder: Path, *, kill_after: int | None = None) -> int | None:
    """Run the command; kill it after some lines of progress. Return how it ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli", "keys", "rotate", "registry", "--at-once", "20"),
        env={**os.environ, "ANSINH_DATABASE_URL": url, "ANSINH_KEYS": str(folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = 0
    async for _ in process.stdout:
        lines += 1
        if lines == kill_after:
            process.kill()
    return await process.wait()


async def test_a_rotation_that_is_killed_goes_on_where_it_was(create_database: CreateDatabase, folder: Path) -> None:
    url, keys = await create_database("registry"), load_keys(folder, "registry")
    households = [_household(number) for number in range(HOUSEHOLDS)]
    database = await _filled(url, keys, households)
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    try:
        add_generation(folder, data_ring("registry"))
        left = HOUSEHOLDS * SEALED_OF_ONE
        for _ in range(KILLS):
            assert await _rotate(url, folder, kill_after=chance.randrange(2, 10)) != 0
            now = (await usage(database, SEALED["registry"]))[1]
            assert 0 < now < left, f"seed {seed}"
            left = now
        assert await _rotate(url, folder) == 0
        assert await usage(database, SEALED["registry"]) == {2: HOUSEHOLDS * SEALED_OF_ONE}, f"seed {seed}"
        ids = [each.id for each in households]
        expected = [each.members for each in households]
        assert await _members(database, ids) == expected
        _long_ago(folder / "data_registry.2")
        kept = await retire(database, SEALED["registry"], folder, Keyring(folder, data_ring("registry")), 1)
        assert kept.name == "data_registry.1.retired"
        fresh = Database(url, name="test", keys=load_keys(folder, "registry"))
        assert await _members(fresh, ids) == expected
        await fresh.close()
    finally:
        await database.close()


async def test_a_rotation_waits_for_no_row_and_comes_back_for_it(create_database: CreateDatabase, folder: Path) -> None:
    keys, households = load_keys(folder, "registry"), [_household(number) for number in range(30)]
    database = await _filled(await create_database("registry"), keys, households)
    held = households[7].members[0].id
    try:
        add_generation(folder, data_ring("registry"))
        rotation = reencrypt(database, SEALED["registry"], keys.data, at_once=10)
        async with database.transaction() as session:
            await session.execute(text("SELECT 1 FROM people WHERE id = :id FOR UPDATE"), {"id": held})
            while (progress := await anext(rotation)).done < 30 * ROWS - 1:
                assert progress.total == 30 * ROWS
            assert await usage(database, SEALED["registry"]) == {
                1: SEALED_OF_PERSON,
                2: 30 * SEALED_OF_ONE - SEALED_OF_PERSON,
            }
        done = [progress.done async for progress in rotation]
        assert done[-1] == 30 * ROWS
        assert await usage(database, SEALED["registry"]) == {2: 30 * SEALED_OF_ONE}
    finally:
        await database.close()


async def test_a_generation_that_is_used_or_may_be_is_not_retired(
    create_database: CreateDatabase, folder: Path
) -> None:
    keys = load_keys(folder, "registry")
    database = await _filled(await create_database("registry"), keys, [_household(1)])
    tables = SEALED["registry"]
    try:
        with pytest.raises(StillUsed, match="the one that seals"):
            await retire(database, tables, folder, keys.data, 1)
        add_generation(folder, data_ring("registry"))
        with pytest.raises(StillUsed, match="try again in a moment"):  # other processes may not have noticed it
            await retire(database, tables, folder, keys.data, 1)
        _long_ago(folder / "data_registry.2")
        with pytest.raises(StillUsed, match=f"used by {SEALED_OF_ONE} values"):
            await retire(database, tables, folder, keys.data, 1)
        assert (folder / "data_registry.1").exists()
    finally:
        await database.close()


def _long_ago(file: Path) -> None:
    past = file.stat().st_mtime - 3600
    os.utime(file, (past, past))
