"""Background work that must run in one process at a time, however many serve the same database."""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

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


async def run_worker(database: Database, worker: Worker, stop: asyncio.Event) -> None:
    """Repeat the worker's step, in this process alone, until `stop` is set."""
    seconds = worker.interval
    while not stop.is_set():
        try:
            await _hold_lock_and_work(database, worker, stop)
            seconds = worker.interval
        except Exception as error:
            log.warning("worker_waits", worker=worker.name, seconds=seconds, exc_info=error)
            await pause(stop, seconds)
            seconds = min(max(seconds, 0.5) * 2, _LONGEST_PAUSE)


async def _hold_lock_and_work(database: Database, worker: Worker, stop: asyncio.Event) -> None:
    digest = hashlib.sha256(f"worker {worker.name}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    connection = await database.connect()
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", number):
            if await pause(stop, 1):
                return
        while not stop.is_set():
            await connection.execute("SELECT 1")  # who lost the connection lost the lock
            if not await worker.step(database):
                await pause(stop, worker.interval)
    finally:
        with contextlib.suppress(*FAULTS):
            await connection.close(timeout=2)
