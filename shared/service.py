"""A service from its parts: an app whose lifespan runs its relay, consumers and workers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from prometheus_client.registry import Collector
from sqlalchemy import Select

from shared.access.api import access_router
from shared.access.projection import access_consumer
from shared.approvals.api import Operation, proposals_router
from shared.audit.sealing import Sealer
from shared.db import Database
from shared.eventlog import EventLog, LogUnavailable, open_log
from shared.events import TOPICS
from shared.http.app import create_app
from shared.http.health import Check
from shared.http.metrics import Metrics
from shared.http.problems import Problem
from shared.http.router import Router
from shared.identity import TokenVerifier
from shared.jobs import Handler, JobRunner, job_router
from shared.keys import Keys, load_keys
from shared.messaging.api import dead_letter_router, journal_router
from shared.messaging.consumers import Consumer
from shared.messaging.health import Flow
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from shared.settings import AuditSettings, ServiceName, ServiceSettings
from shared.signin.provider import Provider
from shared.signin.routes import sign_in_router
from shared.workers import Worker, WorkerLocks, pause, run_worker

Run = Callable[[asyncio.Event], Awaitable[None]]

_STOP_SECONDS = 20.0
_LONGEST_PAUSE = 15.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ServiceDefinition:
    """What a service is made of. `routers` answer under `/<name>/`; `pages` where they say.

    `homes` yields `household_id` and `area_code` of the households that it knows: by them its journal is filtered.
    `collectors` add their figures to its metrics. `body_limits` has, by path, how many bytes an address takes that
    takes files.
    """

    name: ServiceName
    title: str
    routers: Sequence[Router]
    consumers: Sequence[Consumer] = ()
    workers: Sequence[Worker] = ()
    checks: Sequence[Check] = ()
    collectors: Sequence[Collector] = ()
    constraints: Mapping[str, Problem] = field(default_factory=dict)
    jobs: Mapping[str, Handler] = field(default_factory=dict)
    pages: Sequence[APIRouter] = ()
    homes: Select[Any] | None = None
    operations: Sequence[Operation] = ()
    body_limits: Mapping[str, int] = field(default_factory=dict)


def build_app(definition: ServiceDefinition, settings: ServiceSettings) -> FastAPI:
    """Return the service's app. Its lifespan opens and closes everything it uses."""
    keys = load_keys(settings.keys, definition.name)
    name = f"ansinh {definition.name}"
    database = Database(settings.database_url, name=name, pool_size=settings.pool_size, keys=keys)
    event_log = open_log(settings.event_log, client=f"ansinh-{definition.name}")
    metrics, identity = Metrics(), TokenVerifier(settings.identity)
    for collector in definition.collectors:
        metrics.registry.register(collector)
    provider = Provider(settings.identity, identity)
    relay = Relay(database, event_log, metrics.registry, interval=settings.relay_interval)
    consumers = (access_consumer(definition.name), *definition.consumers)
    runners = [Runner(database, event_log, consumer) for consumer in consumers]
    flow = Flow(database, runners, metrics.registry)
    topics = _topics(definition.name, consumers)
    parts: dict[str, Run] = {"relay": relay.run, "flow": flow.run}
    parts |= {runner.consumer.name: runner.run for runner in runners}
    workers = (_sealer(definition.name, keys, settings.audit), *definition.workers)
    locks = WorkerLocks(database)
    parts |= {worker.name: partial(run_worker, database, locks, worker) for worker in workers}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        working = _working(database, definition.jobs, settings.jobs_stale_after)
        try:
            async with _at_work(parts, event_log, topics), working:
                yield
        finally:
            await event_log.close()
            await locks.close()
            await database.close()

    app = create_app(
        service=definition.name,
        title=definition.title,
        database=database,
        metrics=metrics,
        identity=identity,
        provider=provider,
        routers=[
            *definition.routers,
            journal_router(definition.name, definition.homes),
            dead_letter_router(definition.name, consumers),
            access_router(definition.name),
            *([job_router(definition.name)] if definition.jobs else []),
            *([proposals_router(definition.name, definition.operations)] if definition.operations else []),
        ],
        pages=(*definition.pages, sign_in_router(definition.name)),
        checks=[
            Check("event_log", partial(_ask, event_log, topics)),
            Check("identity", identity.ping),
            *flow.checks(),
            *definition.checks,
        ],
        constraints=definition.constraints,
        body_limits=definition.body_limits,
        lifespan=lifespan,
    )
    app.state.consumers = {consumer.name: consumer for consumer in consumers}
    app.state.operations = tuple(definition.operations)
    return app


def _sealer(service: ServiceName, keys: Keys, settings: AuditSettings) -> Worker:
    """Return what chains the service's audit rows."""
    sealer = Sealer(service, keys, settings.heads, publish_every=timedelta(seconds=settings.publish_every))
    return Worker(f"{service}.audit", sealer.step, 1.0)


def _topics(service: ServiceName, consumers: Sequence[Consumer]) -> Sequence[str]:
    """Return the topics that the service writes or reads; a broker may keep it from all others."""
    read = {topic for consumer in consumers for topic in consumer.topics}
    return [topic for topic in TOPICS if topic in read or topic.startswith(f"{service}.")]


async def _ask(event_log: EventLog, topics: Sequence[str]) -> None:
    """Raise when the event log does not answer."""
    await event_log.ends(topics[:1])


def _working(database: Database, jobs: Mapping[str, Handler], stale_after: float) -> AbstractAsyncContextManager[None]:
    """Do long work where the service has any."""
    return JobRunner(database, jobs, stale_after=stale_after).running() if jobs else nullcontext()


@asynccontextmanager
async def _at_work(parts: Mapping[str, Run], event_log: EventLog, topics: Sequence[str]) -> AsyncIterator[None]:
    """Run the parts for the block; then let each finish what it has in hand."""
    stop = asyncio.Event()
    there = asyncio.create_task(_ensure_topics(event_log, topics, stop))
    tasks = [asyncio.create_task(_kept_running(name, run, there, stop), name=name) for name, run in parts.items()]
    try:
        yield
    finally:
        stop.set()
        _, unfinished = await asyncio.wait(tasks, timeout=_STOP_SECONDS)
        for task in unfinished:
            log.warning("part_cut_off", part=task.get_name())
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


async def _ensure_topics(event_log: EventLog, topics: Sequence[str], stop: asyncio.Event) -> None:
    """Make the topics that are missing; wait for the log as long as it takes."""
    seconds = 0.5
    while not stop.is_set():
        try:
            await event_log.ensure_topics(topics)
            return
        except LogUnavailable as error:
            log.warning("event_log_missing", error=str(error), seconds=seconds)
        await pause(stop, seconds)
        seconds = min(seconds * 2, _LONGEST_PAUSE)


async def _kept_running(name: str, run: Run, topics: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Run a part until `stop`; what it dies of is logged, and it starts again."""
    await topics
    seconds = 0.5
    while not stop.is_set():
        try:
            await run(stop)
        except Exception as error:
            log.error("part_died", part=name, seconds=seconds, exc_info=error)
        await pause(stop, seconds)
        seconds = min(seconds * 2, _LONGEST_PAUSE)
