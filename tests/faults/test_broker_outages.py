"""The broker stops, is killed, and comes back with less, while events flow through real processes."""

import asyncio
from collections.abc import Mapping

import pytest

from deploy.kafka import KafkaNode
from tests.faults.flow import SOAK, Flow
from tests.support.events import TOPIC
from tests.support.waiting import until

OUTAGES = 10 if SOAK else 1
LOST_AT_MOST = 40


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_broker_that_goes_and_comes_back_under_load_costs_nothing(
    node_flow: Flow, kafka_node: KafkaNode, how: str
) -> None:
    async with node_flow.running():
        node_flow.part("relay")
        node_flow.part("consumer")
        for _ in range(OUTAGES):
            await node_flow.goes_on()
            await asyncio.to_thread(kafka_node.stop if how == "stopped" else kafka_node.kill)
            await asyncio.to_thread(kafka_node.start)
        await node_flow.goes_on()


async def _as_far_as(flow: Flow, before: Mapping[tuple[str, int], int]) -> None:
    """Wait until the log's partitions reach where they ended before."""

    async def reached() -> bool:
        after = await flow.ends()
        return all(after[at] >= end for at, end in before.items())

    await until(reached, within=60, describe="the lost records back in the log")


@pytest.mark.parametrize("relay_restarted", [False, True], ids=["relay runs on", "relay is restarted"])
async def test_the_journal_fills_in_what_a_broker_lost(
    node_flow: Flow, kafka_node: KafkaNode, topic_prefix: str, relay_restarted: bool
) -> None:
    """What stood in the log before is there again, which is seen at the end for every event."""
    async with node_flow.running():
        relay = node_flow.part("relay")
        node_flow.part("consumer")
        for _ in range(OUTAGES):
            await node_flow.goes_on()
            before = await node_flow.ends()
            if relay_restarted:
                relay.kill()
            await asyncio.to_thread(kafka_node.kill)
            for (_, partition), end in before.items():
                keep = max(0, end - node_flow.chance.randint(0, LOST_AT_MOST))
                kafka_node.truncate_partition(topic_prefix + TOPIC, partition, keep)
            await asyncio.to_thread(kafka_node.start)
            if relay_restarted:
                relay.start()

            await _as_far_as(node_flow, before)
        await node_flow.goes_on()
