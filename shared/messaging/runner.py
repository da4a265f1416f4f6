"""A consumer at work: poll, apply, commit; wait out what heals, put aside what does not."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from shared.db import Database
from shared.eventlog import EventLog, LogUnavailable, Reader, Stored, TopicPartition
from shared.faults import is_transient
from shared.messaging.consumers import Consumer, apply, read_envelopes
from shared.workers import pause

BATCH = 1_000
_POLL_SECONDS = 1.0
_LONGEST_PAUSE = 15.0
_STUCK_SECONDS = 120.0

log = structlog.get_logger(__name__)


@dataclass
class Progress:
    """How a consumer stands, for health and metrics. Times are of the monotonic clock."""

    last_poll: float = field(default_factory=time.monotonic)
    last_progress: float = field(default_factory=time.monotonic)
    lag: int = 0
    handled: int = 0
    put_aside: int = 0
    newest: float = 0.0  # Unix time of the newest event handled
    waiting_for: str | None = None


class Runner:
    """Runs one consumer in this process until it is stopped; the batch in hand is finished first."""

    def __init__(self, database: Database, event_log: EventLog, consumer: Consumer) -> None:
        self.consumer = consumer
        self.progress = Progress()
        self._database = database
        self._log = event_log

    async def run(self, stop: asyncio.Event) -> None:
        """Read and apply until `stop` is set; join the group anew after a fault of the log."""
        seconds = 0.2
        while not stop.is_set():
            reader = self._log.reader(self.consumer.topics, group=self.consumer.name)
            try:
                await reader.start()
                await self._read(reader, stop)
                seconds = 0.2
            except LogUnavailable as error:
                self.progress.waiting_for = "event_log"
                log.warning("consumer_waits", consumer=self.consumer.name, error=str(error), seconds=seconds)
                await pause(stop, seconds)
                seconds = min(seconds * 2, _LONGEST_PAUSE)
            finally:
                await reader.close()

    async def _read(self, reader: Reader, stop: asyncio.Event) -> None:
        seconds = 0.1
        while not stop.is_set():
            records = await reader.poll(BATCH, _POLL_SECONDS)
            self.progress.last_poll = time.monotonic()
            if records:
                try:
                    await self._process(records)
                except Exception as error:
                    self.progress.waiting_for = type(error).__name__
                    if not is_transient(error):
                        raise
                    await reader.rewind()
                    log.warning("consumer_waits", consumer=self.consumer.name, error=type(error).__name__)
                    await pause(stop, seconds)
                    seconds = min(seconds * 2, _LONGEST_PAUSE)
                    continue
                await reader.commit(_next_offsets(records))
                self.progress.last_progress = time.monotonic()
                self.progress.waiting_for = None
                seconds = 0.1
            await self._watch(reader, idle=not records)

    async def _watch(self, reader: Reader, *, idle: bool) -> None:
        """Measure the lag; give up a membership that receives nothing although there is something to read."""
        lag = await reader.lag()
        self.progress.lag = sum(lag.values())
        if not idle or not self.progress.lag:
            self.progress.last_progress = time.monotonic()
        elif time.monotonic() - self.progress.last_progress > _STUCK_SECONDS:
            self.progress.last_progress = time.monotonic()
            raise LogUnavailable(f"no record in {_STUCK_SECONDS:.0f} s with {self.progress.lag} to read")

    async def _process(self, records: Sequence[Stored]) -> None:
        """Apply a batch in one transaction."""
        messages = read_envelopes(self.consumer, records)
        if not messages:
            return
        async with self._database.transaction() as session:
            applied = await apply(session, self.consumer, messages)
        self.progress.handled += applied.new
        self.progress.put_aside += applied.failed
        self.progress.newest = max(self.progress.newest, max(message.time for message in messages).timestamp())


def _next_offsets(records: Sequence[Stored]) -> dict[TopicPartition, int]:
    offsets: dict[TopicPartition, int] = {}
    for record in records:
        at = (record.topic, record.partition)
        offsets[at] = max(record.offset + 1, offsets.get(at, 0))
    return offsets
