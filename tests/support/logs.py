"""Logs that stand before another log, to come between it and whoever uses it."""

import asyncio
from collections.abc import Mapping, Sequence

from shared.eventlog import EventLog, LogUnavailable, Placed, Reader, Record, TopicPartition, Writer


class Interposed(EventLog, Writer):
    """A log, and the one writer of it, that stands before another log; nothing is different yet."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def writer(self) -> Writer:
        self._writer = await self._log.writer()
        return self

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        return await self._writer.append(records)

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        await self._log.ensure_topics(topics)

    async def ends(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await self._writer.ends(topics)

    def reader(self, topics: Sequence[str], *, group: str | None) -> Reader:
        return self._log.reader(topics, group=group)

    async def close(self) -> None:
        """Close the writer, and leave the log to whoever opened it."""
        await self._writer.close()


class Hesitant(Interposed):
    """A log that stores what it is given and then, sometimes, does not say so."""

    def __init__(self, log: EventLog, *, silent: int) -> None:
        super().__init__(log)
        self._silent = silent

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        placed = await super().append(records)
        if self._silent:
            self._silent -= 1
            raise LogUnavailable("stored, not acknowledged")
        return placed


class Doubling(Interposed):
    """A log that stores each batch twice, as a producer does that sends again what it believes lost."""

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        await super().append(records)
        return await super().append(records)


class Silenced(Interposed):
    """A log that stores what it is given and says nothing of it until `go`, and then that it failed. Once."""

    def __init__(self, log: EventLog) -> None:
        super().__init__(log)
        self.stored = asyncio.Event()
        self.go = asyncio.Event()

    async def append(self, records: Sequence[Record]) -> list[Placed]:
        placed = await super().append(records)
        if not self.go.is_set():
            self.stored.set()
            await self.go.wait()
            raise LogUnavailable("stored, not acknowledged")
        return placed
