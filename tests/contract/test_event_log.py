"""What the platform may rely on from any event log: the same promises over Kafka and over the embedded log."""

from collections import defaultdict
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.eventlog import EventLog, LogUnavailable, Reader, Record, Stored, partition_of
from shared.eventlog.embedded import EmbeddedLog
from shared.eventlog.kafka import KafkaLog
from shared.events.contract import PARTITIONS
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
    [placed] = await log.append([sent])
    reader = log.reader([TOPIC], group="g")
    await reader.start()
    [stored] = await read(reader, 1)
    await reader.close()
    assert stored == Stored(TOPIC, partition_of(b"08566"), placed.offset, b"08566", sent.headers, sent.value)


async def test_records_of_a_key_stay_in_order_and_in_one_partition(log: EventLog) -> None:
    for start in range(0, 300, 100):
        await log.append([record(str(n % 7), str(n)) for n in range(start, start + 100)])
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
    placed = await log.append([record(str(n), str(n)) for n in range(50)])
    reader = log.reader([TOPIC], group=None)
    await reader.start()
    stored = await read(reader, 50)
    await reader.close()
    where = {int(item.value): (item.partition, item.offset) for item in stored}
    assert where == {n: (place.partition, place.offset) for n, place in enumerate(placed)}


async def test_ends_grow_by_what_is_appended(log: EventLog) -> None:
    assert set((await log.ends([TOPIC])).values()) == {0}
    await log.append([record("a", "1"), record("a", "2"), record("b", "3")])
    ends = await log.ends([TOPIC])
    assert len(ends) == PARTITIONS
    assert sum(ends.values()) == 3


async def test_a_group_goes_on_where_it_committed(log: EventLog) -> None:
    await log.append([record("a", str(n)) for n in range(10)])
    first = log.reader([TOPIC], group="g")
    await first.start()
    await read(first, 10)
    await first.close()
    await log.append([record("a", "10")])
    second = log.reader([TOPIC], group="g")
    await second.start()
    assert [item.value for item in await read(second, 1)] == [b"10"]
    await second.close()


async def test_what_was_not_committed_comes_again(log: EventLog) -> None:
    await log.append([record("a", "1")])
    first = log.reader([TOPIC], group="g")
    await first.start()
    await until(lambda: first.poll(10, 0.2), within=30, describe="the record")
    await first.close()
    second = log.reader([TOPIC], group="g")
    await second.start()
    assert [item.value for item in await read(second, 1)] == [b"1"]
    await second.close()


async def test_records_given_back_come_again_in_order(log: EventLog) -> None:
    await log.append([record("a", str(n)) for n in range(5)])
    reader = log.reader([TOPIC], group="g")
    await reader.start()
    before = await until(lambda: reader.poll(3, 0.2), within=30, describe="records")
    await reader.rewind()
    again = await read(reader, 5)
    await reader.close()
    assert [item.value for item in before] == [str(n).encode() for n in range(len(before))]
    assert [item.value for item in again] == [b"0", b"1", b"2", b"3", b"4"]


async def test_groups_do_not_disturb_each_other(log: EventLog) -> None:
    await log.append([record("a", "1")])
    for group in ("one", "two"):
        reader = log.reader([TOPIC], group=group)
        await reader.start()
        assert [item.value for item in await read(reader, 1)] == [b"1"]
        await reader.close()


async def test_a_reader_without_a_group_reads_everything_each_time(log: EventLog) -> None:
    await log.append([record("a", str(n)) for n in range(3)])
    for _ in range(2):
        reader = log.reader([TOPIC], group=None)
        await reader.start()
        assert [item.value for item in await read(reader, 3)] == [b"0", b"1", b"2"]
        await reader.close()


async def test_lag_is_what_was_not_yet_polled(log: EventLog) -> None:
    await log.append([record("a", str(n)) for n in range(5)])
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


async def test_making_topics_again_changes_nothing(log: EventLog) -> None:
    await log.append([record("a", "1")])
    await log.ensure_topics([TOPIC])
    assert sum((await log.ends([TOPIC])).values()) == 1


async def test_a_large_batch_is_stored_whole(log: EventLog) -> None:
    value = "x" * 400_000
    placed = await log.append([record("a", value) for _ in range(8)])
    assert [place.offset for place in placed] == list(range(8))


async def test_a_log_that_cannot_be_reached_says_so() -> None:
    nowhere = KafkaLog("127.0.0.1:1", client="test")
    with pytest.raises(LogUnavailable):
        await nowhere.append([record("a", "1")])
    with pytest.raises(LogUnavailable):
        await nowhere.ends([TOPIC])
    await nowhere.close()
    embedded = EmbeddedLog("postgresql://nobody@127.0.0.1:1/nothing", client="test")
    with pytest.raises(LogUnavailable):
        await embedded.append([record("a", "1")])
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
