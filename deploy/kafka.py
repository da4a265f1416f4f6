"""One real Kafka broker on this machine, for tests and for a start without containers.

A combined KRaft node (broker and controller in one Java process) on the loopback address. It is not a cluster:
one copy of everything, small and quick to start.
"""

import os
import socket
import subprocess
from pathlib import Path
from signal import Signals
from typing import Self
from uuid import uuid4

from deploy.child import Child, wait_for
from deploy.kafka_jars import KafkaNodeError, jars, missing_tools
from deploy.kafka_log import cut_partition

__all__ = ["KafkaNode", "KafkaNodeError", "missing_tools"]

_LOG4J = Path(__file__).parent / "kafka" / "log4j2.xml"
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_READY = b"Kafka Server started"

_JVM = ["-Xms128m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": "12",
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # a client may ask that a killed member be missed sooner than after 6 s
    # A killed broker comes back only when its old session has run out: 9 s by default.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
}


class KafkaNode:
    """A broker whose data, settings and log (`kafka.log`) are in `folder`; data and port outlive stop and kill.

    Without `port` it takes a free one at its first start. It ends with this process, however this process ends.
    """

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.log = self.folder / "kafka.log"
        self._port = port
        self._controller_port: int | None = None
        self._broker: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port that clients connect to.

        Raises:
            KafkaNodeError: no port was given and the node was never started.
        """
        if self._port is None:
            raise KafkaNodeError(f"The Kafka node in {self.folder} was never started.")
        return self._port

    @property
    def bootstrap(self) -> str:
        """The address for clients, host:port."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the node, making its storage the first time; return when it serves clients.

        Raises:
            KafkaNodeError: Java or Maven is missing, the jars cannot be fetched, or the node does not start.
        """
        if self._running():
            return
        self.kill()
        java = ["java", *_JVM, "-cp", f"{jars()}/*", f"-Dlog4j2.configurationFile={_LOG4J}"]
        properties = self._write_settings()
        if not (self.data / "meta.properties").exists():
            self._format(java, properties)
        before = self.log.stat().st_size if self.log.exists() else 0
        self._broker = Child(
            [*java, "kafka.Kafka", properties], stop_signal=Signals.SIGTERM, log=self.log, environment=os.environ
        )
        if not wait_for(lambda: self._started_or_ended(before), within=_START_SECONDS) or not self._running():
            self.kill()
            raise KafkaNodeError(f"The Kafka node in {self.folder} does not start; see {self.log}.")

    def stop(self) -> None:
        """Shut the node down in order. Without effect when it does not run."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.stop(within=_STOP_SECONDS, then=Signals.SIGKILL)

    def kill(self) -> None:
        """End the node at once, as a crash would. Without effect when it does not run."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.kill()

    def truncate_partition(self, topic: str, partition: int, keep: int) -> int:
        """Lose the last records of a partition of the stopped node: from offset `keep`, or from the start of the
        batch that holds it. Returns the new end offset.

        Raises:
            KafkaNodeError: the node runs.
            FileNotFoundError: there is no such partition.
        """
        if self._broker is not None:
            raise KafkaNodeError(f"The Kafka node in {self.folder} runs; stop it before its log is cut.")
        return cut_partition(self.data, f"{topic}-{partition}", keep)

    def _write_settings(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._port is None or self._controller_port is None:
            self._port, self._controller_port = _free_ports(self._port)
        settings = _SETTINGS | {
            "listeners": f"PLAINTEXT://127.0.0.1:{self._port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "log.dirs": str(self.data),
        }
        properties = self.folder / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return properties

    def _format(self, java: list[str], properties: Path) -> None:
        command = ["kafka.tools.StorageTool", "format", "--cluster-id", uuid4().hex[:22], "--config", str(properties)]
        done = subprocess.run([*java, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise KafkaNodeError(f"Kafka's storage in {self.folder} cannot be made ({said[-1]}).")

    def _started_or_ended(self, before: int) -> bool:
        if not self._running():
            return True
        with self.log.open("rb") as log:
            log.seek(before)
            return _READY in log.read()

    def _running(self) -> bool:
        return self._broker is not None and self._broker.returncode() is None


def _free_ports(wanted: int | None) -> tuple[int, int]:
    """Return the port wanted, or a free one, and another free one."""
    with socket.socket() as first, socket.socket() as second:
        second.bind(("127.0.0.1", 0))
        if wanted is None:
            first.bind(("127.0.0.1", 0))
            wanted = int(first.getsockname()[1])
        return wanted, int(second.getsockname()[1])
