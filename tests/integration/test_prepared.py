"""Statements given straight to the driver: the same values, the same transaction, the same faults."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import Column, Date, MetaData, Table, Text, Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError

from shared.db import Database, Prepared, among_given
from tests.support.postgres import CreateDatabase

_METADATA = MetaData()
_THINGS = Table(
    "things",
    _METADATA,
    Column("id", Uuid, primary_key=True),
    Column("day", Date),
    Column("said", JSONB),
    Column("words", ARRAY(Text)),
)
_BY_ID = Prepared(select(_THINGS).where(among_given(_THINGS.c.id, "ids")).order_by(_THINGS.c.id))
_ADD = Prepared(text("INSERT INTO things (id) VALUES (:id)").bindparams(bindparam("id", type_=Uuid)))
_BROKEN = Prepared(text("SELECT 1 / 0"))


@pytest.fixture
async def database(create_database: CreateDatabase) -> AsyncIterator[Database]:
    database = Database(await create_database(), name="test")
    async with database.engine.begin() as connection:
        await connection.run_sync(_METADATA.create_all)
    yield database
    await database.close()


async def test_values_come_as_a_statement_of_the_session_gives_them(database: Database) -> None:
    row = {"id": uuid4(), "day": date(2026, 7, 1), "said": {"đủ": [1, None]}, "words": ["a", "b"]}
    async with database.transaction() as session:
        await session.execute(_THINGS.insert(), row)
        usual = [dict(each) for each in (await session.execute(select(_THINGS))).mappings()]
        assert await _BY_ID.rows(session, ids=[row["id"]]) == usual == [row]  # its own uncommitted row too
        assert await _BY_ID.rows(session, ids=[uuid4()]) == []


async def test_within_a_transaction_it_shares_its_fate_and_before_one_it_stands_alone(database: Database) -> None:
    alone, within = uuid4(), uuid4()

    async def interrupted() -> None:
        async with database.transaction() as session:
            await _ADD.rows(session, id=alone)
            await session.execute(text("SELECT 1"))
            await _ADD.rows(session, id=within)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await interrupted()
    async with database.transaction() as session:
        assert [row["id"] for row in await _BY_ID.rows(session, ids=[alone, within])] == [alone]


async def test_what_the_database_refuses_is_raised_as_ever(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(DBAPIError) as refused:
            await _BROKEN.rows(session)
    assert getattr(refused.value.driver_exception, "sqlstate", None) == "22012"
    assert not refused.value.connection_invalidated


async def test_a_lost_connection_is_told_and_not_used_again(database: Database) -> None:
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    end = text(f"SELECT pg_terminate_backend(pid) {others}")

    async def cut_off() -> None:
        async with database.transaction() as session, database.transaction() as other:
            await _BY_ID.rows(session, ids=[])
            await other.execute(end)
            await _BY_ID.rows(session, ids=[])

    with pytest.raises(DBAPIError) as lost:
        await cut_off()
    assert lost.value.connection_invalidated
    async with database.transaction() as session:
        assert await _BY_ID.rows(session, ids=[]) == []
