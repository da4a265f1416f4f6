"""Apache Kafka through aiokafka."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from shared.eventlog.kafka_reader import REBALANCE_MS, KafkaReader
from shared.eventlog.kafka_writer import KafkaWriter
from shared.eventlog.port import EventLog, LogUnavailable, Reader, TopicPartition, Writer
from shared.events.contract import PARTITIONS

_LEADER_SECONDS = 0.1
_LEADER_LOOKS = 100


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
        self._observer: KafkaWriter | None = None  # asks how far partitions reach; writes nothing
        self._observing = asyncio.Lock()

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
                await self._until_led(topics)
        except TopicAlreadyExistsError:
            pass  # another service made it at the same moment
        except (KafkaError, OSError) as error:
            raise LogUnavailable(repr(error)) from error
        finally:
            await admin.close()

    async def _until_led(self, topics: Sequence[str]) -> None:
        """Return when every partition of new topics has its leader."""
        for look in range(_LEADER_LOOKS):
            try:
                await self.ends(topics)
            except LogUnavailable:
                if look == _LEADER_LOOKS - 1:
                    raise
                await asyncio.sleep(_LEADER_SECONDS)
            else:
                return

    async def writer(self) -> Writer:
        return await KafkaWriter.connect(self._connection, self._prefix)

    async def ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        async with self._observing:
            if self._observer is None:
                self._observer = await KafkaWriter.connect(self._connection, self._prefix)
            try:
                return await self._observer.ends(topics)
            except LogUnavailable:
                await self._drop_observer()
                raise

    async def _drop_observer(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            await observer.close()

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
            rebalance_timeout_ms=REBALANCE_MS,
            metadata_max_age_ms=30_000,
        )
        return KafkaReader(consumer, self._prefix, topics, in_group=group is not None)

    async def close(self) -> None:
        async with self._observing:
            await self._drop_observer()
