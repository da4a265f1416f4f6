"""Long work: accepted at once, followed, and finished once whatever happens to who does it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from shared.db import Database
from shared.http import Problem
from shared.http.server import Server
from shared.jobs import Handler, JobContext, JobLost, JobRunner, store
from shared.tracing import current_traceparent
from tests.support.tokens import bearer
from tests.support.waiting import until

URL = "/registry/v1/imports"
STALE = 4.0  # seconds; a busy machine may keep a runner from showing life for one or two


class Work:
    """Handlers for a test: one waits until it is released."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.released = asyncio.Event()
        self.runs = 0

    async def waits(self, job: JobContext) -> Mapping[str, Any]:
        self.runs += 1
        self.begun.set()
        await job.progress(1, 3)
        await self.released.wait()
        await job.progress(3, 3)
        return {"rows": job.arguments["size"]}

    async def refused(self, _job: JobContext) -> Mapping[str, Any]:
        raise Problem(409, "refused", status=409)

    async def broken(self, _job: JobContext) -> Mapping[str, Any]:
        raise ValueError("what they entered")

    @property
    def handlers(self) -> dict[str, Handler]:
        return {"waits": self.waits, "refused": self.refused, "broken": self.broken}


@pytest.fixture
def work() -> Work:
    return Work()


def runner_of(database: Database, work: Work, **changes: Any) -> JobRunner:
    return JobRunner(database, work.handlers, poll=0.01, **changes)


async def start(client: httpx.AsyncClient, kind: str) -> httpx.Response:
    return await client.post(URL, json={"name": kind, "size": 7}, headers={"Idempotency-Key": kind})


async def in_state(client: httpx.AsyncClient, location: str, state: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any] | None:
        job: dict[str, Any] = (await client.get(location)).json()
        return job if job["state"] == state else None

    job = await until(reached, describe=f"the job is {state}")
    return job or {}


async def unfinished(database: Database) -> bool:
    async with database.transaction() as session:
        states = await (await session.connection()).exec_driver_sql("SELECT state FROM jobs")
        return set(states.scalars()) != {"done"}


async def test_a_job_is_accepted_done_and_read(client: httpx.AsyncClient, database: Database, work: Work) -> None:
    accepted = await start(client, "waits")
    assert accepted.status_code == 202
    assert accepted.json()["state"] == "queued"
    location = accepted.headers["location"]
    async with runner_of(database, work).running():
        running = await in_state(client, location, "running")
        assert running["created_by"] == "mai"
        work.released.set()
        done = await in_state(client, location, "done")
    assert done["result"] == {"rows": 7}
    assert done["progress"] == {"done": 3, "total": 3}
    assert done["started_at"] <= done["finished_at"]


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("refused", 409, "refused"), ("broken", 500, "job_failed")], ids=["ours", "theirs"]
)
async def test_a_job_that_fails_tells_why_in_the_readers_language(
    client: httpx.AsyncClient, database: Database, work: Work, kind: str, status: int, code: str
) -> None:
    location = (await start(client, kind)).headers["location"]
    async with runner_of(database, work).running():
        failed = await in_state(client, location, "failed")
    assert (failed["problem"]["status"], failed["problem"]["code"]) == (status, code)
    assert failed["problem"]["instance"] == location
    english = (await client.get(location, headers={"Accept-Language": "en"})).json()
    assert english["problem"]["title"] != failed["problem"]["title"]
    assert "what they entered" not in json.dumps(failed)


async def test_a_job_in_work_when_the_service_stops_is_taken_up_at_once_by_the_next(
    client: httpx.AsyncClient, database: Database, work: Work
) -> None:
    location = (await start(client, "waits")).headers["location"]
    async with asyncio.timeout(10), runner_of(database, work).running():
        await work.begun.wait()
    assert (await client.get(location)).json()["state"] == "queued"
    work.released.set()
    async with runner_of(database, work).running():
        done = await in_state(client, location, "done")
    assert work.runs == 2
    assert done["progress"]["done"] == 3


async def test_a_job_whose_process_died_is_taken_up_and_the_dead_one_can_write_nothing_more(
    client: httpx.AsyncClient, database: Database, work: Work
) -> None:
    location = (await start(client, "waits")).headers["location"]
    async with database.transaction() as session:
        dead = await store.claim(session, ("waits",), stale_after=30)
    assert dead is not None
    work.released.set()
    async with runner_of(database, work, stale_after=0.1).running():
        await in_state(client, location, "done")
    with pytest.raises(JobLost):
        await JobContext(database, dead).progress(2)
    with pytest.raises(JobLost):
        async with database.transaction() as session:
            await store.finish(session, dead, {"rows": 0})
    assert (await client.get(location)).json()["result"] == {"rows": 7}


async def test_a_job_in_work_shows_life_and_is_not_taken_by_another(
    client: httpx.AsyncClient, database: Database, work: Work
) -> None:
    location = (await start(client, "waits")).headers["location"]
    job_id = UUID(location.rpartition("/")[2])
    other = Work()

    async def last_beat() -> Any:
        async with database.transaction() as session:
            job = await store.find(session, job_id)
        return job and job.heartbeat_at

    async with runner_of(database, work, stale_after=STALE).running():
        async with asyncio.timeout(10):
            await work.begun.wait()
        async with runner_of(database, other, stale_after=STALE).running():
            first = await last_beat()

            async def outlived() -> bool:
                return bool((await last_beat() - first).total_seconds() > STALE)

            await until(outlived, describe="the job shows life past the time after which it were stale")
            work.released.set()
            await in_state(client, location, "done")
    assert (work.runs, other.runs) == (1, 0)


@pytest.mark.parametrize("delay", range(12))
async def test_a_worker_told_to_stop_as_its_job_ends_stops(
    client: httpx.AsyncClient, database: Database, work: Work, delay: int
) -> None:
    await start(client, "waits")
    async with asyncio.timeout(10), runner_of(database, work).running():
        await work.begun.wait()
        work.released.set()
        while await unfinished(database):
            pass
        for _ in range(delay):
            await asyncio.sleep(0)


async def test_a_job_that_kills_its_process_again_and_again_is_given_up(
    client: httpx.AsyncClient, database: Database, work: Work
) -> None:
    location = (await start(client, "waits")).headers["location"]
    for _ in range(store.MAX_ATTEMPTS):
        async with database.transaction() as session:
            assert await store.claim(session, ("waits",), stale_after=0)
    async with runner_of(database, work, stale_after=0).running():
        failed = await in_state(client, location, "failed")
    assert failed["problem"]["code"] == "job_failed"
    assert work.runs == 0


async def test_each_job_is_done_once_however_many_runners_there_are(
    client: httpx.AsyncClient, database: Database, work: Work
) -> None:
    work.released.set()
    locations = []
    for number in range(20):
        made = await client.post(URL, json={"name": "waits", "size": 1}, headers={"Idempotency-Key": str(number)})
        locations.append(made.headers["location"])
    async with runner_of(database, work).running(), runner_of(database, work).running():
        for location in locations:
            await in_state(client, location, "done")
    assert work.runs == 20


async def test_what_a_job_does_belongs_to_the_trace_of_who_started_it(
    client: httpx.AsyncClient, database: Database
) -> None:
    seen: list[str | None] = []

    async def notes(job: JobContext) -> Mapping[str, Any]:
        seen.append(current_traceparent())
        return {}

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    client.headers["traceparent"] = f"00-{trace}-00f067aa0ba902b7-01"
    location = (await start(client, "notes")).headers["location"]
    async with JobRunner(database, {"notes": notes}, poll=0.01).running():
        await in_state(client, location, "done")
    assert seen[0] is not None
    assert seen[0].split("-")[1] == trace


async def test_a_job_nobody_made_is_not_found(client: httpx.AsyncClient) -> None:
    response = await client.get("/registry/v1/jobs/018f3c2a-0000-7000-8000-000000000000/events")
    assert (response.status_code, response.json()["code"]) == (404, "job_not_found")


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[tuple[Server, str]]:
    """Serve an app on a port of its own until the block ends."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None)
    server = Server(config, [app])
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started, describe="the server listens")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        async with asyncio.timeout(10):
            await serving


async def events(response: httpx.Response) -> AsyncIterator[dict[str, str]]:
    event: dict[str, str] = {}
    async for line in response.aiter_lines():
        if not line and event:
            yield event
            event = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value


async def test_a_job_is_followed_to_its_end_and_resumed_where_the_line_broke(
    app: FastAPI, database: Database, work: Work
) -> None:
    async with (
        served(app) as (_, base),
        runner_of(database, work).running(),
        httpx.AsyncClient(base_url=base, headers=bearer("mai")) as client,
    ):
        job = (await start(client, "waits")).json()
        seen: list[dict[str, str]] = []
        async with client.stream("GET", job["events_url"]) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            async for event in events(response):
                seen.append(event)
                if json.loads(event["data"])["progress"]["done"] == 1:
                    break
        work.released.set()
        last = seen[-1]["id"]
        async with client.stream("GET", job["events_url"], headers={"Last-Event-ID": last}) as response:
            rest = [event async for event in events(response)]
        ended = await client.get(job["events_url"], headers={"Last-Event-ID": rest[-1]["id"]})
    assert {event["event"] for event in seen} == {"progress"}
    assert int(rest[0]["id"]) > int(last)
    assert rest[-1]["event"] == "done"
    assert json.loads(rest[-1]["data"])["result"] == {"rows": 7}
    assert ended.status_code == 204


async def test_a_stream_ends_when_the_server_stops(app: FastAPI, database: Database, work: Work) -> None:
    async with served(app) as (server, base), httpx.AsyncClient(base_url=base, headers=bearer("mai")) as client:
        job = (await start(client, "waits")).json()
        async with client.stream("GET", job["events_url"]) as response, asyncio.timeout(5):
            stream = events(response)
            assert (await anext(stream))["event"] == "progress"
            server.should_exit = True
            assert [event async for event in stream] == []
