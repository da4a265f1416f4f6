"""Jobs over HTTP: started with 202 and a `Location`, read, and followed as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from shared.access import Access
from shared.db import Database
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.problems import Answered, Problem, ProblemBody, request_language
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.jobs import store
from shared.jobs.store import Job
from shared.settings import ServiceName
from shared.texts import Language

_LOOK_AGAIN = 0.25  # seconds between two looks at a job that is followed
_RECONNECT = 2000  # milliseconds a browser waits before it follows again


class JobProgress(BaseModel):
    """How far a job came; `total` is null while nobody knows."""

    done: int
    total: int | None


class JobOut(BaseModel):
    """A job. `result` is there when it is done, `problem` when it failed."""

    id: UUID
    kind: str = Field(examples=["import"])
    state: Literal["queued", "running", "done", "failed"]
    progress: JobProgress
    result: dict[str, Any] | None
    problem: ProblemBody | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    events_url: str = Field(examples=["/registry/v1/jobs/018f3c2a-0000-7000-8000-000000000000/events"])


def _location(service: str, job: Job) -> str:
    return f"/{service}/v1/jobs/{job.id}"


def job_out(job: Job, *, service: str, language: Language) -> JobOut:
    """Return what readers see of a job of a service."""
    problem = None
    if job.problem is not None:
        refused = Problem(job.problem["status"], job.problem["code"], **job.problem["fields"])
        document = refused.document(language, service=service, instance=_location(service, job))
        problem = ProblemBody.model_validate(document)
    return JobOut.model_validate(
        {
            **{name: getattr(job, name) for name in JobOut.model_fields if hasattr(job, name)},
            "progress": JobProgress(done=job.done, total=job.total),
            "problem": problem,
            "events_url": f"{_location(service, job)}/events",
        }
    )


class JobStarter:
    """Starts jobs in the request's transaction, in the name of its actor."""

    def __init__(self, request: Request, response: Response, session: Tx, actor: Actor) -> None:
        self._request = request
        self._response = response
        self._session = session
        self._actor = actor

    async def start(self, kind: str, arguments: Mapping[str, Any], *, job_id: UUID | None = None) -> JobOut:
        """Add a job and return it; the answer's `Location` is where to read it. `arguments` are JSON.

        `job_id` is for a job whose id was given away before it was added.
        """
        job = await store.enqueue(self._session, kind, arguments, created_by=self._actor, job_id=job_id)
        return self._answered(job)

    async def known(self, job_id: UUID) -> JobOut | None:
        """Return a job that was started before, as if it had been started now; None when there is none of this id."""
        job = await store.find(self._session, job_id)
        return None if job is None else self._answered(job)

    def _answered(self, job: Job) -> JobOut:
        service: str = self._request.app.state.service
        self._response.headers["Location"] = _location(service, job)
        return job_out(job, service=service, language=request_language(self._request))


async def _starter(request: Request, response: Response, session: Tx, actor: Actor) -> JobStarter:
    return JobStarter(request, response, session, actor)


Jobs = Annotated[JobStarter, Depends(_starter, scope="function")]


async def _own(session: Tx, access: Annotated[Access, needs("jobs.read")], job_id: UUID) -> Job:
    job = await store.find(session, job_id)
    if job is None:
        raise Problem(404, "job_not_found")
    access.admit_own(job.created_by, Problem(404, "job_not_found"))
    return job


async def _followed(
    job: Annotated[Job, Depends(_own, scope="function")],
    last: Annotated[int | None, Header(alias="Last-Event-ID", description="the last event that was read")] = None,
) -> tuple[UUID, int]:
    """Return the job to follow and the event to begin after; 204 tells who has read the end not to come again."""
    if job.ended and last is not None and last >= job.sequence:
        raise Answered(Response(status_code=204))
    return job.id, last or 0


async def _pause(stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LOOK_AGAIN):
            await stopping.wait()
    except TimeoutError:
        return


async def _follow(request: Request, job_id: UUID, seen: int) -> AsyncIterator[ServerSentEvent]:
    """Tell each change of a job until it ends or the server stops; a client that is cut off resumes by the last id."""
    database: Database = request.app.state.database
    stopping: asyncio.Event = request.app.state.stopping
    service: str = request.app.state.service
    language = request_language(request)
    while not stopping.is_set():
        async with database.transaction() as session:
            job = await store.find(session, job_id)
        if job is None:
            return
        if job.sequence > seen:
            seen = job.sequence
            shown = job_out(job, service=service, language=language)
            event = job.state if job.ended else "progress"
            yield ServerSentEvent(data=shown, event=event, id=str(seen), retry=_RECONNECT)
        if job.ended:
            return
        await _pause(stopping)


def job_router(service: ServiceName) -> Router:
    """Return the routes `/<service>/v1/jobs/{job_id}` and `/<service>/v1/jobs/{job_id}/events`."""
    router = Router(prefix=f"/{service}/v1/jobs", tags=["jobs"])

    @router.get("/{job_id}")
    async def read_job(request: Request, job: Annotated[Job, Depends(_own, scope="function")]) -> JobOut:
        """Read a job: its state, how far it came, and what came of it."""
        return job_out(job, service=service, language=request_language(request))

    @router.get("/{job_id}/events", response_class=EventSourceResponse)
    async def follow_job(
        request: Request, followed: Annotated[tuple[UUID, int], Depends(_followed, scope="function")]
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow a job: an event `progress` a change, then `done` or `failed`, and the stream ends."""
        async for event in _follow(request, *followed):
            yield event

    return router
