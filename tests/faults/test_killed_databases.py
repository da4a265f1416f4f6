"""PostgreSQL is killed and comes back while events flow: what was committed stays, each effect once, order kept."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.postgres import EmbeddedPostgres
from shared.eventlog.embedded import EmbeddedLog
from tests.faults.conftest import over_kafka
from tests.faults.flow import SOAK, Flow
from tests.support.events import open_chain
from tests.support.postgres import CreateDatabase, Databases, kill_server

KILLS = 20 if SOAK else 2


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server that a test may kill; what it committed is on the disk."""
    folder = tmp_path_factory.mktemp("mortal")
    with EmbeddedPostgres(folder) as server:
        yield server
    shutil.rmtree(folder)


async def test_a_killed_database_of_producer_and_consumer_costs_nothing(
    mortal: EmbeddedPostgres, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    async with over_kafka(Databases(mortal).create, kafka, topic_prefix, tmp_path) as flow:
        await kill_and_start_again(flow, mortal)


async def test_a_killed_database_of_the_embedded_log_costs_nothing(
    mortal: EmbeddedPostgres, create_database: CreateDatabase, tmp_path: Path
) -> None:
    url = await Databases(mortal).create()
    chain = await open_chain(await create_database(), await create_database(), EmbeddedLog(url, client="test"))
    await kill_and_start_again(Flow(chain, {"CHAIN_LOG": url}, tmp_path), mortal)
    await chain.close()


async def kill_and_start_again(flow: Flow, server: EmbeddedPostgres) -> None:
    async with flow.running():
        flow.part("relay")
        flow.part("consumer")
        for _ in range(KILLS):
            await flow.goes_on()
            await asyncio.to_thread(kill_server, server)
            await asyncio.to_thread(server.start)
        await flow.goes_on()
