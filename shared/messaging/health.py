"""How events flow, for readiness and metrics."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from shared.db import Database
from shared.http.health import Check, NotReady
from shared.messaging.dead_letters import count_waiting
from shared.messaging.runner import Runner
from shared.workers import pause

_SILENT_SECONDS = 60.0
_FRESH_SECONDS = 5.0


class Flow:
    """Watches a service's outbox, consumers and dead letters."""

    def __init__(self, database: Database, runners: Sequence[Runner], metrics: CollectorRegistry) -> None:
        self._database = database
        self._runners = runners
        labels = ["consumer"]
        for name, text, read in (
            ("lag", "events in the log that the consumer has not read", lambda p: p.lag),
            ("handled", "new events handled since the process started", lambda p: p.handled),
            ("put_aside", "events put aside since the process started", lambda p: p.put_aside),
            ("silent_seconds", "seconds since the consumer last asked the log", lambda p: _since(p.last_poll)),
            ("newest_event_timestamp_seconds", "time of the newest event handled", lambda p: p.newest),
        ):
            gauge = Gauge(f"ansinh_consumer_{name}", text, labels, registry=metrics)
            for runner in runners:
                gauge.labels(runner.consumer.name).set_function(_reading(read, runner))
        self._letters = Gauge(
            "ansinh_dead_letters", "events put aside or parked, not yet resolved", labels, registry=metrics
        )
        self._unsent = Gauge("ansinh_outbox_unsent", "events not yet in the log, at most 10,000", registry=metrics)
        self._unsent_age = Gauge("ansinh_outbox_unsent_seconds", "age of the oldest of them", registry=metrics)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the figures that stand in the database fresh until `stop` is set."""
        while not await pause(stop, _FRESH_SECONDS):
            await self._outbox()
            await self._dead()

    def checks(self) -> list[Check]:
        """Return what readiness asks: does every consumer read, is the outbox emptied, is anything put aside."""
        return [Check("consumers", self._consumers), Check("outbox", self._outbox), Check("dead_letters", self._dead)]

    async def _consumers(self) -> Mapping[str, Any]:
        silent = [r.consumer.name for r in self._runners if _since(r.progress.last_poll) > _SILENT_SECONDS]
        if silent:
            raise NotReady(f"no look at the event log for over {_SILENT_SECONDS:.0f} s: {', '.join(silent)}")
        return {
            runner.consumer.name: {
                "lag": runner.progress.lag,
                "handled": runner.progress.handled,
                "newest_event": runner.progress.newest or None,
                "waiting_for": runner.progress.waiting_for,
            }
            for runner in self._runners
        }

    async def _outbox(self) -> Mapping[str, Any]:
        async with self._database.engine.connect() as connection:
            result = await connection.exec_driver_sql(
                "SELECT count(*), coalesce(extract(epoch FROM now() - min(time)), 0) FROM "
                '(SELECT time FROM outbox WHERE "offset" IS NULL ORDER BY position, seq LIMIT 10000) waiting'
            )
            unsent, age = tuple(result.one())
        self._unsent.set(unsent)
        self._unsent_age.set(float(age))
        return {"unsent": unsent, "oldest_seconds": round(float(age), 1)}

    async def _dead(self) -> Mapping[str, Any]:
        """Name what was put aside. It needs a person, not a restart, so it does not make the service unready."""
        async with self._database.transaction() as session:
            waiting = await count_waiting(session)
        for runner in self._runners:
            self._letters.labels(runner.consumer.name).set(waiting.get(runner.consumer.name, 0))
        return {"waiting": waiting}


def _since(moment: float) -> float:
    return time.monotonic() - moment


def _reading(read: Any, runner: Runner) -> Any:
    return lambda: read(runner.progress)
