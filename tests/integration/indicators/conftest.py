"""An indicators service on a database of its own."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.indicators.app import build
from services.indicators.settings import IndicatorsSettings
from shared.db import Database
from shared.settings import EventLogSettings
from tests.support.keys import KEYS
from tests.support.postgres import CreateDatabase


@pytest.fixture
async def database(create_database: CreateDatabase) -> AsyncIterator[Database]:
    """Indicators' database, empty."""
    opened = Database(await create_database("indicators"), name="test indicators", keys=KEYS)
    yield opened
    await opened.close()


@pytest.fixture
async def app(database: Database, embedded_log_url: str) -> AsyncIterator[FastAPI]:
    """The service's app; its consumers do not run."""
    built = build(
        IndicatorsSettings(
            service="indicators",
            database_url=database.url.set(drivername="postgresql").render_as_string(hide_password=False),
            event_log=EventLogSettings(eventlog_url=embedded_log_url),
        )
    )
    yield built
    await built.state.database.close()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ansinh.test") as opened:
        yield opened
