"""Each service's database: one history, up, down and up again, and no difference from the tables in code."""

import importlib

import pytest
from sqlalchemy import text

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


async def test_a_step_that_fails_leaves_the_database_as_it_was_and_says_which_it_was(
    create_database: CreateDatabase,
) -> None:
    url = await create_database()
    await migrations.upgrade("notifications", url, "0003")
    tables, connection = await _count_tables(url), Database(url, name="test")
    async with connection.transaction() as session:
        await session.execute(text("CREATE TABLE audit_rows (in_the_way integer)"))
    await connection.close()
    with pytest.raises(migrations.MigrationFailed, match=r"sau bước 0005 / .* is as it was before.*restore\.sh"):
        await migrations.upgrade("notifications", url)
    assert await _count_tables(url) == tables + 1
    assert await _revision(url) == "0003"


async def test_a_database_of_a_later_version_is_left_alone(create_database: CreateDatabase) -> None:
    url = await create_database()
    await migrations.upgrade("notifications", url)
    later = Database(url, name="test")
    async with later.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await later.close()
    with pytest.raises(migrations.MigrationFailed, match=r"phiên bản mới hơn \(9999\).* / .* later version \(9999\)"):
        await migrations.upgrade("notifications", url)
    assert await _revision(url) == "9999"


async def _revision(url: str) -> str:
    database = Database(url, name="test")
    async with database.engine.connect() as connection:
        found = str((await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar_one())
    await database.close()
    return found
