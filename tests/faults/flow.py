"""Events that flow without a break, through processes that a test kills, and what must be true of them in the end.

Some households are written to at random; one more commits each time behind others that took their places later; a
reader follows the journal by position.
"""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select

from shared.eventlog import LogUnavailable, Stored
from shared.faults import is_transient
from shared.messaging.envelope import from_stored
from shared.messaging.tables import outbox
from shared.workers import pause
from tests.support.events import TOPIC, Chain, effects, write_next
from tests.support.waiting import until

SOAK = bool(os.environ.get("ANSINH_SOAK"))
HOUSEHOLDS = 300 if SOAK else 40
LATE = HOUSEHOLDS  # the number of the household that commits late
_AHEAD = 3_000 if SOAK else 300  # how far the writer may run ahead of the effects
_WITHIN = 180.0
_LAST_LINES = 15


class Part:
    """A relay or consumer process that can be killed and started again. What it prints goes to a file in `folder`."""

    def __init__(self, kind: str, name: str, environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "tests.support.chain_process", kind, name]
        self._environment = {**os.environ, **environment}
        self._output = folder / f"{name}.log"
        self.start()

    def start(self) -> None:
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=output, stderr=output)

    def kill(self) -> None:
        """End the process at once (SIGKILL)."""
        assert self.process.poll() is None, f"{self.name} had ended by itself"
        self.end()

    def end(self) -> None:
        """See that the process is gone."""
        self.process.kill()
        self.process.wait()

    async def stop(self) -> None:
        """Ask the process to end (SIGTERM), and see that it does so in order."""
        self.process.terminate()
        assert await asyncio.to_thread(self.process.wait, 60) == 0

    def last_lines(self) -> str:
        """Return the last that the process printed."""
        return "\n".join(self._output.read_text().splitlines()[-_LAST_LINES:])


class Flow:
    """What flows, and the parts it flows through. `chance` decides what a test leaves to chance."""

    def __init__(self, chain: Chain, environment: Mapping[str, str], folder: Path) -> None:
        seed = random.randrange(1 << 30)
        sys.stdout.write(f"seed {seed}\n")  # shown when the test fails
        self.chain = chain
        self.chance = random.Random(seed)
        self.parts: list[Part] = []
        self._writes = random.Random(seed + 1)
        self._environment = environment
        self._folder = folder
        self._enough = asyncio.Event()
        self._done = asyncio.Event()
        self._followed: list[tuple[int, UUID]] = []

    def part(self, kind: Literal["relay", "consumer"], name: str | None = None, **environment: str) -> Part:
        """Start a relay or a consumer."""
        database = self.chain.producer if kind == "relay" else self.chain.consumer
        url = database.url.render_as_string(hide_password=False)
        settings = {**self._environment, "CHAIN_DATABASE": url, **environment}
        self.parts.append(Part(kind, name or kind, settings, self._folder))
        return self.parts[-1]

    async def goes_on(self, events: int | None = None) -> None:
        """Wait until so many more events, a random number when none is given, had their effect; then a moment more."""
        reached = await self._effects() + (events or self.chance.randint(20, 2_000 if SOAK else 200))

        async def had() -> bool:
            return await self._effects() >= reached

        await until(had, within=_WITHIN, describe=f"{reached} effects")
        await pause(self._enough, self.chance.random() / 5)  # not always right behind an effect

    async def calm(self) -> None:
        """Stop writing and wait until everything written had its effect."""
        self._enough.set()

        async def nothing_ahead() -> bool:
            return await self._ahead() == 0

        await until(nothing_ahead, within=_WITHIN, describe="every effect")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write and follow for the block; then see that all had its effect once, in order, and is in the journal."""
        tasks = [asyncio.create_task(run()) for run in (self._write, self._commit_late, self._follow)]
        try:
            yield
            await self.calm()
            await asyncio.gather(*tasks[:2])
            await self.chain.each_once_in_order(within=_WITHIN)
            await self._journal_was_followed()
            await tasks[2]
            await self._log_holds_all_in_order()
        except BaseException:
            for part in self.parts:
                sys.stdout.write(f"--- {part.name}: {part.process.poll()}\n{part.last_lines()}\n")
            raise
        finally:
            for task in tasks:
                task.cancel()
            for part in self.parts:
                part.end()

    async def by_member(self, name: str) -> int:
        """Return how many effects a consumer had, by the name it was started with."""
        async with self.chain.consumer.transaction() as session:
            query = select(func.count()).select_from(effects).where(effects.c.member == name)
            return int((await session.execute(query)).scalar_one())

    async def ends(self) -> Mapping[tuple[str, int], int]:
        """Return where the partitions end, as soon as the log, which may just have come back, answers."""

        async def ask() -> Mapping[tuple[str, int], int] | None:
            try:
                return await self.chain.log.ends([TOPIC])
            except LogUnavailable:
                return None

        return await until(ask, within=60, describe="an answer of the log") or {}

    async def stored(self) -> list[Stored]:
        """Return what stands in the log, those of a partition in order."""
        ends = await self.ends()
        reader = self.chain.log.reader([TOPIC], group=None)
        await reader.start()
        records: list[Stored] = []
        reached = {at: 0 for at, end in ends.items() if end}

        async def all_read() -> bool:
            polled = await reader.poll(1_000, 0.2)
            records.extend(polled)
            reached.update({(record.topic, record.partition): record.offset + 1 for record in polled})
            return all(reached[at] >= ends[at] for at in reached)

        await until(all_read, within=_WITHIN, describe="the log read to its end")
        await reader.close()
        return records

    async def _write(self) -> None:
        async def write() -> None:
            numbers = self._writes.sample(range(HOUSEHOLDS), 10)
            await self.chain.write_next(*numbers, each=self._writes.randint(1, 3))

        while not self._enough.is_set():
            await _through_faults(write)
            await pause(self._enough, 0.02)
            await until(self._may_write, within=_WITHIN, describe="effects that keep up")

    async def _may_write(self) -> bool:
        return self._enough.is_set() or await self._ahead() < _AHEAD

    async def _commit_late(self) -> None:
        async def write() -> None:
            async with self.chain.producer.transaction() as session:
                await write_next(session, [LATE], each=2)  # takes its places in the outbox now
                reached = await self.chain.sent() + 40

                async def passed() -> bool:
                    return self._enough.is_set() or await self.chain.sent() >= reached

                await until(passed, within=_WITHIN, describe="later events in the log")

        while not self._enough.is_set():
            await _through_faults(write)

    async def _follow(self) -> None:
        async def read() -> None:
            since = self._followed[-1][0] if self._followed else 0
            query = select(outbox.c.position, outbox.c.id).where(outbox.c.position > since)
            async with self.chain.producer.transaction() as session:
                rows = await session.execute(query.order_by(outbox.c.position).limit(100))
            self._followed.extend((position, event_id) for position, event_id in rows)

        while not self._done.is_set():
            await _through_faults(read)
            await pause(self._done, 0.02)

    async def _journal_was_followed(self) -> None:
        """See that who followed the journal by position has read each event once."""
        journal = await until(self._journal, within=_WITHIN, describe="every event numbered") or []
        await until(lambda: len(self._followed) >= len(journal), within=30, describe=f"{len(journal)} events followed")
        self._done.set()
        assert self._followed == journal

    async def _journal(self) -> list[tuple[int, UUID]] | None:
        """Return the journal once all of it is numbered: an event can have its effect just before that."""
        async with self.chain.producer.transaction() as session:
            rows = await session.execute(select(outbox.c.position, outbox.c.id).order_by(outbox.c.position))
        journal = [(position, event_id) for position, event_id in rows]
        return None if any(position is None for position, _ in journal) else journal

    async def _log_holds_all_in_order(self) -> None:
        """See that who reads the log from its beginning gets every event, each household's in order."""
        found: dict[UUID, dict[UUID, None]] = {}
        for message in map(from_stored, await self.stored()):
            found.setdefault(UUID(message.key), {})[message.id] = None
        async with self.chain.producer.transaction() as session:
            rows = await session.execute(select(outbox.c.key, outbox.c.id).order_by(outbox.c.position))
        journal: dict[UUID, list[UUID]] = {}
        for key, event_id in rows:
            journal.setdefault(UUID(key), []).append(event_id)
        assert {key: list(ids) for key, ids in found.items()} == journal

    async def _ahead(self) -> int:
        """Return how many events are written, as far as we can ask, that had no effect."""
        written = 1
        effects = 0

        async def ask() -> None:
            nonlocal written, effects
            effects = await self.chain.count_effects()
            written = sum(len(numbers) for numbers in (await self.chain.truth()).values())

        await _through_faults(ask)
        return written - effects

    async def _effects(self) -> int:
        effects = -1

        async def ask() -> None:
            nonlocal effects
            effects = await self.chain.count_effects()

        await _through_faults(ask)
        return effects


async def _through_faults(do: Callable[[], Awaitable[None]]) -> None:
    """Do something; what comes of a database that is away is none of the writer's and reader's business."""
    try:
        await do()
    except Exception as error:
        if not is_transient(error):
            raise
