"""The port: what the platform needs of an event log, whichever runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from aiokafka.partitioner import murmur2

from shared.events.contract import PARTITIONS

TopicPartition = tuple[str, int]


class LogUnavailable(Exception):
    """The log did not take, or did not give, what was asked: try again. Nothing is known about what it stored."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record to append."""

    topic: str
    key: bytes
    headers: tuple[tuple[str, bytes], ...]
    value: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a record was stored."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as read from the log."""

    topic: str
    partition: int
    offset: int
    key: bytes
    headers: tuple[tuple[str, bytes], ...]
    value: bytes


@lru_cache(maxsize=8_192)  # more keys than a batch of the relay has; the hash is slow in Python
def partition_of(key: bytes) -> int:
    """Return the partition of a key: Kafka's own murmur2, so that any client puts a household in the same place."""
    return int((murmur2(key) & 0x7FFFFFFF) % PARTITIONS)


class Reader(Protocol):
    """A member of a consumer group, or, without a group, a reader of everything from the first record on.

    Between a `poll` that returned records and the `commit` or `rewind` that follows it, the records are in hand:
    their partitions are not given to another member.
    """

    async def start(self) -> None:
        """Join. Raises LogUnavailable."""

    async def poll(self, limit: int, wait: float) -> Sequence[Stored]:
        """Return up to `limit` records, after at most `wait` seconds; those of a partition in order."""

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Record the next offset to read of each partition; whoever takes over starts there."""

    async def rewind(self) -> None:
        """Give the records in hand back: the next poll returns them again."""

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Return how many records of each partition in our care were not polled yet."""

    async def close(self) -> None:
        """Leave the group."""


class Writer(Protocol):
    """Appends to the log for as long as the log lives on without a break.

    A log may lose its last records only by going away and coming back, as a broker does that had not flushed them. A
    writer does not outlive that: what `ends` told holds, but for what is appended since, until an `append` fails. After
    LogUnavailable a writer is of no more use; close it, open another, and look again how far the log reaches.
    """

    async def ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        """Return the offset that the next record of each partition will get. Raises LogUnavailable."""

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        """Store records, those of one key in the order given, and return where each stands.

        Raises:
            LogUnavailable: some or all records may not be stored, or be stored and not acknowledged; append them again.
        """

    async def close(self) -> None:
        """Close the connections."""


class EventLog(Protocol):
    """Topics of keyed records in `PARTITIONS` partitions each. Records of one key stay in the order of appending."""

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create the topics that are missing. Raises LogUnavailable."""

    async def writer(self) -> Writer:
        """Return a writer of its own connections. Raises LogUnavailable."""

    async def ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        """Return the offset that the next record of each partition will get. Raises LogUnavailable."""

    def reader(self, topics: Sequence[str], *, group: str | None) -> Reader:
        """Return a reader, not yet started."""

    async def close(self) -> None:
        """Close every connection of its own and of its readers; writers are closed by whoever opened them."""
