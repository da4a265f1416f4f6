"""A Kafka broker for tests: one shared by the session, or one that a test may stop and kill."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.kafka import KafkaNode, missing_tools

GIVEN = "ANSINH_TEST_KAFKA"


@contextmanager
def own_node(folder: Path) -> Iterator[KafkaNode]:
    """Run a node of the test's own; its folder goes with it.

    Fails the test, in one sentence with the install command, where Java or Maven is missing.
    """
    if (sentence := missing_tools()) is not None:
        pytest.fail(sentence, pytrace=False)
    with KafkaNode(folder) as node:
        yield node
    shutil.rmtree(folder)


@contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """Give the address of the broker that ANSINH_TEST_KAFKA names, or of a node that runs as long as the block."""
    if given := os.environ.get(GIVEN):
        yield given
        return
    with own_node(folder) as node:
        yield node.bootstrap
