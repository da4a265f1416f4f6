"""Finding people: the time that searches as officers type them take through the whole app."""

import logging
import time
from collections.abc import Sequence
from statistics import quantiles
from typing import Any

import httpx

from services.registry.app import build
from services.registry.domain.priority_groups import group_rules
from services.registry.official_areas import official_areas
from shared.db import Database, migrations
from shared.settings import EventLogSettings, ServiceSettings
from tests.bench.ground import Ground, report
from tests.bench.sizes import size
from tests.support.access import grant
from tests.support.keys import KEYS
from tests.support.many_people import STANDARD, fill
from tests.support.tokens import bearer, trust_the_issuer

PEOPLE = size("PEOPLE", 40_000, full=1_000_000)
_ROUNDS = 10
_GROUPS = ("merit", "severe_disability", "pregnant", "older_person", "ethnic_minority_head")
# Common and rare, whole and cut off, first and last in the order, together in the order and spread over it.
_NAMES = (
    "nguyen", "thi", "nguyen thi", "thi van", "van", "yen", "hoa", "hoà", "xuan", "tran van hung", "bui thi hoa",
    "h", "ng", "nguyen van a", "lê thị th", "sung a", "zzz", "đặng", "nguyen tran", "tùng", "nguyễn thị vân",
)  # fmt: skip


async def measure_people_search(ground: Ground) -> None:
    """Print the 95th percentile of searches by everybody's reach and by one commune's."""
    trust_the_issuer()
    url = ground.database("registry_search")
    await migrations.upgrade("registry", url)
    database = Database(url, name="bench", keys=KEYS)
    logging.disable(logging.INFO)
    communes = [area.code for area in official_areas("25") if area.level == "commune" and area.valid_to is None]
    try:
        await grant(database, "province")
        await grant(database, "commune", area=communes[7], communes=communes[7:8])
        await grant(database, "region", area="25", communes=communes[:20])
        began = time.perf_counter()
        await fill(database, PEOPLE, communes)
        report("people_registered", PEOPLE / (time.perf_counter() - began), "people/s")
    finally:
        await database.close()
    settings = ServiceSettings(
        service="registry", database_url=url, event_log=EventLogSettings(eventlog_url=url), log_level="WARNING"
    )
    app = build(settings)
    for who in ("province", "region", "commune"):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://registry", headers=bearer(who), timeout=60
        ) as client:
            await _measure(client, who, communes[7])
    await app.state.database.close()


def searches(commune: str) -> Sequence[dict[str, Any]]:
    """Return what officers search for: names, classes, groups, a commune, and these together."""
    searches: list[dict[str, Any]] = [{"name": name} for name in _NAMES]
    searches += [{}, {"area_code": commune}, {"standard": STANDARD, "household_class": "poor"}]
    searches += [each | {"standard": STANDARD, "household_class": "near_poor"} for each in searches[:8]]
    searches += [each | {"area_code": commune} for each in searches[:8]]
    searches += [{"priority_group": each.code} for each in group_rules()]
    searches += [{"priority_group": each, "name": "thi"} for each in _GROUPS]
    searches += [{"priority_group": each, "standard": STANDARD, "household_class": "poor"} for each in _GROUPS]
    searches += [{"priority_group": each, "area_code": commune} for each in _GROUPS]
    return searches


async def _measure(client: httpx.AsyncClient, who: str, commune: str) -> None:
    taken: dict[str, list[float]] = {}
    for turn in range(_ROUNDS + 1):
        for each in searches(commune):
            began = time.perf_counter()
            (await client.get("/registry/v1/people", params=each | {"limit": 20})).raise_for_status()
            if turn:  # the first warms
                taken.setdefault(str(each), []).append(1_000 * (time.perf_counter() - began))
    times = [one for each in taken.values() for one in each]
    slowest = max(taken, key=lambda each: _p95(taken[each]))
    report(
        f"people_search_p95_{who}", _p95(times), "ms", goal="< 100 ms", people=PEOPLE,
        slowest=slowest, slowest_p95=round(_p95(taken[slowest]), 1),
    )  # fmt: skip


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1]
