"""Jobs in the database. Who works on one holds an attempt; a writer whose attempt is not the newest is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Row, bindparam, func, insert, literal_column, or_, select, update

from shared.db import Prepared, Transaction, among_given
from shared.ids import new_id
from shared.jobs.tables import jobs
from shared.tracing import current_traceparent

MAX_ATTEMPTS = 5  # a job whose process died this often is not tried again


class JobLost(Exception):
    """The job was taken up by another runner, since ours did not show life; nothing of ours may be written."""


@dataclass(frozen=True)
class Job:
    """A job as it stands in the database."""

    id: UUID
    kind: str
    arguments: Mapping[str, Any]
    state: str
    done: int
    total: int | None
    result: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None
    created_by: str
    traceparent: str | None
    attempt: int
    sequence: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed")


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)


async def enqueue(
    session: Transaction, kind: str, arguments: Mapping[str, Any], *, created_by: str, job_id: UUID | None = None
) -> Job:
    """Add a job, to be taken up once the transaction is committed; `job_id` where its id is known before."""
    row = {
        "id": job_id or new_id(),
        "kind": kind,
        "arguments": dict(arguments),
        "created_by": created_by,
        "traceparent": current_traceparent(),
    }
    connection = await session.connection()
    return _job((await connection.execute(insert(jobs).returning(jobs), row)).one())


async def find(session: Transaction, job_id: UUID) -> Job | None:
    """Return a job, None when there is none of this id."""
    row = (await (await session.connection()).execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    return None if row is None else _job(row)


async def jobs_about(session: Transaction, kinds: Sequence[str], arguments: Mapping[str, Any]) -> list[Job]:
    """Return the jobs of some kinds with exactly these arguments, newest first."""
    query = select(jobs).where(jobs.c.kind.in_(kinds), jobs.c.arguments == dict(arguments))
    return [_job(row) for row in await (await session.connection()).execute(query.order_by(jobs.c.id.desc()))]


_UNENDED: tuple[ColumnElement[str], ...] = (
    literal_column("'queued'"),
    literal_column("'running'"),
)  # as the index of unended jobs has it


def _claiming() -> Prepared:
    silence = func.make_interval(0, 0, 0, 0, 0, 0, bindparam("stale_after", type_=Float))
    free = or_(jobs.c.state == "queued", (jobs.c.state == "running") & (jobs.c.heartbeat_at < func.now() - silence))
    oldest = (
        select(jobs.c.id)
        .where(
            jobs.c.state.in_((literal_column("'queued'"), literal_column("'running'"))),
            among_given(jobs.c.kind, "kinds"),
            free,
        )
        .order_by(jobs.c.created_at, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    taken = {
        "state": "running",
        "attempt": jobs.c.attempt + 1,
        "sequence": jobs.c.sequence + 1,
        "heartbeat_at": func.now(),
        "started_at": func.coalesce(jobs.c.started_at, func.now()),
    }
    return Prepared(update(jobs).where(jobs.c.id == oldest).values(taken).returning(*jobs.c))


_CLAIM = _claiming()


async def claim(session: Transaction, kinds: Sequence[str], *, stale_after: float) -> Job | None:
    """Take up the oldest job that waits, or whose runner showed no life for `stale_after` seconds; at once, whatever
    follows in the session: every runner asks several times a second.
    """
    rows = await _CLAIM.rows(session, kinds=list(kinds), stale_after=stale_after)
    return Job(**rows[0]) if rows else None


async def _write(session: Transaction, job: Job, values: Mapping[str, Any]) -> None:
    held = update(jobs).where(jobs.c.id == job.id, jobs.c.attempt == job.attempt, jobs.c.state == "running")
    # now() is when the transaction began: a sign of life would be as old as the work that it comes with.
    written = await (await session.connection()).execute(held.values(heartbeat_at=func.clock_timestamp(), **values))
    if written.rowcount != 1:
        raise JobLost(str(job.id))


async def show_life(session: Transaction, job: Job) -> None:
    """Say that the job is still worked on. Raises `JobLost`."""
    await _write(session, job, {})


async def note_progress(session: Transaction, job: Job, done: int, total: int | None) -> None:
    """Store how far the job came; `done` never goes back. Raises `JobLost`."""
    values = {"done": func.greatest(jobs.c.done, done), "total": total, "sequence": jobs.c.sequence + 1}
    await _write(session, job, values)


async def finish(session: Transaction, job: Job, result: Mapping[str, Any]) -> None:
    """End the job as done. Raises `JobLost`."""
    values = {"state": "done", "result": dict(result), "finished_at": func.now(), "sequence": jobs.c.sequence + 1}
    await _write(session, job, values)


async def fail(session: Transaction, job: Job, problem: Mapping[str, Any]) -> None:
    """End the job as failed with a problem (`status`, `code`, `fields`). Raises `JobLost`."""
    values = {"state": "failed", "problem": dict(problem), "finished_at": func.now(), "sequence": jobs.c.sequence + 1}
    await _write(session, job, values)


async def give_back(session: Transaction, job: Job) -> None:
    """Let another runner take the job up at once; this attempt does not count. Raises `JobLost`."""
    values = {"state": "queued", "attempt": jobs.c.attempt - 1, "sequence": jobs.c.sequence + 1}
    await _write(session, job, values)
