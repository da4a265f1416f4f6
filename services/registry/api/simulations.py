"""Simulations: who would change class under another standard, while the registry stays as it is."""

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.registry.domain.standards import Standard, UnknownStandard, standards
from services.registry.store.simulations import SIMULATION, changes_of
from shared.access import Access
from shared.events.registry import HouseholdClass
from shared.http import IDEMPOTENT, FieldProblem, Page, Paging, Problem, Router, Tx, needs
from shared.http.audit import Reads
from shared.jobs import JobOut, Jobs

router = Router(prefix="/registry/v1", tags=["simulations"])

Simulating = Annotated[Access, needs("standards.simulate")]


class SimulationOrder(BaseModel):
    """The standard that households have their class by, and the one to try: a known one, or a draft in full."""

    model_config = ConfigDict(extra="forbid")

    base: str = Field(max_length=40, examples=["vn-2022-2025"])
    target: str | None = Field(default=None, max_length=40, examples=["vn-2026-2030"])
    draft: Standard | None = None

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        if (self.target is None) == (self.draft is None):
            raise PydanticCustomError("one_target", "either a known standard or a draft")
        return self


class SimulatedChange(BaseModel):
    """A household whose class would change."""

    household_id: UUID
    area_code: str
    people: int
    class_before: HouseholdClass
    class_after: HouseholdClass


def _named(code: str, field: Literal["base", "target"]) -> Standard:
    try:
        return standards().named(code)
    except UnknownStandard:
        error = FieldProblem(f"/body/{field}", "standard_unknown")
        raise Problem(422, "validation_failed", errors=[error], count=1) from None


@router.post("/simulations", status_code=202, dependencies=[IDEMPOTENT])
async def simulate_standard(jobs: Jobs, access: Simulating, order: SimulationOrder) -> JobOut:
    """Try a standard on every household of the areas granted; the job's result has the figures by commune."""
    target = order.draft or _named(order.target or "", "target")
    return await jobs.start(
        SIMULATION,
        {
            "base": _named(order.base, "base").code,
            "target": target.model_dump_json(),
            "areas": None if access.areas is None else sorted(access.areas),
        },
    )


@router.get("/simulations")
async def list_simulated_changes(
    tx: Tx,
    access: Simulating,
    reads: Reads,
    paging: Paging,
    simulation_id: Annotated[UUID, Query(description="the job's id")],
) -> Page[SimulatedChange]:
    """List the households whose class a simulation would change."""
    after = paging.after(UUID)
    found = await changes_of(tx, access, simulation_id, after=after[0] if after else None, limit=paging.limit + 1)
    page = paging.page([SimulatedChange.model_validate(row) for row in found], key=lambda each: (each.household_id,))
    reads.many("household", [each.household_id for each in page.items])
    return page
