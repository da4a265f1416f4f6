"""Data from before numbers were sealed: no migration takes them, and the sentence says what to do."""

import pytest

from shared.db import Database, migrations
from tests.support.postgres import CreateDatabase


async def test_a_database_with_people_in_the_clear_is_refused_and_left_as_it_is(
    create_database: CreateDatabase,
) -> None:
    url = await create_database()
    await migrations.upgrade("notifications", url, "0007")
    database = Database(url, name="test")
    try:
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO people (person_id, full_name, phone, version)"
                " VALUES (gen_random_uuid(), 'Hà Thị Mận', '+84912345678', 1)"
            )
        with pytest.raises(
            migrations.MigrationFailed, match=r"trước khi .* được mã hoá.*\.ansinh.* / .*start with empty"
        ):
            await migrations.upgrade("notifications", url)
        async with database.engine.connect() as connection:
            found = await connection.exec_driver_sql("SELECT phone FROM people")
            assert found.scalar_one() == "+84912345678"
    finally:
        await database.close()
