"""What faults are done to: flows over Kafka, over the session's broker or one of the test's own; a registry."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.kafka import KafkaNode
from shared.db import Database
from shared.eventlog.kafka import KafkaLog
from tests.faults.flow import Flow
from tests.support.access import grant
from tests.support.events import open_chain
from tests.support.kafka import GIVEN
from tests.support.postgres import CreateDatabase
from tests.support.programs import Program, start

_LEAST_SESSION_SECONDS = "6" if os.environ.get(GIVEN) else "3"  # a killed member's partitions wait for it


@asynccontextmanager
async def over_kafka(create: CreateDatabase, bootstrap: str, prefix: str, folder: Path) -> AsyncIterator[Flow]:
    """Make a flow over a broker; no part runs yet."""
    chain = await open_chain(await create(), await create(), KafkaLog(bootstrap, client="test", prefix=prefix))
    settings = {
        "CHAIN_KAFKA": bootstrap,
        "CHAIN_PREFIX": prefix,
        "CHAIN_SESSION_SECONDS": _LEAST_SESSION_SECONDS,
    }
    yield Flow(chain, settings, folder)
    await chain.close()


@pytest.fixture
async def flow(create_database: CreateDatabase, kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Flow]:
    """A flow over the session's broker, databases on its server; no part runs yet."""
    async with over_kafka(create_database, kafka, topic_prefix, tmp_path) as made:
        yield made


@pytest.fixture
async def node_flow(
    create_database: CreateDatabase, kafka_node: KafkaNode, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Flow]:
    """A flow over `kafka_node`."""
    async with over_kafka(create_database, kafka_node.bootstrap, topic_prefix, tmp_path) as made:
        yield made


@pytest.fixture
async def registry_url(create_database: CreateDatabase) -> str:
    """The database of `registry`."""
    return await create_database("registry")


@pytest.fixture
async def registry(registry_url: str, embedded_log_url: str) -> AsyncIterator[Program]:
    """A registry as a process of its own, over the embedded log; `officer` and `chair` may do everything in it."""
    database = Database(registry_url, name="test")
    await grant(database, "officer", "chair")
    await database.close()
    env = {
        "ANSINH_DATABASE_URL": registry_url,
        "ANSINH_EVENTLOG_URL": embedded_log_url,
        "ANSINH_JOBS_STALE_AFTER": "3",
        "ANSINH_LOG_LEVEL": "WARNING",
    }
    program = await start("deploy.cli", "serve", "registry", env=env, health="/registry/readyz")
    yield program
    await program.kill()
