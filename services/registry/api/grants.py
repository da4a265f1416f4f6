"""Grants: who holds which role where. One person proposes, another approves; taking back takes one."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import RowMapping

from services.registry.store import grants
from services.registry.store.grants import AreaNotGrantable, NewGrant, State
from shared import clock
from shared.access import Access, Role
from shared.access.roles import GRANTABLE
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http import IDEMPOTENT, Actor, FieldProblem, Page, Paging, Problem, Router, Tx, needs
from shared.ids import new_id

router = Router(prefix="/registry/v1", tags=["grants"])

Reading = Annotated[Access, needs("grants.read")]
Preparing = Annotated[Access, needs("grants.prepare")]
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
    valid_from: date = Field(default_factory=clock.today)
    valid_to: date | None = Field(default=None, description="last day, inclusive")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.role not in GRANTABLE:
            raise PydanticCustomError("role_not_grantable", "everybody holds this role")
        if self.valid_to is not None and self.valid_to < self.valid_from:
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
    approved_by: str
    approved_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
    revocation_reason: str | None

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """Return the view of a stored grant."""
        communes = None if row["area_code"] is None else len(row["communes"])
        state = "approved" if row["revoked_at"] is None else "revoked"
        return cls.model_validate({**row, "communes": communes, "state": state})


async def _make(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    body = GrantProposal.model_validate(proposal.draft.content)
    grant_id = UUID(proposal.draft.subject)
    new = NewGrant(**body.model_dump())
    try:
        await grants.make(session, grant_id, new, prepared_by=proposal.prepared_by, approved_by=actor, now=now)
    except AreaNotGrantable:
        raise Problem(409, "content_changed") from None


GRANT = Operation("grant", "grants.read", "grants.approve", apply=_make)


@router.post("/grants", status_code=201, dependencies=[IDEMPOTENT])
async def propose_grant(tx: Tx, actor: Actor, access: Preparing, body: GrantProposal) -> ProposalOut:
    """Propose that somebody gets a role; it is a grant, of the proposal's `subject` as its id, once approved."""
    if body.area_code is None:
        access.require_everywhere()
    else:
        access.require(body.area_code)
    now = clock.now()
    try:
        await grants.refuse_unknown_area(tx, body.area_code, clock.legal_date(now))
    except AreaNotGrantable:
        errors = [FieldProblem("/body/area_code", "area_not_grantable")]
        raise Problem(422, "validation_failed", errors=errors, count=1) from None
    draft = Draft(GRANT.kind, str(new_id()), body.model_dump(mode="json"), body.area_code)
    return proposal_out("registry", GRANT, await propose(tx, draft, actor=actor, now=now))


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


@router.post("/grants/{grant_id}/revocation", status_code=201, dependencies=[IDEMPOTENT])
async def revoke_grant(tx: Tx, actor: Actor, access: Revoking, grant_id: UUID, body: Revocation) -> GrantView:
    """Take a grant back, at once."""
    return GrantView.of(await grants.revoke(tx, grant_id, access, reason=body.reason, by=actor, now=clock.now()))
