"""What every test may ask for: a PostgreSQL server and databases on it, a Kafka broker, names of its own."""

import shutil
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from deploy.postgres import EmbeddedPostgres
from shared.settings import ServiceName
from tests.support.postgres import CreateDatabase, Databases


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The session's PostgreSQL server; a power cut may cost its data."""
    folder = tmp_path_factory.mktemp("postgres")
    with EmbeddedPostgres(folder, durable=False) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Databases:
    """Makes databases that outlive a test; who makes one drops it."""
    return Databases(postgres)


@pytest.fixture
async def create_database(databases: Databases) -> AsyncIterator[CreateDatabase]:
    """Makes databases that are dropped at the end of the test."""
    made: list[str] = []

    async def make(template: ServiceName | None = None) -> str:
        made.append(await databases.create(template))
        return made[-1]

    yield make
    for url in made:
        await databases.drop(url)


@pytest.fixture
async def embedded_log_url(create_database: CreateDatabase) -> str:
    """An empty database for an event log in PostgreSQL."""
    return await create_database()


@pytest.fixture
def topic_prefix() -> str:
    """A text to put before topics and groups, which no other test has."""
    return f"t{uuid4().hex[:12]}."
