"""Relay and consumer are killed at random points while events flow over real Kafka: each effect once, order kept."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial

import pytest

from shared.eventlog.kafka import KafkaLog
from tests.support.events import Chain, classified, household, numbers_by_household, open_chain
from tests.support.postgres import CreateDatabase
from tests.support.waiting import until

SOAK = bool(os.environ.get("ANSINH_SOAK"))
KILLS, EVENTS, HOUSEHOLDS = (100, 100_000, 500) if SOAK else (10, 4_000, 50)


class Part:
    """A relay or consumer process that can be killed and started again."""

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        self._command = [sys.executable, "-m", "tests.support.chain_process", name]
        self._environment = {**os.environ, **environment}
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
async def chain(create_database: CreateDatabase, kafka: str, topic_prefix: str) -> AsyncIterator[Chain]:
    log = KafkaLog(kafka, client="test", prefix=topic_prefix)
    made = await open_chain(await create_database(), await create_database(), log)
    yield made
    await made.close()


@pytest.mark.parametrize("victims", [("relay",), ("consumer",), ("relay", "consumer")], ids=" and ".join)
async def test_killing_it_loses_doubles_and_reorders_nothing(
    chain: Chain, kafka: str, topic_prefix: str, victims: tuple[str, ...]
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    shared = {"CHAIN_KAFKA": kafka, "CHAIN_PREFIX": topic_prefix}
    parts = {
        "relay": Part("relay", {**shared, "CHAIN_DATABASE": chain.producer.url.render_as_string(hide_password=False)}),
        "consumer": Part(
            "consumer", {**shared, "CHAIN_DATABASE": chain.consumer.url.render_as_string(hide_password=False)}
        ),
    }
    writing = asyncio.create_task(_write(chain))
    try:
        for number in range(KILLS):
            reached = EVENTS * (number + chance.random()) / (KILLS + 1)
            await until(partial(_at_least, chain, reached), within=120, describe=f"{reached:.0f} effects")
            victim = parts[chance.choice(victims)]
            victim.kill()
            victim.start()
        await writing
        await until(lambda: _at_least(chain, EVENTS), within=120, describe=f"all effects (seed {seed})")
        await until(partial(_all_sent, chain), within=120, describe=f"an empty outbox (seed {seed})")
    finally:
        writing.cancel()
        for part in parts.values():
            part.kill()
    expected = {household(key): [str(number) for number in range(key, EVENTS, HOUSEHOLDS)] for key in range(HOUSEHOLDS)}
    assert await numbers_by_household(chain.consumer) == expected, f"seed {seed}"


async def _write(chain: Chain) -> None:
    for start in range(0, EVENTS, 40):
        await chain.write(*(classified(number % HOUSEHOLDS, number) for number in range(start, start + 40)))


async def _at_least(chain: Chain, count: float) -> bool:
    return await chain.count_effects() >= count


async def _all_sent(chain: Chain) -> bool:
    return await chain.unsent() == 0
