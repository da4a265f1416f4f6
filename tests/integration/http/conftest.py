"""The sample service on a database of its own, and a client that talks to it without a socket."""

import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.audit import tables as _audit  # noqa: F401 - the tables of the kit are known once their modules are
from shared.db import Database
from shared.db.kit import kit_metadata
from shared.logs import configure_logging
from tests.integration.http.sample import sample_app, tables
from tests.support.access import grant
from tests.support.keys import KEYS
from tests.support.postgres import Databases
from tests.support.tokens import bearer


@pytest.fixture(autouse=True)
def log_lines() -> Callable[[], list[dict[str, Any]]]:
    """Gives the log lines that were written since the test began."""
    stream = io.StringIO()
    configure_logging("tests", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture(scope="session")
async def sample_database(databases: Databases) -> AsyncIterator[Database]:
    """A database with the kit's tables and the sample's, made once."""
    url = await databases.create()
    database = Database(url, name="sample", keys=KEYS)
    async with database.engine.begin() as connection:
        await connection.run_sync(kit_metadata.create_all)
        await connection.run_sync(tables.create_all)
    yield database
    await database.close()
    await databases.drop(url)


@pytest.fixture
async def database(sample_database: Database) -> Database:
    """The sample's database, empty."""
    names = ", ".join(table.name for metadata in (kit_metadata, tables) for table in metadata.sorted_tables)
    async with sample_database.transaction() as session:
        await (await session.connection()).exec_driver_sql(f"TRUNCATE {names}")
    await grant(sample_database, "mai", "lan")
    return sample_database


@pytest.fixture
def app(database: Database) -> FastAPI:
    """The sample service."""
    return sample_app(database)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the sample service that says who acts."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=bearer("mai")) as client:
        yield client
