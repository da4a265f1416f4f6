"""Comparing records: new and changed ones as they come, everybody when asked to."""

from collections.abc import Mapping
from typing import Any

from structlog import get_logger

from services.registry import comparing
from services.registry.store.comparing import compare_everybody, compare_next, left_to_compare
from shared import clock
from shared.db import Database
from shared.faults import is_transient
from shared.jobs import JobContext
from shared.side_process import SideProcess, side_process

_log = get_logger(__name__)
_TRIES = 10


async def scan_for_duplicates(job: JobContext) -> Mapping[str, Any]:
    """Compare everybody. Who has been compared leaves the queue in the same transaction, so that it goes on after a
    crash where it was."""
    async with job.database.transaction() as session:
        left = await left_to_compare(session) if job.done else await compare_everybody(session)
        await job.progress(max(job.done, 1), session=session)  # from here on nobody is noted a second time
    total = left
    async with side_process(comparing.__name__) as process:
        while compared := await _compared(job.database, process):
            left = max(left - compared, 0)
            await job.progress(max(1, total - left), total)
    return {"people": total}


async def compare_new_people(database: Database) -> bool:
    """Compare those whose record is new or has changed; return whether there were any."""
    async with database.transaction() as session:
        left = await left_to_compare(session)
    if not left:
        return False
    async with side_process(comparing.__name__) as process:
        while await _compared(database, process):
            pass
    return True


async def _compared(database: Database, process: SideProcess) -> int:
    """Compare the next people; return how many. Who writes the same records may make it begin anew."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await compare_next(database, process, clock.now())
        except Exception as error:
            if attempt == _TRIES or not is_transient(error):
                raise
            _log.warning("comparing_again", attempt=attempt, exc_info=error)
    raise AssertionError("unreachable")
