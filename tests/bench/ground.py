"""What the figures are measured on: a durable PostgreSQL and a real Kafka of this run's own, and where figures go."""

import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.kafka import KafkaNode
from deploy.postgres import EmbeddedPostgres
from tests.support.keys import FOLDER, HEADS


@dataclass(frozen=True)
class Ground:
    """A PostgreSQL server and a broker."""

    postgres: EmbeddedPostgres
    kafka: KafkaNode

    def database(self, name: str) -> str:
        """Return the URL of a database of this name, made where it is missing."""
        self.postgres.ensure(name, name)
        return self.postgres.url(name, name)


@contextmanager
def ground() -> Iterator[Ground]:
    """Run both for the block; services that are started meanwhile find keys."""
    os.environ |= {"ANSINH_KEYS": str(FOLDER), "ANSINH_AUDIT__HEADS": str(HEADS)}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(Path(folder) / "postgres"))
        kafka = stack.enter_context(KafkaNode(Path(folder) / "kafka"))
        yield Ground(postgres, kafka)


def report(figure: str, value: float, unit: str, *, limit: float | None = None, goal: str = "", **more: Any) -> None:
    """Print one figure as a JSON line; `limit` is the raw limit of the same run, in the same unit."""
    line: dict[str, Any] = {"figure": figure, "value": round(value, 3), "unit": unit}
    if limit is not None:
        line |= {"raw_limit": round(limit, 3), "ratio": round(value / limit, 3)}
    if goal:
        line["goal"] = goal
    sys.stdout.write(json.dumps(line | more, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def free_port() -> int:
    """Return a port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
