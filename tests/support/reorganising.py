"""Carrying a reorganisation through, as an officer of the province and an approver do it."""

from typing import Any
from uuid import uuid4

from services.registry.reorganisation_jobs import REORGANISATION_UNDO, apply_reorganisation, undo_reorganisation
from services.registry.store.reorganisations import REORGANISATION_JOB
from shared.jobs import JobRunner
from tests.integration.registry.conftest import Registry
from tests.support.tokens import bearer
from tests.support.waiting import until

JOBS = {REORGANISATION_JOB: apply_reorganisation, REORGANISATION_UNDO: undo_reorganisation}


async def sent(registry: Registry, actor: str, path: str, body: Any = None, *, status: int = 201) -> Any:
    """Post a body in somebody's name and return the answer, which must have that status."""
    headers = {"Idempotency-Key": uuid4().hex} | bearer(actor)
    answer = await registry.client.post(path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def approved(registry: Registry, proposal: Any) -> None:
    """Approve a proposal as the chair."""
    await sent(registry, "chair", f"/proposals/{proposal['id']}/approval", {"content_hash": proposal["content_hash"]})


async def in_state(registry: Registry, reorganisation_id: str, *states: str, within: float = 60) -> Any:
    """Let jobs run until a reorganisation is in one of some states; return it."""

    async def reached() -> Any:
        found = await registry.get(f"/reorganisations/{reorganisation_id}")
        return found if found["state"] in states else None

    async with JobRunner(registry.database, JOBS, poll=0.01).running():
        return await until(reached, within=within, describe=f"the reorganisation is {states}")


async def planned(registry: Registry, effective_on: str, pairs: list[tuple[str, str]]) -> Any:
    """Plan a reorganisation of pairs of an old and a new code."""
    order = {
        "title": "Sắp xếp đơn vị hành chính cấp xã",
        "legal_basis": "1676/NQ-UBTVQH15",
        "effective_on": effective_on,
        "successions": [{"old_code": old, "new_code": new} for old, new in pairs],
    }
    return await sent(registry, "officer", "/reorganisations", order)


async def applied(registry: Registry, reorganisation_id: str, *, within: float = 60) -> Any:
    """Have a planned reorganisation approved and done."""
    await approved(registry, await sent(registry, "officer", f"/reorganisations/{reorganisation_id}/application"))
    return await in_state(registry, reorganisation_id, "applied", within=within)


async def ended(registry: Registry, job: Any) -> Any:
    """Let jobs run until one ended; return it."""

    async def found() -> Any:
        shown = await registry.get(f"/jobs/{job['id']}")
        return shown if shown["state"] in ("done", "failed") else None

    async with JobRunner(registry.database, JOBS, poll=0.01).running():
        return await until(found, within=60, describe="the job ends")


async def counted(registry: Registry, **query: str) -> dict[str | None, int]:
    """Return how many households stand in each unit, on a day and the map of a day."""
    found = await registry.get("/household-counts", **query)
    return {each["area_code"]: each["households"] for each in found["areas"]}
