"""Each service's database: one history, up, down and up again, and no difference from the tables in code."""

import importlib

import pytest

from shared.db import Database, migrations
from shared.settings import SERVICES, ServiceName
from tests.support.postgres import CreateDatabase

_TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"


async def _count_tables(url: str) -> int:
    database = Database(url, name="test")
    async with database.engine.connect() as connection:
        count = int((await connection.exec_driver_sql(_TABLES)).scalar_one())
    await database.close()
    return count


def _metadata(service: ServiceName) -> object:
    name = "services.benefits.metadata" if service == "benefits" else f"services.{service}.tables"
    return importlib.import_module(name).metadata


@pytest.mark.parametrize("service", SERVICES)
async def test_a_database_goes_up_down_and_up_again(service: ServiceName, create_database: CreateDatabase) -> None:
    url = await create_database()
    await migrations.upgrade(service, url)
    tables = await _count_tables(url)
    await migrations.downgrade(service, url, "base")
    assert await _count_tables(url) == 1  # Alembic's own
    await migrations.upgrade(service, url)
    assert await _count_tables(url) == tables


@pytest.mark.parametrize("service", SERVICES)
async def test_the_history_ends_at_the_tables_in_code(service: ServiceName, create_database: CreateDatabase) -> None:
    url = await create_database()
    await migrations.upgrade(service, url)
    assert await migrations.drift(url, _metadata(service)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("service", SERVICES)
async def test_migrating_again_changes_nothing(service: ServiceName, create_database: CreateDatabase) -> None:
    url = await create_database()
    await migrations.upgrade(service, url)
    tables = await _count_tables(url)
    await migrations.upgrade(service, url)
    assert await _count_tables(url) == tables
