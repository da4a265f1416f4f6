"""How far the log reaches, how far it ever may have reached, and which events it has lost.

Consumers read on from where they stood. Where a log has lost its last records they may stand beyond its new end, and
whatever comes to stand before them they never see. So an event comes to stand at or beyond any place where it stood
before, and an event that never stood anywhere beyond every offset that was ever given out. What fills the offsets
between are copies of an event that follows: copies have no effect on whoever reads them.

Offsets may be given out, and read, without our hearing of it. So how far the log may reach after an append is written
down before the append (`log_marks.reach`).
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, TypeAlias

import asyncpg
import structlog

from shared.eventlog import Placed, TopicPartition, Writer

_MARKS = 'SELECT topic, partition, "offset", reach FROM log_marks'
_FORGET = """
UPDATE outbox o SET "offset" = NULL FROM unnest($1::text[], $2::int[], $3::bigint[]) AS u (topic, partition, "end")
WHERE o.topic = u.topic AND o.partition = u.partition AND o."offset" >= u."end"
"""
_FORGOTTEN = """
SELECT topic, partition, count(*) FROM outbox WHERE "offset" IS NULL AND position IS NOT NULL GROUP BY topic, partition
"""
_REMEMBER = """
INSERT INTO log_marks (topic, partition, "offset", reach)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
ON CONFLICT (topic, partition) DO UPDATE SET "offset" = excluded."offset", reach = excluded.reach
"""

log = structlog.get_logger(__name__)

Connection: TypeAlias = "asyncpg.Connection[Any]"


class Reach:
    """The ends of the log's partitions as one writer sees them, kept in `log_marks` over the relay's connection."""

    def __init__(self, connection: Connection, writer: Writer) -> None:
        self._connection = connection
        self._writer = writer
        self._ends: dict[TopicPartition, int] = {}
        self._acknowledged: dict[TopicPartition, int] = {}
        self._reach: dict[TopicPartition, int] = {}
        self.gaps: dict[TopicPartition, int] = {}

    async def take_up(self) -> None:
        """Compare how far the log was known to reach with how far it does; mark what it has lost as unsent."""
        for row in await self._connection.fetch(_MARKS):
            at = (row["topic"], row["partition"])
            self._acknowledged[at], self._reach[at] = row["offset"], row["reach"]
        await self._look({topic for topic, _ in self._reach})
        lost = {at: self._ends[at] for at, known in self._acknowledged.items() if self._ends[at] <= known}
        if lost:
            await self._forget(lost)
        again = {(row[0], row[1]): row[2] for row in await self._connection.fetch(_FORGOTTEN)}
        for at, reach in self._reach.items():
            gap = reach - self._ends[at] - again.get(at, 0)
            if gap > 0:
                self.gaps[at] = gap

    async def look_again(self) -> None:
        """See whether an append that we gave up came through late, and whether the log is still there."""
        await self._look({topic for topic, _ in self._ends})

    async def _look(self, topics: Set[str]) -> None:
        if not topics:
            return
        self._ends |= await self._writer.ends(sorted(topics))
        further = [at for at, reach in self._reach.items() if self._ends[at] > reach]
        if further:
            await self._remember(further)

    async def prepare(self, records: Mapping[TopicPartition, int]) -> None:
        """Write down how far the log may reach once so many records, and the copies before them, are appended."""
        await self._look({topic for topic, _ in records} - {topic for topic, _ in self._ends})
        for at, count in records.items():
            furthest = self._ends[at] + self.gaps.get(at, 0) + count
            self._reach[at] = max(self._reach.get(at, 0), furthest)
        await self._remember(list(records))

    async def arrived(self, places: Mapping[TopicPartition, Placed]) -> None:
        """Note the last place in each partition that an append was acknowledged at."""
        for at, place in places.items():
            self._ends[at] = place.offset + 1
            self._acknowledged[at] = place.offset
            self.gaps.pop(at, None)
        await self._remember(list(places))

    async def _forget(self, lost: Mapping[TopicPartition, int]) -> None:
        async with self._connection.transaction():
            tag = await self._connection.execute(
                _FORGET, [topic for topic, _ in lost], [number for _, number in lost], list(lost.values())
            )
            self._acknowledged |= {at: end - 1 for at, end in lost.items()}
            await self._remember(list(lost))
        log.warning("log_lost_records", partitions=[f"{topic}-{n}@{end}" for (topic, n), end in lost.items()], rows=tag)

    async def _remember(self, places: Sequence[TopicPartition]) -> None:
        for at in places:
            self._reach[at] = max(self._reach.get(at, 0), self._ends[at])
        await self._connection.execute(
            _REMEMBER,
            [topic for topic, _ in places],
            [number for _, number in places],
            [self._acknowledged.get(at, -1) for at in places],
            [self._reach[at] for at in places],
        )
