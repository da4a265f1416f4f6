"""A registry with the sample areas, over real PostgreSQL, driven as a client drives it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

import services.registry
from services.registry.app import build
from shared.db import Database
from shared.events import EVENT_TYPES, Event
from shared.settings import EventLogSettings, ServiceSettings
from tests.support.access import grant
from tests.support.postgres import CreateDatabase, Databases
from tests.support.tokens import bearer

SAMPLE_AREAS = Path(str(services.registry.__file__)).parent / "data" / "areas_sample.csv"


class Registry:
    """A client of one registry that knows its paths and may look into its outbox."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(
            transport=transport, base_url="http://registry/registry/v1", headers=bearer("officer")
        )
        self.app = app
        self.database: Database = app.state.database

    async def post(self, path: str, body: Any, *, key: str | None = None, status: int = 201) -> Any:
        """Send a body with an idempotency key of its own and return the answer, which must have that status."""
        answer = await self.client.post(path, json=body, headers={"Idempotency-Key": key or uuid4().hex})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def get(self, path: str, **query: str) -> Any:
        """Return what a path shows."""
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def events(self, *kinds: type[Event]) -> list[Event]:
        """Return the events of those types, in the order in which they were written."""
        connection = await self.database.connect()
        try:
            rows = await connection.fetch("SELECT type, data FROM outbox ORDER BY seq")
        finally:
            await connection.close()
        found = [EVENT_TYPES[row["type"]].model_validate_json(row["data"]) for row in rows]
        return [event for event in found if isinstance(event, kinds)]

    async def register(self, *members: dict[str, Any], area_code: str = "08566") -> Any:
        """Register a household and return it as answered."""
        body = {"area_code": area_code, "members": list(members) or [member()]}
        return (await self.post("/households", body))["household"]

    async def change(self, household_id: str, change: dict[str, Any], *, status: int = 201, tag: str = "*") -> Any:
        """Tell of a change of a household, as seen by its tag, and return the answer."""
        headers = {"Idempotency-Key": uuid4().hex, "If-Match": tag}
        answer = await self.client.post(f"/households/{household_id}/changes", json=change, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def assess(self, household_id: str, *, status: int = 201, **findings: Any) -> Any:
        """Record an assessment of a household, poor unless told otherwise, and return the answer."""
        return await self.post(f"/households/{household_id}/assessments", poor(**findings), status=status)

    async def decide(self, assessment_ids: Sequence[str], *, status: int = 201, **order: Any) -> Any:
        """Take a decision about assessments and return the answer."""
        return await self.post("/decisions", decision_on(assessment_ids, **order), status=status)


def decision_on(assessment_ids: Sequence[str], **changes: Any) -> dict[str, Any]:
    """Return a decision of the sample commune about assessments."""
    return {
        "area_code": "08566",
        "number": f"{uuid4().hex[:6]}/QĐ-UBND",
        "decided_on": "2026-11-20",
        "signed_by": "Nguyễn Văn Bình",
        "assessment_ids": list(assessment_ids),
    } | changes


def member(**changes: Any) -> dict[str, Any]:
    """Return the registration of a head of household."""
    return {
        "full_name": "Hà Thị Mận",
        "sex": "female",
        "birth_date": "1985-03-12",
        "ethnicity": "06",
        "relationship": "head",
    } | changes


def poor(**changes: Any) -> dict[str, Any]:
    """Return findings that propose the class poor under the standard in force."""
    return {
        "standard": "vn-2022-2025",
        "assessed_on": "2026-11-02",
        "route": {"kind": "score", "b1_points": 120},
        "deprivations": ["water_source", "housing_quality", "nutrition"],
    } | changes


async def registry_at(url: str) -> Registry:
    """Return a registry that knows the areas of the sample file and nothing else."""
    # The app's lifespan does not run here: no relay empties the outbox, and no event log is opened.
    settings = ServiceSettings(service="registry", database_url=url, event_log=EventLogSettings(eventlog_url=url))
    registry = Registry(build(settings))
    await grant(registry.database, "officer", "chair", "auditor", *(f"chair{number}" for number in range(5)))
    answer = await registry.client.post(
        "/areas/imports", content=SAMPLE_AREAS.read_bytes(), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 200, answer.text
    return registry


@asynccontextmanager
async def _registry_at(url: str) -> AsyncIterator[Registry]:
    registry = await registry_at(url)
    yield registry
    await registry.client.aclose()
    await registry.database.close()


@pytest.fixture
async def registry(create_database: CreateDatabase) -> AsyncIterator[Registry]:
    """A registry that knows the areas of the sample file and nothing else."""
    async with _registry_at(await create_database("registry")) as registry:
        yield registry


@pytest.fixture(scope="module")
async def used_registry(databases: Databases) -> AsyncIterator[Registry]:
    """A registry that a module's tests share, for what is refused."""
    url = await databases.create("registry")
    async with _registry_at(url) as registry:
        yield registry
    await databases.drop(url)
