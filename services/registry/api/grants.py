"""Grants: who holds which role where. One person proposes, another approves; taking back takes one."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import RowMapping

from services.registry.store import grants
from services.registry.store.grants import AreaNotGrantable, Proposal, State
from shared import clock
from shared.access import Access, Role
from shared.access.roles import GRANTABLE
from shared.http import IDEMPOTENT, Actor, FieldProblem, Page, Paging, Problem, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["grants"])

Reading = Annotated[Access, needs("grants.read")]
Preparing = Annotated[Access, needs("grants.prepare")]
Approving = Annotated[Access, needs("grants.approve")]
Revoking = Annotated[Access, needs("grants.revoke")]


class GrantProposal(BaseModel):
    """A role for somebody. Without an area it is for everywhere; without days, from today on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str = Field(
        pattern=r"^[A-Za-z0-9._@:-]{1,128}$",
        description="the name that tokens of the person or machine carry",
        examples=["can-bo.tan-son"],
    )
    role: Role = Field(examples=["commune_officer"])
    area_code: str | None = Field(default=None, max_length=12, description="a province or commune", examples=["08566"])
    valid_from: date | None = None
    valid_to: date | None = Field(default=None, description="last day, inclusive")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.role not in GRANTABLE:
            raise PydanticCustomError("role_not_grantable", "everybody holds this role")
        if self.valid_to is not None and self.valid_to < (self.valid_from or clock.today()):
            raise PydanticCustomError("area_period", "ends before it begins")
        return self


class Revocation(BaseModel):
    """Why a grant is taken back."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=10, max_length=500)


class GrantView(BaseModel):
    """A grant, and who made it. `communes` is how many communes its area covers, null for everywhere."""

    id: UUID
    subject: str
    role: Role
    area_code: str | None
    communes: int | None
    valid_from: date
    valid_to: date | None
    state: State
    prepared_by: str
    prepared_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    revoked_by: str | None
    revoked_at: datetime | None
    revocation_reason: str | None

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """Return the view of a stored grant."""
        communes = None if row["area_code"] is None else len(row["communes"])
        return cls.model_validate({**row, "communes": communes, "state": grants.state_of(row)})


def _not_grantable() -> Problem:
    return Problem(422, "validation_failed", errors=[FieldProblem("/body/area_code", "area_not_grantable")], count=1)


@router.post("/grants", status_code=201, dependencies=[IDEMPOTENT])
async def propose_grant(tx: Tx, actor: Actor, access: Preparing, response: Response, body: GrantProposal) -> GrantView:
    """Propose that somebody gets a role; nothing is granted until another person approves."""
    proposal = Proposal(
        body.subject, body.role, body.area_code, valid_from=body.valid_from or clock.today(), valid_to=body.valid_to
    )
    try:
        made = await grants.propose(tx, proposal, access, by=actor, now=clock.now())
    except AreaNotGrantable:
        raise _not_grantable() from None
    response.headers["Location"] = f"/registry/v1/grants/{made['id']}"
    return GrantView.of(made)


@router.get("/grants")
async def list_grants(
    tx: Tx,
    paging: Paging,
    access: Reading,
    subject: Annotated[str | None, Query(max_length=128)] = None,
    role: Role | None = None,
    area_code: Annotated[str | None, Query(max_length=12, description="as granted")] = None,
    state: State | None = None,
) -> Page[GrantView]:
    """List grants, newest first."""
    after = paging.after(UUID)
    filters = {"subject": subject, "role": role, "area_code": area_code}
    found = await grants.page_of_grants(
        tx, access, filters, state, after=after[0] if after else None, limit=paging.limit + 1
    )
    return paging.page([GrantView.of(row) for row in found], key=lambda each: (each.id,))


@router.get("/grants/{grant_id}")
async def get_grant(tx: Tx, access: Reading, grant_id: UUID) -> GrantView:
    """Show a grant."""
    return GrantView.of(await grants.grant(tx, grant_id, access))


@router.post("/grants/{grant_id}/approval", status_code=201, dependencies=[IDEMPOTENT])
async def approve_grant(tx: Tx, actor: Actor, access: Approving, grant_id: UUID) -> GrantView:
    """Approve a grant as another person than who proposed it and than who gets it."""
    try:
        return GrantView.of(await grants.approve(tx, grant_id, access, by=actor, now=clock.now()))
    except AreaNotGrantable:
        raise Problem(409, "grant_not_open") from None


@router.post("/grants/{grant_id}/revocation", status_code=201, dependencies=[IDEMPOTENT])
async def revoke_grant(tx: Tx, actor: Actor, access: Revoking, grant_id: UUID, body: Revocation) -> GrantView:
    """Take a grant back, or a proposal away, at once."""
    return GrantView.of(await grants.revoke(tx, grant_id, access, reason=body.reason, by=actor, now=clock.now()))
