"""Appending to Apache Kafka: over connections that are made once.

A broker loses its last records only with its process, and with the process go its connections. A client that never
connects again cannot reach a broker that came back with less, unless it looked at what came back.
"""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from aiokafka import TopicPartition as KafkaPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import KafkaError, LeaderNotAvailableError, NoError, for_code
from aiokafka.protocol.offset import OffsetRequest, OffsetResetStrategy
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.eventlog.port import LogUnavailable, Placed, Record, TopicPartition, Writer, partition_of
from shared.events.contract import PARTITIONS

_BATCH_BYTES = 900_000  # under the broker's default limit of one message set, 1 MB
_TIMEOUT_MS = 15_000
_ALL_REPLICAS = -1
_FAULTS = (KafkaError, OSError, asyncio.TimeoutError)


class _OneLife(AIOKafkaClient):  # type: ignore[misc]
    """A client that, once bound, never connects again."""

    _bound = False

    async def bind(self) -> None:
        """Connect to every broker that is there; to none later."""
        await self.bootstrap()
        for broker in self.cluster.brokers():
            await self.ready(broker.nodeId)
        self._bound = True

    async def _get_conn(self, node_id: Any, *, group: Any = ConnectionGroup.DEFAULT, no_hint: bool = False) -> Any:
        if not self._bound:
            return await super()._get_conn(node_id, group=group, no_hint=no_hint)
        connection = self._conns.get((node_id, group))
        return connection if connection is not None and connection.connected() else None


class KafkaWriter(Writer):
    """Appends to topics whose names begin with `prefix`. `connect` makes one."""

    def __init__(self, client: _OneLife, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    @classmethod
    async def connect(cls, connection: Mapping[str, Any], prefix: str) -> Self:
        """Return a writer that is connected. Raises LogUnavailable."""
        client = _OneLife(**connection, request_timeout_ms=_TIMEOUT_MS)
        try:
            await client.bind()
        except BaseException as error:
            await client.close()
            if isinstance(error, _FAULTS):
                raise LogUnavailable(repr(error)) from error
            raise
        return cls(client, prefix)

    async def ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        everywhere = {
            (topic, number): (number, OffsetResetStrategy.LATEST) for topic in topics for number in range(PARTITIONS)
        }
        answers = await self._ask(everywhere, lambda asked: OffsetRequest(-1, 0, asked))
        return {at: offset for at, (_timestamp, offset, *_) in answers.items()}

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        """Store records, those of a partition batch after batch.

        Each batch is acknowledged before the next is sent: with several on the way, one could fail while a later one
        is stored, and the events of a household would change places.
        """
        queues: dict[TopicPartition, deque[int]] = defaultdict(deque)
        for index, record in enumerate(records):
            queues[record.topic, partition_of(record.key)].append(index)
        placed: dict[int, Placed] = {}
        while queues:
            batches = {at: _take_batch(records, queue) for at, queue in queues.items()}
            answers = await self._ask(
                {at: (at[1], built) for at, (built, _) in batches.items()},
                lambda asked: ProduceRequest(None, _ALL_REPLICAS, _TIMEOUT_MS, asked),
            )
            for at, (_, indexes) in batches.items():
                first = answers[at][0]
                placed |= {index: Placed(at[1], first + place) for place, index in enumerate(indexes)}
            queues = {at: queue for at, queue in queues.items() if queue}
        return [placed[index] for index in range(len(records))]

    async def _ask(
        self, wanted: Mapping[TopicPartition, tuple[int, Any]], request: Callable[[list[Any]], Any]
    ) -> dict[TopicPartition, Sequence[Any]]:
        """Send each partition's leader what is wanted of it; return what follows the error code in the answers.

        Raises:
            LogUnavailable: a leader is not there, or answered that it did not do as it was told.
        """
        try:
            by_leader: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
            for (topic, number), what in wanted.items():
                by_leader[await self._leader(topic, number)][self._prefix + topic].append(what)
            answers = await asyncio.gather(
                *(self._client.send(node, request(list(asked.items()))) for node, asked in by_leader.items())
            )
        except _FAULTS as error:
            raise LogUnavailable(repr(error)) from error
        found: dict[TopicPartition, Sequence[Any]] = {}
        for topic, partitions in (each for answer in answers for each in answer.topics):
            for number, error_code, *rest in partitions:
                if (refusal := for_code(error_code)) is not NoError:
                    raise LogUnavailable(f"{topic}-{number}: {refusal.__name__}")
                found[topic.removeprefix(self._prefix), number] = rest
        return found

    async def _leader(self, topic: str, number: int) -> int:
        at = KafkaPartition(self._prefix + topic, number)
        if self._client.cluster.leader_for_partition(at) in (None, -1):
            await self._client.force_metadata_update()
        leader = self._client.cluster.leader_for_partition(at)
        if leader in (None, -1):
            raise LeaderNotAvailableError(at)
        return int(leader)

    async def close(self) -> None:
        with contextlib.suppress(*_FAULTS):
            await self._client.close()


def _take_batch(records: Sequence[Record], queue: deque[int]) -> tuple[bytes, list[int]]:
    """Take from the queue what one batch holds, at least one record; return the batch and the indexes in it."""
    batch = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=_BATCH_BYTES,
    )
    taken: list[int] = []
    while queue:
        record = records[queue[0]]
        if batch.append(len(taken), None, record.key, record.value, list(record.headers)) is None:
            break
        taken.append(queue.popleft())
    return bytes(batch.build()), taken
