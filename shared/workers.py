"""Background work that must run in one process at a time, however many serve the same database."""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from shared.db import FAULTS, Database

Step = Callable[[Database], Awaitable[bool]]

_LONGEST_PAUSE = 15.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Worker:
    """A step that is repeated.

    `step` returns True when it did something and is called again at once, else after `interval` seconds. It opens its
    own transactions and holds none across a network call. What it raises is logged and it is tried again later.
    """

    name: str
    step: Step
    interval: float = 1.0


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Wait, or less when `stop` is set; return whether it is."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


class WorkerLocks:
    """The connection on which a process holds the locks of its workers; who loses it has lost them all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._connection: asyncpg.Connection[Any] | None = None
        self._held: set[int] = set()

    async def hold(self, worker: Worker) -> bool:
        """Return whether the worker's lock is this process's, taking it where it is free.

        Raises:
            FAULTS: the database does not answer, or the connection was lost.
        """
        number = _number(worker)
        async with self._turn:
            try:
                connection = await self._open()
                if number in self._held:
                    await connection.execute("SELECT 1")
                elif await connection.fetchval("SELECT pg_try_advisory_lock($1)", number):
                    self._held.add(number)
            except FAULTS:
                self._drop()
                raise
            return number in self._held

    async def release(self, worker: Worker) -> None:
        """Let another process have the worker's lock."""
        number = _number(worker)
        async with self._turn:
            if self._connection is None or number not in self._held:
                return
            try:
                await self._connection.execute("SELECT pg_advisory_unlock($1)", number)
                self._held.discard(number)
            except FAULTS:
                self._drop()

    async def close(self) -> None:
        """Let go of every lock."""
        async with self._turn:
            if self._connection is not None:
                with contextlib.suppress(*FAULTS):
                    await self._connection.close(timeout=2)
                self._drop()

    async def _open(self) -> "asyncpg.Connection[Any]":
        if self._connection is None or self._connection.is_closed():
            self._drop()
            self._connection = await self._database.connect()
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._held.clear()
        if connection is not None:
            connection.terminate()


def _number(worker: Worker) -> int:
    """Return the number of the worker's advisory lock."""
    digest = hashlib.sha256(f"worker {worker.name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


async def run_worker(database: Database, locks: WorkerLocks, worker: Worker, stop: asyncio.Event) -> None:
    """Repeat the worker's step, in this process alone, until `stop` is set."""
    seconds = worker.interval
    while not stop.is_set():
        try:
            await _work(database, locks, worker, stop)
            seconds = worker.interval
        except Exception as error:
            log.warning("worker_waits", worker=worker.name, seconds=seconds, exc_info=error)
            await pause(stop, seconds)
            seconds = min(max(seconds, 0.5) * 2, _LONGEST_PAUSE)


async def _work(database: Database, locks: WorkerLocks, worker: Worker, stop: asyncio.Event) -> None:
    try:
        while not await locks.hold(worker):
            if await pause(stop, 1):
                return
        while not stop.is_set():
            if not await locks.hold(worker):  # another process took it when the connection was lost
                return
            if not await worker.step(database):
                await pause(stop, worker.interval)
    finally:
        await locks.release(worker)
