"""A chain over each kind of log. Databases are made once and emptied for each test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from shared.db import Database
from shared.eventlog import EventLog
from shared.eventlog.embedded import EmbeddedLog
from shared.eventlog.kafka import KafkaLog
from tests.support.events import TOPIC, Chain, create_tables
from tests.support.keys import KEYS
from tests.support.postgres import Databases

_EMPTY = "TRUNCATE outbox, log_marks, inbox, dead_letters, effects, households"
_EMPTY_LOG = "TRUNCATE log_partitions, log_records, log_commits"


@dataclass(frozen=True)
class Urls:
    """Of the databases that the tests of this folder take turns with."""

    producer: str
    consumer: str
    log: str


@pytest.fixture(scope="session")
async def urls(databases: Databases) -> AsyncIterator[Urls]:
    """Databases with the chain's tables, and one for the embedded log."""
    made = Urls(await databases.create(), await databases.create(), await databases.create())
    for url in (made.producer, made.consumer):
        database = Database(url, name="test", keys=KEYS)
        await create_tables(database)
        await database.close()
    log = EmbeddedLog(made.log, client="test")
    await log.ensure_topics([TOPIC])
    await log.close()
    yield made
    for url in (made.producer, made.consumer, made.log):
        await databases.drop(url)


async def execute(url: str, statement: str) -> None:
    """Execute a statement on a connection of its own."""
    database = Database(url, name="test", keys=KEYS)
    connection = await database.connect()
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
        await database.close()


async def empty_chain(urls: Urls, log: EventLog) -> Chain:
    """Return a chain with nothing in it."""
    for url in (urls.producer, urls.consumer):
        await execute(url, _EMPTY)
    await log.ensure_topics([TOPIC])
    return Chain(
        Database(urls.producer, name="test producer", keys=KEYS),
        Database(urls.consumer, name="test consumer", keys=KEYS),
        log,
    )


@pytest.fixture
async def embedded_chain(urls: Urls) -> AsyncIterator[Chain]:
    """A chain over the embedded log."""
    await execute(urls.log, _EMPTY_LOG)
    chain = await empty_chain(urls, EmbeddedLog(urls.log, client="test"))
    yield chain
    await chain.close()


@pytest.fixture
async def kafka_chain(urls: Urls, kafka: str, topic_prefix: str) -> AsyncIterator[Chain]:
    """A chain over Kafka."""
    chain = await empty_chain(urls, KafkaLog(kafka, client="test", prefix=topic_prefix))
    yield chain
    await chain.close()


@pytest.fixture(params=["embedded", "kafka"])
def chain(request: pytest.FixtureRequest) -> Chain:
    """A chain over either log."""
    found: Chain = request.getfixturevalue(f"{request.param}_chain")
    return found
