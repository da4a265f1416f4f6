"""What the platform may rely on from any event log: the same promises over Kafka and over the embedded log."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import given
from hypothesis import strategies as st

from deploy.kafka import KafkaNode
from shared.db import Database
from shared.eventlog import EventLog, LogUnavailable, Reader, Record, Stored, partition_of
from shared.eventlog.embedded import EmbeddedLog
from shared.eventlog.kafka import KafkaLog
from shared.events.contract import PARTITIONS
from tests.support.events import append
from tests.support.waiting import until

TOPIC = "registry.households"


@pytest.fixture(params=["embedded", "kafka"])
async def log(request: pytest.FixtureRequest, topic_prefix: str, embedded_log_url: str) -> AsyncIterator[EventLog]:
    event_log: EventLog
    if request.param == "kafka":
        event_log = KafkaLog(request.getfixturevalue("kafka"), client="test", prefix=topic_prefix)
    else:
        event_log = EmbeddedLog(embedded_log_url, client="test")
    await event_log.ensure_topics([TOPIC])
    yield event_log
    await event_log.close()


def record(key: str, value: str, *headers: tuple[str, bytes]) -> Record:
    return Record(TOPIC, key.encode(), headers, value.encode())


async def read(reader: Reader, count: int) -> list[Stored]:
    """Poll and commit until `count` records came."""
    records: list[Stored] = []

    async def enough() -> bool:
        batch = await reader.poll(100, 0.2)
        records.extend(batch)
        await reader.commit({(item.topic, item.partition): item.offset + 1 for item in batch})
        return len(records) >= count

    await until(enough, within=30, describe=f"{count} records")
    return records


async def test_records_come_back_as_they_went_in(log: EventLog) -> None:
    sent = record("08566", "Xã Tân Sơn", ("ce_type", b"x"), ("ce_id", "Đ".encode()))
    [placed] = await append(log, [sent])
    reader = log.reader([TOPIC], group="g")
    await reader.start()
    [stored] = await read(reader, 1)
    await reader.close()
    assert stored == Stored(TOPIC, partition_of(b"08566"), placed.offset, b"08566", sent.headers, sent.value)


async def test_records_of_a_key_stay_in_order_and_in_one_partition(log: EventLog) -> None:
    for start in range(0, 300, 100):
        await append(log, [record(str(n % 7), str(n)) for n in range(start, start + 100)])
    reader = log.reader([TOPIC], group="g")
    await reader.start()
    by_key: dict[bytes, list[int]] = defaultdict(list)
    partitions: dict[bytes, set[int]] = defaultdict(set)
    for stored in await read(reader, 300):
        by_key[stored.key].append(int(stored.value))
        partitions[stored.key].add(stored.partition)
    await reader.close()
    assert dict(by_key) == {str(k).encode(): [n for n in range(300) if n % 7 == k] for k in range(7)}
    assert all(len(numbers) == 1 for numbers in partitions.values())


async def test_append_tells_where_each_record_stands(log: EventLog) -> None:
    placed = await append(log, [record(str(n), str(n)) for n in range(50)])
    reader = log.reader([TOPIC], group=None)
    await reader.start()
    stored = await read(reader, 50)
    await reader.close()
    where = {int(item.value): (item.partition, item.offset) for item in stored}
    assert where == {n: (place.partition, place.offset) for n, place in enumerate(placed)}


async def test_ends_grow_by_what_is_appended(log: EventLog) -> None:
    assert set((await log.ends([TOPIC])).values()) == {0}
    await append(log, [record("a", "1"), record("a", "2"), record("b", "3")])
    ends = await log.ends([TOPIC])
    assert len(ends) == PARTITIONS
    assert sum(ends.values()) == 3


async def test_a_group_goes_on_where_it_committed(log: EventLog) -> None:
    await append(log, [record("a", str(n)) for n in range(10)])
    first = log.reader([TOPIC], group="g")
    await first.start()
    await read(first, 10)
    await first.close()
    await append(log, [record("a", "10")])
    second = log.reader([TOPIC], group="g")
    await second.start()
    assert [item.value for item in await read(second, 1)] == [b"10"]
    await second.close()


async def test_what_was_not_committed_comes_again(log: EventLog) -> None:
    await append(log, [record("a", "1")])
    first = log.reader([TOPIC], group="g")
    await first.start()
    await until(lambda: first.poll(10, 0.2), within=30, describe="the record")
    await first.close()
    second = log.reader([TOPIC], group="g")
    await second.start()
    assert [item.value for item in await read(second, 1)] == [b"1"]
    await second.close()


async def test_records_given_back_come_again_in_order(log: EventLog) -> None:
    await append(log, [record("a", str(n)) for n in range(5)])
    reader = log.reader([TOPIC], group="g")
    await reader.start()
    before = await until(lambda: reader.poll(3, 0.2), within=30, describe="records")
    await reader.rewind()
    again = await read(reader, 5)
    await reader.close()
    assert [item.value for item in before] == [str(n).encode() for n in range(len(before))]
    assert [item.value for item in again] == [b"0", b"1", b"2", b"3", b"4"]


async def test_groups_do_not_disturb_each_other(log: EventLog) -> None:
    await append(log, [record("a", "1")])
    for group in ("one", "two"):
        reader = log.reader([TOPIC], group=group)
        await reader.start()
        assert [item.value for item in await read(reader, 1)] == [b"1"]
        await reader.close()


async def test_a_reader_without_a_group_reads_everything_each_time(log: EventLog) -> None:
    await append(log, [record("a", str(n)) for n in range(3)])
    for _ in range(2):
        reader = log.reader([TOPIC], group=None)
        await reader.start()
        assert [item.value for item in await read(reader, 3)] == [b"0", b"1", b"2"]
        await reader.close()


async def test_lag_is_what_was_not_yet_polled(log: EventLog) -> None:
    await append(log, [record("a", str(n)) for n in range(5)])
    reader = log.reader([TOPIC], group="g")
    await reader.start()
    await until(lambda: reader.poll(2, 0.2), within=30, describe="records")
    await reader.rewind()

    async def lag() -> bool:
        await reader.commit({})
        await reader.poll(1, 0.2)
        return sum((await reader.lag()).values()) < 5

    await until(lag, within=30, describe="a lag below five")
    await reader.commit({})
    await read(reader, 1)
    await until(lambda: _nothing_left(reader), within=30, describe="no lag")
    await reader.close()


async def _nothing_left(reader: Reader) -> bool:
    batch = await reader.poll(10, 0.2)
    await reader.commit({(item.topic, item.partition): item.offset + 1 for item in batch})
    return sum((await reader.lag()).values()) == 0


@pytest.fixture
async def kafka_log(kafka: str, topic_prefix: str) -> AsyncIterator[KafkaLog]:
    event_log = KafkaLog(kafka, client="test", prefix=topic_prefix)
    await event_log.ensure_topics([TOPIC])
    yield event_log
    await event_log.close()


async def test_records_in_hand_are_not_given_to_a_member_that_joins(
    kafka_log: KafkaLog, kafka: str, topic_prefix: str
) -> None:
    await append(kafka_log, [record(str(n), str(n)) for n in range(60)])
    old, new = kafka_log.reader([TOPIC], group="g"), kafka_log.reader([TOPIC], group="g")
    await old.start()
    in_hand = await until(lambda: old.poll(30, 0.2), within=30, describe="records")
    await new.start()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()

    async def rebalancing() -> bool:
        [answer] = await admin.describe_consumer_groups([f"{topic_prefix}g"])
        return bool(answer.groups[0][2] == "PreparingRebalance")

    await until(rebalancing, within=30, describe="a rebalance that waits for the old member")
    await admin.close()
    assert not await asyncio.wait_for(_nothing(new), 5)
    await old.commit(next_offsets(in_hand))
    read_after = await both(old, new, 60 - len(in_hand))
    await old.close()
    await new.close()
    everything = [item.value for item in [*in_hand, *read_after]]
    assert sorted(everything, key=int) == [str(n).encode() for n in range(60)]


async def _nothing(reader: Reader) -> bool:
    """Poll while the group rebalances; the answer waits for its end, so give up soon."""
    try:
        return bool(await asyncio.wait_for(reader.poll(100, 0.2), 1))
    except TimeoutError:
        return False


def next_offsets(records: Sequence[Stored]) -> dict[tuple[str, int], int]:
    return {(item.topic, item.partition): item.offset + 1 for item in records}


async def both(one: Reader, other: Reader, count: int) -> list[Stored]:
    """Let two members poll and commit until `count` records came."""
    records: list[Stored] = []

    async def enough() -> bool:
        for reader in (one, other):
            with contextlib.suppress(TimeoutError):
                batch = await asyncio.wait_for(reader.poll(100, 0.1), 1)
                records.extend(batch)
                await reader.commit(next_offsets(batch))
        return len(records) >= count

    await until(enough, within=60, describe=f"{count} records")
    return records


async def test_two_members_share_the_partitions_and_the_one_left_takes_all(kafka_log: KafkaLog) -> None:
    one, other = kafka_log.reader([TOPIC], group="g"), kafka_log.reader([TOPIC], group="g")
    await one.start()
    await other.start()

    async def shared() -> bool:
        await both(one, other, 0)
        return len(await one.lag()) == len(await other.lag()) == PARTITIONS // 2

    await until(shared, within=60, describe="six partitions for each")
    await other.close()

    async def alone() -> bool:
        await one.poll(1, 0.1)
        await one.commit({})
        return len(await one.lag()) == PARTITIONS

    await until(alone, within=60, describe="all partitions for the one that is left")
    await one.close()


async def test_the_embedded_log_has_one_member_a_group_until_it_leaves(embedded_log_url: str) -> None:
    first_log, second_log = EmbeddedLog(embedded_log_url, client="one"), EmbeddedLog(embedded_log_url, client="two")
    await first_log.ensure_topics([TOPIC])
    first, second = first_log.reader([TOPIC], group="g"), second_log.reader([TOPIC], group="g")
    await first.start()
    await second.start()
    await append(first_log, [record("a", "1")])
    assert [item.value for item in await read(first, 1)] == [b"1"]
    await append(first_log, [record("a", "2")])
    assert not await second.poll(10, 0.1)
    await first.close()
    assert [item.value for item in await read(second, 1)] == [b"2"]
    await second.close()
    await first_log.close()
    await second_log.close()


async def test_making_topics_again_changes_nothing(log: EventLog) -> None:
    await append(log, [record("a", "1")])
    await log.ensure_topics([TOPIC])
    assert sum((await log.ends([TOPIC])).values()) == 1


async def test_a_large_batch_is_stored_whole(log: EventLog) -> None:
    value = "x" * 400_000
    placed = await append(log, [record("a", value) for _ in range(8)])
    assert [place.offset for place in placed] == list(range(8))


async def test_a_writer_does_not_outlive_a_restart_of_kafka(kafka_node: KafkaNode, topic_prefix: str) -> None:
    """Else it could write into a log that came back without its last records."""
    event_log = KafkaLog(kafka_node.bootstrap, client="test", prefix=topic_prefix)
    await event_log.ensure_topics([TOPIC])
    await outlived(event_log, lambda: asyncio.to_thread(_restart, kafka_node))


def _restart(node: KafkaNode) -> None:
    node.kill()
    node.start()


async def test_a_writer_does_not_outlive_its_connection_to_the_embedded_log(embedded_log_url: str) -> None:
    event_log = EmbeddedLog(embedded_log_url, client="test")
    await event_log.ensure_topics([TOPIC])
    others = Database(embedded_log_url, name="other")
    connection = await others.connect()
    end_others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await outlived(event_log, lambda: connection.execute(end_others))
    await connection.close()
    await others.close()


async def outlived(event_log: EventLog, restart: Callable[[], Awaitable[object]]) -> None:
    """Check that writers from before the restart are of no use after it, and that new ones are."""
    asked, idle = await event_log.writer(), await event_log.writer()
    assert sum((await asked.ends([TOPIC])).values()) == 0
    await asked.append([record("a", "1")])
    await restart()
    for old in (asked, idle):
        with pytest.raises(LogUnavailable):
            await old.append([record("a", "2")])
        with pytest.raises(LogUnavailable):
            await old.ends([TOPIC])
        await old.close()

    async def stored() -> int:
        with contextlib.suppress(LogUnavailable):  # back, and not yet the leader of its partitions
            return sum((await event_log.ends([TOPIC])).values())
        return 0

    assert await until(stored, within=60, describe="the log again") == 1
    await append(event_log, [record("a", "3")])
    assert await stored() == 2
    await event_log.close()


async def test_a_log_that_cannot_be_reached_says_so() -> None:
    nowhere = KafkaLog("127.0.0.1:1", client="test")
    with pytest.raises(LogUnavailable):
        await append(nowhere, [record("a", "1")])
    with pytest.raises(LogUnavailable):
        await nowhere.ends([TOPIC])
    await nowhere.close()
    embedded = EmbeddedLog("postgresql://nobody@127.0.0.1:1/nothing", client="test")
    with pytest.raises(LogUnavailable):
        await append(embedded, [record("a", "1")])
    await embedded.close()


@given(st.binary(min_size=1, max_size=40))
def test_any_key_has_one_partition(key: bytes) -> None:
    assert partition_of(key) == partition_of(key)
    assert 0 <= partition_of(key) < PARTITIONS


@pytest.mark.parametrize(
    ("key", "partition"), [(b"08566", 2), (b"25", 8), (b"0192f0c0-0000-7000-8000-000000000000", 0)]
)
def test_partitions_are_those_of_kafkas_own_clients(key: bytes, partition: int) -> None:
    from aiokafka.partitioner import DefaultPartitioner

    everything = list(range(PARTITIONS))
    assert partition_of(key) == DefaultPartitioner()(key, everything, everything)
