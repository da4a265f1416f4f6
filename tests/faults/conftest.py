"""Flows over Kafka: over the broker of the session, or over one that the test may stop, kill and cut."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.kafka import KafkaNode
from shared.eventlog.kafka import KafkaLog
from tests.faults.flow import Flow
from tests.support.events import open_chain
from tests.support.kafka import GIVEN
from tests.support.postgres import CreateDatabase

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
