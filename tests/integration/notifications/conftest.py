"""A real SMS gateway for the module, and a desk over a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from shared.db import Database
from shared.keys import load_keys
from tests.integration.notifications.desk import Desk
from tests.support.keys import FOLDER
from tests.support.postgres import CreateDatabase
from tests.support.programs import Program, running


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """The simulated gateway as a process of its own."""
    async with running("deploy.sms", "--data", tmp_path_factory.mktemp("sms")) as program:
        yield program


@pytest.fixture
async def database_url(create_database: CreateDatabase) -> str:
    """A fresh database of notifications."""
    return await create_database("notifications")


@pytest.fixture
async def desk(database_url: str, gateway: Program) -> AsyncIterator[Desk]:
    """The service in the test's hands, at ten in the morning."""
    database = Database(database_url, name="test notifications", keys=load_keys(FOLDER, "notifications"))
    yield Desk(database, gateway.url)
    await database.close()
