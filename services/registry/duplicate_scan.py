"""Comparing records: new and changed ones as they come, everybody when asked to."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

from structlog import get_logger

from services.registry import comparing
from services.registry.store.comparing import Looked, compare_everybody, compare_next, left_to_compare
from shared import clock
from shared.db import Database
from shared.faults import is_transient
from shared.jobs import JobContext
from shared.side_process import SideProcess, side_process

_log = get_logger(__name__)
_TRIES = 10
_LOOK_AGAIN = 1.0  # seconds


async def scan_for_duplicates(job: JobContext) -> Mapping[str, Any]:
    """Compare everybody. Who has been compared does not wait any more, so that it goes on after a crash where it was.

    Where others compare already, everybody is compared by them, and this says how far they are.
    """
    async with job.database.transaction() as session:
        left = await left_to_compare(session) if job.done else await compare_everybody(session)
        await job.progress(max(job.done, 1), session=session)  # from here on nobody is noted a second time
    total = left
    while left:
        async with aclosing(_all_that_wait(job.database)) as comparing_them:
            async for compared in comparing_them:
                left = max(left - compared, 0)
                await job.progress(max(1, total - left), total)
        left = await _left(job.database)
        if left:
            await job.progress(max(1, total - left), total)
            await asyncio.sleep(_LOOK_AGAIN)
    return {"people": total}


async def compare_new_people(database: Database) -> bool:
    """Compare those whose record is new or has changed; return whether there were any."""
    if not await _left(database):
        return False
    return bool([compared async for compared in _all_that_wait(database)])


async def _left(database: Database) -> int:
    async with database.transaction() as session:
        return await left_to_compare(session)


async def _all_that_wait(database: Database) -> AsyncGenerator[int, None]:
    """Compare people until nobody waits, and give how many each time; nothing where somebody else does so already."""
    async with _alone(database) as alone:
        if not alone:
            return
        async with side_process(comparing.__name__) as process:
            looked = await _compared(database, process, None)
            while looked.last is not None:
                yield looked.people
                looked = await _compared(database, process, looked.last)
                if looked.last is None:  # from the beginning: who was being written about, or has changed since
                    looked = await _compared(database, process, None)


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[bool]:
    """Say whether nobody else compares, and keep it so for the block: two would look at the same people.

    Who loses the connection is not alone any more. That costs work and does no harm.
    """
    connection = await database.connect()
    try:
        yield await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended('registry.comparing', 0))")
    finally:
        await connection.close()


async def _compared(database: Database, process: SideProcess, after: UUID | None) -> Looked:
    """Compare the next people after one. Who writes the same records may make it begin anew."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await compare_next(database, process, clock.now(), after)
        except Exception as error:
            if attempt == _TRIES or not is_transient(error):
                raise
            _log.warning("comparing_again", attempt=attempt, exc_info=error)
    raise AssertionError("unreachable")
