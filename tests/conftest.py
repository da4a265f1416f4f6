"""What every test may ask for: a PostgreSQL server and databases on it, a Kafka broker, names of its own."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from xdist.scheduler import LoadFileScheduling

from deploy.kafka import KafkaNode
from deploy.postgres import EmbeddedPostgres
from shared.settings import ServiceName
from tests.support.kafka import own_node, shared_broker
from tests.support.keys import FOLDER, HEADS
from tests.support.postgres import CreateDatabase, Databases
from tests.support.tokens import trust_the_issuer

trust_the_issuer()

_STACK = "tests/scenario/compose/"
_KINDS = ("unit", "contract", "integration", "standards", "bench", "faults", "scenario")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes seconds comes first, the whole story last."""
    here = Path(__file__).parent
    items.sort(key=lambda item: _KINDS.index(item.path.relative_to(here).parts[0]))


class _ByFileOrStack(LoadFileScheduling):  # type: ignore[misc]
    """Files of a folder whose tests share one running stack go to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return _STACK if file.startswith(_STACK) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Say how `-n` shares out the tests."""
    return _ByFileOrStack(config, log)


# Every service of the test run, in this process and in others, has these keys.
os.environ["ANSINH_KEYS"] = str(FOLDER)
os.environ["ANSINH_AUDIT__HEADS"] = str(HEADS)


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


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address (host:port) of the session's broker; no test stops it."""
    with shared_broker(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="module")
def module_kafka_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaNode]:
    """A broker of the module's own."""
    with own_node(tmp_path_factory.mktemp("kafka-node")) as node:
        yield node


@pytest.fixture
def kafka_node(module_kafka_node: KafkaNode) -> KafkaNode:
    """A running broker of the module's own, which the test may stop, kill and cut, and leave as it is."""
    module_kafka_node.start()
    return module_kafka_node


@pytest.fixture
def topic_prefix() -> str:
    """A text to put before topics and groups, which no other test has."""
    return f"t{uuid4().hex[:12]}."
