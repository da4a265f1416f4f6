"""Who does the jobs: takes them up one by one, shows life while a handler works, writes how it ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from shared.db import Database, Transaction
from shared.http.problems import Problem
from shared.jobs import store
from shared.jobs.store import Job, JobLost
from shared.tracing import next_traceparent, trace

_log = get_logger(__name__)
_NO_DATABASE = (SQLAlchemyError, OSError)
_FAULT_PAUSE = 1.0  # seconds to wait when the database does not answer


class JobContext:
    """A job in its handler's hands."""

    def __init__(self, database: Database, job: Job) -> None:
        self.database = database
        self.id: UUID = job.id
        self.arguments: Mapping[str, Any] = job.arguments
        self.created_by: str = job.created_by
        self.done: int = job.done
        self._job = job

    async def progress(self, done: int, total: int | None = None, *, session: Transaction | None = None) -> None:
        """Store how far the work came. In the handler's own `session` it becomes true together with the work.

        Raises:
            JobLost: another runner has the job; give up without writing more.
        """
        if session is not None:
            await store.note_progress(session, self._job, done, total)
        else:
            async with self.database.transaction() as own:
                await store.note_progress(own, self._job, done, total)
        self.done = max(self.done, done)


Handler = Callable[[JobContext], Awaitable[Mapping[str, Any]]]


def _as_stored(problem: Problem) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(orjson.dumps(problem.fields, default=str))
    return {"status": problem.status, "code": problem.code, "fields": fields}


class JobRunner:
    """Runs the jobs of one service's database, `slots` at a time, by the handler of their kind.

    A job whose process dies is taken up again by any runner after `stale_after` seconds. `poll` is the pause, in
    seconds, before looking again when nothing waits.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        slots: int = 2,
        poll: float = 0.2,
        stale_after: float = 30.0,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._slots = slots
        self._poll = poll
        self._stale_after = stale_after

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do jobs while the block runs; those in work at its end are given back, to be taken up at once."""
        workers = [asyncio.create_task(self._work(), name=f"jobs-{slot}") for slot in range(self._slots)]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            try:
                job = await self._next()
                if job is None:
                    await asyncio.sleep(self._poll)
                else:
                    await self._do(job)
            except Exception:  # noqa: BLE001 - a worker outlives every fault; a job it held is taken up when stale
                _log.exception("jobs_interrupted")
                await asyncio.sleep(_FAULT_PAUSE)

    async def _next(self) -> Job | None:
        async with self._database.transaction() as session:
            job = await store.claim(session, tuple(self._handlers), stale_after=self._stale_after)
            if job is not None and job.attempt > store.MAX_ATTEMPTS:
                await store.fail(session, job, _as_stored(Problem(500, "job_failed")))
                _log.error("job_given_up", job=str(job.id), kind=job.kind)
                return None
        return job

    async def _do(self, job: Job) -> None:
        with trace(next_traceparent(job.traceparent)):
            handling = asyncio.ensure_future(self._handlers[job.kind](JobContext(self._database, job)))
            living = asyncio.create_task(self._show_life(job))
            try:
                await asyncio.wait({handling, living}, return_when=asyncio.FIRST_COMPLETED)
                if handling.done():
                    await self._end(job, handling)
                else:
                    _log.warning("job_lost", job=str(job.id), kind=job.kind)
            except asyncio.CancelledError:
                await _stop(handling)
                await self._give_back(job)
                raise
            finally:
                await _stop(living, handling)

    async def _end(self, job: Job, handling: "asyncio.Future[Mapping[str, Any]]") -> None:
        """Write how a handler ended."""
        error = asyncio.CancelledError() if handling.cancelled() else handling.exception()
        if isinstance(error, JobLost):
            _log.warning("job_lost", job=str(job.id), kind=job.kind)
            return
        if error is not None and not isinstance(error, Problem):
            _log.error("job_failed", job=str(job.id), kind=job.kind, exc_info=error)
            error = Problem(500, "job_failed")
        async with self._database.transaction() as session:
            if error is None:
                await store.finish(session, job, handling.result())
            else:
                await store.fail(session, job, _as_stored(error))
        _log.info("job_ended", job=str(job.id), kind=job.kind, failed=error is not None)

    async def _show_life(self, job: Job) -> None:
        """Return when the job is no longer ours."""
        while True:
            await asyncio.sleep(self._stale_after / 3)
            try:
                async with self._database.transaction() as session:
                    await store.show_life(session, job)
            except JobLost:
                return
            except _NO_DATABASE:  # the next sign of life may get through; the attempt guards every write meanwhile
                _log.warning("job_sign_of_life_failed", job=str(job.id), exc_info=True)

    async def _give_back(self, job: Job) -> None:
        try:
            async with self._database.transaction() as session:
                await store.give_back(session, job)
        except (JobLost, *_NO_DATABASE):  # it is taken up when it is stale
            _log.warning("job_not_given_back", job=str(job.id), exc_info=True)


async def _stop(*tasks: "asyncio.Future[Any]") -> None:
    """End tasks. Waits beside them, not for them: awaiting one would swallow a cancellation that is meant for us."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()
