"""The registry's desk with people of two communes, for tests in a browser."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.registry.app import build
from shared.settings import EventLogSettings, ServiceSettings
from tests.integration.registry.conftest import SAMPLE_AREAS, Registry
from tests.support.access import grant
from tests.support.desk import DeskSite, desk_site
from tests.support.postgres import Databases

COMMUNE, ELSEWHERE = "08566", "08545"


@dataclass(frozen=True)
class Desk:
    """The site, and the registry as a client of its API sees it."""

    site: DeskSite
    registry: Registry

    async def household(self, *members: dict[str, object]) -> str:
        """Register a household of the commune and return its id."""
        return str((await self.registry.register(*members, area_code=COMMUNE))["id"])


@asynccontextmanager
async def desk_of(databases: Databases, folder: Path, *more: str) -> AsyncIterator[Desk]:
    """A registry with two people of one commune and one of another; `more` may sign in, and hold nothing yet."""
    url = await databases.create("registry")
    log = EventLogSettings(eventlog_url=url)
    async with desk_site(
        "registry",
        lambda identity: build(ServiceSettings(service="registry", database_url=url, event_log=log, identity=identity)),
        folder,
        ("officer", "chair", "stranger", *more),
    ) as site:
        registry = Registry(site.app)
        registry.client = site.client("officer")
        await grant(registry.database, "officer", "chair")
        await grant(registry.database, "stranger", area=ELSEWHERE, communes=[ELSEWHERE])
        csv = {"Content-Type": "text/csv"}
        (
            await registry.client.post("/areas/imports", content=SAMPLE_AREAS.read_bytes(), headers=csv)
        ).raise_for_status()
        yield Desk(site, registry)
        await registry.client.aclose()
        await registry.database.close()
    await databases.drop(url)


def found_in(text: str, *wanted: str) -> Sequence[str]:
    """Return what of the wanted is not there."""
    return [each for each in wanted if each not in text]
