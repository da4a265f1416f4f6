"""Apache Kafka through aiokafka."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, TopicAlreadyExistsError

from shared.eventlog.port import EventLog, LogUnavailable, Placed, Reader, Record, Stored, TopicPartition, partition_of
from shared.events.contract import PARTITIONS

_BATCH_BYTES = 900_000  # under the broker's default limit of one message set, 1 MB
_REBALANCE_MS = 60_000  # a member may finish the batch in hand before it lets go


class KafkaLog(EventLog):
    """Topics in Kafka. `prefix` stands before each topic's and group's name where platforms share a broker.

    `security` are the client's options for a broker that asks who connects (`shared.eventlog.security`).
    A member of a group that was not heard of for `session_seconds` loses its partitions to the others.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        client: str,
        prefix: str = "",
        replication: int = 1,
        session_seconds: float = 15,
        security: Mapping[str, Any] | None = None,
    ) -> None:
        self._connection = {"bootstrap_servers": bootstrap, "client_id": client, **(security or {})}
        self._prefix = prefix
        self._replication = replication
        self._session_seconds = session_seconds
        self._producer: AIOKafkaProducer | None = None
        self._observer: AIOKafkaConsumer | None = None  # asks how far partitions reach; reads nothing
        self._starting = asyncio.Lock()

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        admin = AIOKafkaAdminClient(**self._connection)
        try:
            await admin.start()
            there = set(await admin.list_topics())
            missing = [self._prefix + topic for topic in topics if self._prefix + topic not in there]
            if missing:
                await admin.create_topics(
                    [
                        # Facts are kept for good: the log is what projections are rebuilt from.
                        NewTopic(name, PARTITIONS, self._replication, topic_configs={"retention.ms": "-1"})
                        for name in missing
                    ]
                )
                await self.ends(topics)  # answered when every partition has its leader
        except TopicAlreadyExistsError:
            pass  # another service made it at the same moment
        except (KafkaError, OSError) as error:
            raise LogUnavailable(repr(error)) from error
        finally:
            await admin.close()

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        queues: dict[TopicPartition, list[int]] = defaultdict(list)
        for index, record in enumerate(records):
            queues[record.topic, partition_of(record.key)].append(index)
        placed: dict[int, Placed] = {}
        try:
            producer = await self._connected_producer()
            await asyncio.gather(
                *(self._append_partition(producer, records, at, queue, placed) for at, queue in queues.items())
            )
        except (KafkaError, OSError) as error:
            await self._drop_producer()
            raise LogUnavailable(repr(error)) from error
        return [placed[index] for index in range(len(records))]

    async def _append_partition(
        self,
        producer: AIOKafkaProducer,
        records: Sequence[Record],
        at: TopicPartition,
        queue: Sequence[int],
        placed: dict[int, Placed],
    ) -> None:
        """Send one partition's records batch after batch.

        Each batch is acknowledged before the next is sent. With several on the way, one could expire while a later
        one is stored, and the events of a household would change places.
        """
        topic, partition = at
        sent = 0
        while sent < len(queue):
            batch = producer.create_batch()
            size = 0
            for index in queue[sent:]:
                record = records[index]
                appended = batch.append(
                    timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
                )
                if appended is None:
                    break
                size += 1
            if not size:
                raise LogUnavailable(f"a record of {topic} is larger than a batch may be")
            batch.close()
            stored = await (await producer.send_batch(batch, self._prefix + topic, partition=partition))
            for position, index in enumerate(queue[sent : sent + size]):
                placed[index] = Placed(partition, stored.offset + position)
            sent += size

    async def _connected_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._connection,
                    acks="all",
                    max_batch_size=_BATCH_BYTES,
                    request_timeout_ms=15_000,
                )
                # No retries of its own, and so no idempotence, which is for them: one might reach a broker that came
                # back without its last records, and store newer events before the older ones are back. Who appends
                # looks first how far the log reaches.
                producer._message_accumulator._batch_ttl = 0
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _drop_producer(self) -> None:
        """Forget a producer that failed, with all that it still holds."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 5)
            except TimeoutError:  # it still waits to be rid of what it holds, and would for ever
                await producer.client.close()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(producer._sender.close(), 5)
            except (KafkaError, OSError):
                pass

    async def ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        wanted = [KafkaPartition(self._prefix + topic, number) for topic in topics for number in range(PARTITIONS)]
        try:
            observer = await self._connected_observer()
            ends = await observer.end_offsets(wanted)
        except (KafkaError, OSError) as error:
            await self._drop_observer()
            raise LogUnavailable(repr(error)) from error
        return {(at.topic.removeprefix(self._prefix), at.partition): offset for at, offset in ends.items()}

    async def _connected_observer(self) -> AIOKafkaConsumer:
        async with self._starting:
            if self._observer is None:
                observer = AIOKafkaConsumer(**self._connection)
                try:
                    await observer.start()
                except BaseException:
                    await observer.stop()
                    raise
                self._observer = observer
            return self._observer

    async def _drop_observer(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            with contextlib.suppress(KafkaError, OSError, asyncio.TimeoutError):
                await asyncio.wait_for(observer.stop(), 5)

    def reader(self, topics: Sequence[str], *, group: str | None) -> Reader:
        consumer = AIOKafkaConsumer(
            **self._connection,
            group_id=None if group is None else self._prefix + group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=int(self._session_seconds * 1000),
            heartbeat_interval_ms=int(self._session_seconds * 200),
            rebalance_timeout_ms=_REBALANCE_MS,
            metadata_max_age_ms=30_000,
        )
        return _KafkaReader(consumer, self._prefix, topics, in_group=group is not None)

    async def close(self) -> None:
        await self._drop_producer()
        await self._drop_observer()


class _KafkaReader(ConsumerRebalanceListener):  # type: ignore[misc]
    """One member of a group, or one that reads every partition from its beginning."""

    def __init__(self, consumer: AIOKafkaConsumer, prefix: str, topics: Sequence[str], *, in_group: bool) -> None:
        self._consumer = consumer
        self._prefix = prefix
        self._topics = [prefix + topic for topic in topics]
        self._in_group = in_group
        self._first_in_hand: dict[KafkaPartition, int] = {}
        self._free = asyncio.Event()
        self._free.set()

    async def start(self) -> None:
        try:
            await self._consumer.start()
            if self._in_group:
                self._consumer.subscribe(self._topics, listener=self)
            else:
                everything = [KafkaPartition(topic, n) for topic in self._topics for n in range(PARTITIONS)]
                self._consumer.assign(everything)
                await self._consumer.seek_to_beginning(*everything)
        except (KafkaError, OSError) as error:
            await self.close()
            raise LogUnavailable(repr(error)) from error

    async def on_partitions_revoked(self, revoked: Sequence[KafkaPartition]) -> None:
        """Wait for the batch in hand to be committed or given back before another member gets its partitions."""
        if revoked and self._first_in_hand:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._free.wait(), _REBALANCE_MS / 1000 / 2)

    async def on_partitions_assigned(self, assigned: Sequence[KafkaPartition]) -> None:
        """Nothing to prepare: reading starts at the committed offsets."""

    async def poll(self, limit: int, wait: float) -> Sequence[Stored]:
        try:
            batches = await self._consumer.getmany(timeout_ms=int(wait * 1000), max_records=limit)
        except (KafkaError, OSError) as error:
            raise LogUnavailable(repr(error)) from error
        self._first_in_hand = {at: records[0].offset for at, records in batches.items() if records}
        if self._first_in_hand:
            self._free.clear()
        return [
            Stored(
                at.topic.removeprefix(self._prefix),
                at.partition,
                record.offset,
                record.key or b"",
                tuple((name, value or b"") for name, value in record.headers),
                record.value or b"",
            )
            for at, records in batches.items()
            for record in records
        ]

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        try:
            if self._in_group and offsets:
                await self._consumer.commit(
                    {
                        KafkaPartition(self._prefix + topic, number): offset
                        for (topic, number), offset in offsets.items()
                    }
                )
        except (CommitFailedError, IllegalStateError):
            pass  # the partition went to another member; it reads these records again and its inbox drops them
        except (KafkaError, OSError) as error:
            raise LogUnavailable(repr(error)) from error
        finally:
            self._let_go()

    async def rewind(self) -> None:
        for at, offset in self._first_in_hand.items():
            with contextlib.suppress(IllegalStateError):  # no longer ours
                self._consumer.seek(at, offset)
        self._let_go()

    def _let_go(self) -> None:
        self._first_in_hand = {}
        self._free.set()

    async def lag(self) -> Mapping[TopicPartition, int]:
        lags: dict[TopicPartition, int] = {}
        ends = {at: self._consumer.highwater(at) for at in self._consumer.assignment()}
        for at, end in ends.items():
            if end is not None:
                with contextlib.suppress(IllegalStateError):  # given to another member while we asked
                    behind = end - await self._consumer.position(at)
                    lags[at.topic.removeprefix(self._prefix), at.partition] = max(0, behind)
        return lags

    async def close(self) -> None:
        self._let_go()
        with contextlib.suppress(KafkaError, OSError, asyncio.TimeoutError):
            await asyncio.wait_for(self._consumer.stop(), 10)
