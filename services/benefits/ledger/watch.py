"""The invariants of the books, asked again and again while the service runs: for metrics, health page and log."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.benefits.ledger.checks import Check, CheckResult, run_checks
from shared import clock
from shared.db import Database

log = structlog.get_logger(__name__)


class BooksWatch(Collector):
    """Asks every invariant at each step and remembers what it found. One process of the service does it at a time."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks
        self._results: Sequence[CheckResult] = ()
        self._checked_at: datetime | None = None

    async def step(self, database: Database) -> bool:
        """Ask all invariants in one transaction; what is broken stands in the log as an error each time."""
        async with database.transaction() as session:
            self._results = await run_checks(session, self._checks)
        self._checked_at = clock.now()
        for broken in (one for one in self._results if not one.ok):
            log.error("books_broken", invariant=broken.name, rows=broken.detail)
        return False

    async def probe(self) -> Mapping[str, Any]:
        """Return what the health page shows; another process of the service may be the one that asks."""
        if self._checked_at is None:
            return {"checked_at": None}
        broken = [one.name for one in self._results if not one.ok]
        return {"checked_at": self._checked_at.isoformat(), "broken": broken}

    def collect(self) -> Iterator[Metric]:
        """Yield a gauge for each invariant, 1 while it is broken, and when they were asked; none before that."""
        if self._checked_at is None:
            return
        broken = GaugeMetricFamily("ansinh_books_broken", "1 while an invariant of the books is broken", None, ["name"])
        for one in self._results:
            broken.add_metric([one.name], 0.0 if one.ok else 1.0)
        yield broken
        yield GaugeMetricFamily(
            "ansinh_books_checked_timestamp_seconds",
            "When the invariants of the books were last asked",
            self._checked_at.timestamp(),
        )
