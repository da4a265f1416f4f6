"""The Kafka node of the tests: what it keeps, what it loses when told to, and that it ends with its launcher."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka import KafkaNode, KafkaNodeError, missing_tools
from deploy.kafka_jars import jars
from tests.support.kafka import shared_broker

ROOT = Path(__file__).parents[2]

_LAUNCHER = """
import sys
from pathlib import Path
from deploy.kafka import KafkaNode
with KafkaNode(Path(sys.argv[1])) as node:
    print(node.port, flush=True)
    input()
"""


async def make_topic(node: KafkaNode, topic: str, **configs: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=node.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=configs)])
    finally:
        await admin.close()


async def send(node: KafkaNode, topic: str, *batches: Sequence[bytes]) -> list[int]:
    """Send batches of values and return the first offset of each."""
    offsets = []
    async with AIOKafkaProducer(bootstrap_servers=node.bootstrap, enable_idempotence=True, acks="all") as producer:
        for values in batches:
            batch = producer.create_batch()
            for value in values:
                batch.append(key=None, value=value, timestamp=None)
            batch.close()
            offsets.append((await (await producer.send_batch(batch, topic, partition=0))).offset)
    return offsets


async def read(node: KafkaNode, topic: str) -> list[bytes]:
    """Return every value of a topic of one partition."""
    partition = TopicPartition(topic, 0)
    values: list[bytes] = []
    async with AIOKafkaConsumer(bootstrap_servers=node.bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        while await consumer.position(partition) < end:
            values += [record.value for record in (await consumer.getmany(partition, timeout_ms=100))[partition]]
    return values


async def test_records_and_address_outlive_a_stop_and_a_kill(kafka_node: KafkaNode, topic_prefix: str) -> None:
    topic = f"{topic_prefix}kept"
    await make_topic(kafka_node, topic)
    await send(kafka_node, topic, [b"before the stop"])
    address = kafka_node.bootstrap

    kafka_node.stop()
    kafka_node.start()
    assert await send(kafka_node, topic, [b"before the kill"]) == [1]

    kafka_node.kill()
    kafka_node.start()
    assert kafka_node.bootstrap == address
    assert await read(kafka_node, topic) == [b"before the stop", b"before the kill"]


@pytest.mark.parametrize(
    ("keep", "end"),
    [
        pytest.param(5, 5, id="at the start of a batch"),
        pytest.param(4, 2, id="in the middle of a batch"),
        pytest.param(0, 0, id="everything"),
        pytest.param(6, 6, id="nothing"),
    ],
)
async def test_a_broker_that_lost_its_last_records_goes_on_from_what_it_has(
    kafka_node: KafkaNode, topic_prefix: str, keep: int, end: int
) -> None:
    topic = f"{topic_prefix}cut"
    await make_topic(kafka_node, topic)
    values = [b"%d" % number for number in range(6)]
    await send(kafka_node, topic, values[:2], values[2:5], values[5:])

    kafka_node.stop()
    assert kafka_node.truncate_partition(topic, 0, keep) == end
    kafka_node.start()

    assert await read(kafka_node, topic) == values[:end]
    assert await send(kafka_node, topic, [b"new"]) == [end]
    assert await read(kafka_node, topic) == [*values[:end], b"new"]


async def test_records_of_several_segments_can_be_lost(kafka_node: KafkaNode, topic_prefix: str) -> None:
    topic = f"{topic_prefix}segments"
    await make_topic(kafka_node, topic, **{"segment.bytes": "1048576"})
    values = [os.urandom(600_000) for _ in range(5)]
    await send(kafka_node, topic, *([value] for value in values))
    assert len(list((kafka_node.data / f"{topic}-0").glob("*.log"))) > 2

    kafka_node.stop()
    assert kafka_node.truncate_partition(topic, 0, 1) == 1
    kafka_node.start()
    assert await read(kafka_node, topic) == values[:1]


async def test_the_log_of_a_running_node_is_not_cut(kafka_node: KafkaNode) -> None:
    with pytest.raises(KafkaNodeError, match="stop it"):
        kafka_node.truncate_partition("any", 0, 0)


def test_a_node_ends_with_its_launcher_even_when_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _LAUNCHER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        launcher.stdout.readline()
        nodes = [child for child in psutil.Process(launcher.pid).children(recursive=True) if child.name() == "java"]
        launcher.kill()
    assert len(nodes) == 1
    assert psutil.wait_procs(nodes, timeout=30)[1] == []


def test_missing_tools_are_named_with_the_command_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    install = "apt-get install -y openjdk-17-jre-headless maven"
    assert (missing_tools() or "").endswith(f" / Kafka needs Java 17 or later and Maven: {install}")
    with pytest.raises(KafkaNodeError, match="Maven: apt-get install"):
        KafkaNode(tmp_path / "node").start()

    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    assert (missing_tools() or "").endswith(f" / Kafka needs Java 17 or later (found 11) and Maven: {install}")


def test_tests_fail_and_are_not_skipped_where_tools_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANSINH_TEST_KAFKA", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="apt-get install"), shared_broker(tmp_path / "node"):
        pass


def test_a_broker_that_exists_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_TEST_KAFKA", "broker.example:9092")
    with shared_broker(tmp_path / "node") as address:
        assert address == "broker.example:9092"
    assert not (tmp_path / "node").exists()


def put_maven(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a script before the real Maven, which it may call as "$MAVEN"."""
    monkeypatch.setenv("MAVEN", shutil.which("mvn") or "mvn")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    (folder / "mvn").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "mvn").chmod(0o755)


def test_two_who_need_the_jars_at_once_fetch_them_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_maven(tmp_path, monkeypatch, f'echo fetched >> {tmp_path}/calls; exec "$MAVEN" "$@"')
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(lambda _: jars(), range(2))
    assert first == second
    assert list(first.glob("kafka_2.13-*.jar"))
    assert (tmp_path / "calls").read_text() == "fetched\n"


def test_a_fetch_that_breaks_off_leaves_nothing_that_is_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = 'for a in "$@"; do case $a in -DoutputDirectory=*) mkdir -p "${a#*=}"; touch "${a#*=}/part.jar";; esac; done'
    put_maven(tmp_path, monkeypatch, f"{part}\necho '[ERROR] no route to host'; exit 1")
    with pytest.raises(KafkaNodeError, match="no route to host"):
        jars()
    assert not list((tmp_path / "cache").rglob("*.jar"))
