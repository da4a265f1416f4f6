"""Reading from Apache Kafka."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.eventlog.port import LogUnavailable, Stored, TopicPartition
from shared.events.contract import PARTITIONS

REBALANCE_MS = 60_000  # a member may finish the batch in hand before it lets go


class KafkaReader(ConsumerRebalanceListener):  # type: ignore[misc]
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
                await asyncio.wait_for(self._free.wait(), REBALANCE_MS / 1000 / 2)

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
