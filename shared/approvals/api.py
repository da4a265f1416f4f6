"""Proposals over HTTP: what waits, what it would do, approval and refusal by another person."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared import clock
from shared.approvals import store
from shared.approvals.proposals import Proposal
from shared.db import Transaction
from shared.http.actor import Actor
from shared.http.idempotency import IDEMPOTENT
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

Apply = Callable[[Transaction, Proposal, str, datetime], Awaitable[None]]


def _as_it_is(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return content


@dataclass(frozen=True)
class Operation:
    """A kind of proposal. `apply` does what an approved one says, in the transaction of the approval.

    Where approving needs more than the hash, `apply` is None and `approved_at` says where it is done, with `{subject}`
    in the path. `shown` leaves out of the content what its readers may not see, account numbers for instance.
    """

    kind: str
    apply: Apply | None = None
    approved_at: str | None = None
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _as_it_is


class ProposalOut(BaseModel):
    """What is proposed, by whom, and what became of it. Who approves sends `content_hash` back."""

    id: UUID
    kind: str = Field(examples=["allotment"])
    subject: str
    content: dict[str, Any]
    content_hash: str
    approve_at: str = Field(description="where the approval is sent")
    state: Literal["open", "approved", "refused"]
    prepared_by: str
    prepared_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None


class ApprovalIn(BaseModel):
    """The hash of what was seen."""

    model_config = ConfigDict(extra="forbid")

    content_hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class RefusalIn(BaseModel):
    """Why it is refused or withdrawn."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=3, max_length=2000, examples=["Số tiền không đúng với quyết định phân bổ"])


def proposal_out(service: str, operation: Operation, proposal: Proposal) -> ProposalOut:
    """Return what readers see of a proposal."""
    draft = proposal.draft
    path = operation.approved_at or f"/{service}/v1/proposals/{proposal.id}/approval"
    return ProposalOut(
        id=proposal.id,
        kind=draft.kind,
        subject=draft.subject,
        content=dict(operation.shown(draft.content)),
        content_hash=proposal.content_hash,
        approve_at=path.format(subject=draft.subject),
        state=proposal.state,
        prepared_by=proposal.prepared_by,
        prepared_at=proposal.prepared_at,
        decided_by=proposal.decided_by,
        decided_at=proposal.decided_at,
        note=proposal.note,
    )


def proposals_router(service: str, operations: Sequence[Operation]) -> Router:
    """Return `/<service>/v1/proposals`: list, show, approve, refuse."""
    router = Router(prefix=f"/{service}/v1/proposals", tags=["approvals"])
    by_kind = {operation.kind: operation for operation in operations}

    def shown(proposal: Proposal) -> ProposalOut:
        return proposal_out(service, by_kind[proposal.draft.kind], proposal)

    async def found(tx: Transaction, proposal_id: UUID, *, lock: bool = False) -> Proposal:
        proposal = await store.find_proposal(tx, proposal_id, lock=lock)
        if proposal is None:
            raise Problem(404, "proposal_not_found")
        return proposal

    @router.get("")
    async def list_proposals(
        tx: Tx,
        paging: Paging,
        kind: str | None = None,
        state: Literal["open", "approved", "refused"] | None = None,
    ) -> Page[ProposalOut]:
        """List what was proposed, newest first."""
        after = paging.after(UUID)
        proposals = await store.page_of_proposals(
            tx, kind=kind, state=state, after=after[0] if after else None, limit=paging.limit + 1
        )
        return paging.page([shown(proposal) for proposal in proposals], key=lambda out: (out.id,))

    @router.get("/{proposal_id}")
    async def get_proposal(tx: Tx, proposal_id: UUID) -> ProposalOut:
        """Read a proposal: what it would do, and the hash to approve it by."""
        return shown(await found(tx, proposal_id))

    @router.post("/{proposal_id}/approval", status_code=201, dependencies=[IDEMPOTENT])
    async def approve_proposal(tx: Tx, actor: Actor, proposal_id: UUID, body: ApprovalIn) -> ProposalOut:
        """Approve a proposal as another person than who prepared it; it is done at once, or nothing is."""
        proposal, now = await found(tx, proposal_id, lock=True), clock.now()
        operation = by_kind[proposal.draft.kind]
        if operation.apply is None:
            raise Problem(409, "approved_elsewhere", path=shown(proposal).approve_at)
        await store.approve(tx, proposal, seen=body.content_hash, actor=actor, now=now)
        await operation.apply(tx, proposal, actor, now)
        return shown(await found(tx, proposal_id))

    @router.post("/{proposal_id}/refusal", status_code=201, dependencies=[IDEMPOTENT])
    async def refuse_proposal(tx: Tx, actor: Actor, proposal_id: UUID, body: RefusalIn) -> ProposalOut:
        """Refuse a proposal, or withdraw one's own; what it stood for is not done."""
        proposal = await found(tx, proposal_id, lock=True)
        if by_kind[proposal.draft.kind].apply is None:
            raise Problem(409, "approved_elsewhere", path=shown(proposal).approve_at)
        await store.refuse(tx, proposal, note=body.note, actor=actor, now=clock.now())
        return shown(await found(tx, proposal_id))

    return router
