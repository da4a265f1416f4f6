"""Proposals over HTTP: what waits, what it would do, approval and refusal by another person."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, or_

from shared import clock
from shared.access import PERMISSIONS, Access
from shared.approvals import store
from shared.approvals.proposals import Proposal
from shared.approvals.tables import proposals
from shared.db import Transaction
from shared.http.access import access_to, accesses_to, needs
from shared.http.actor import Principal, Who
from shared.http.audit import Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.purpose import Purpose
from shared.http.router import Router
from shared.http.transactions import Tx

Apply = Callable[[Transaction, Proposal, str, datetime], Awaitable[None]]


def _as_it_is(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return content


@dataclass(frozen=True)
class Operation:
    """A kind of proposal. `apply` does what an approved one says, in the transaction of the approval.

    Where approving needs more than the hash, `apply` is None and `approved_at` says where it is done, with `{subject}`
    in the path. `shown` leaves out of the content what its readers may not see, account numbers for instance. It takes
    the permission `reading` to see one, and `approving` to decide on it, in the area that it belongs to.
    """

    kind: str
    reading: str
    approving: str
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


class WholeProposal(BaseModel):
    """All that a proposal would do, numbers whole."""

    id: UUID
    content: dict[str, Any]
    content_hash: str


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


@dataclass(frozen=True)
class _Desk:
    """The proposals of a service, each kind with its own permissions."""

    service: str
    by_kind: Mapping[str, Operation]

    def shown(self, proposal: Proposal) -> ProposalOut:
        return proposal_out(self.service, self.by_kind[proposal.draft.kind], proposal)

    async def readable(self, tx: Transaction, who: Principal) -> ColumnElement[bool]:
        """Return the condition that somebody may read a proposal. Raises 403 for who may read none of any kind."""
        held = await accesses_to(tx, who, {each.reading for each in self.by_kind.values()})
        c = proposals.c
        kinds = ((c.kind == each.kind, held.get(each.reading)) for each in self.by_kind.values())
        return or_(*(and_(kind, access.within(c.area_code)) for kind, access in kinds if access is not None))

    async def found(self, tx: Transaction, who: Principal, proposal_id: UUID) -> Proposal:
        held = await accesses_to(tx, who, {each.reading for each in self.by_kind.values()})
        proposal = await store.find_proposal(tx, proposal_id)
        if proposal is None:
            raise Problem(404, "proposal_not_found")
        reading = self.by_kind[proposal.draft.kind].reading
        access = held.get(reading) or Access(who.subject, reading, frozenset())
        access.admit(proposal.draft.area_code, Problem(404, "proposal_not_found"))
        return proposal

    async def decidable(
        self, tx: Transaction, who: Principal, proposal_id: UUID, *, own: bool, lock: bool = False
    ) -> Proposal:
        held = {each.approving for each in self.by_kind.values()} | {each.reading for each in self.by_kind.values()}
        await accesses_to(tx, who, held)
        proposal = await store.find_proposal(tx, proposal_id, lock=lock)
        if proposal is None:
            raise Problem(404, "proposal_not_found")
        if not (own and proposal.prepared_by == who.subject):
            access = await access_to(tx, who, PERMISSIONS[self.by_kind[proposal.draft.kind].approving])
            access.admit(proposal.draft.area_code, Problem(404, "proposal_not_found"))
        return proposal

    async def to_decide(
        self, tx: Transaction, who: Principal, proposal_id: UUID, *, own: bool = False
    ) -> tuple[Proposal, Operation]:
        """Return a proposal, locked, that somebody may decide on, or with `own` that they prepared themselves."""
        proposal = await self.decidable(tx, who, proposal_id, own=own, lock=True)
        operation = self.by_kind[proposal.draft.kind]
        if operation.apply is None:
            raise Problem(409, "approved_elsewhere", path=self.shown(proposal).approve_at)
        return proposal, operation


def proposals_router(service: str, operations: Sequence[Operation]) -> Router:
    """Return `/<service>/v1/proposals`: list, show, approve, refuse."""
    router = Router(prefix=f"/{service}/v1/proposals", tags=["approvals"])
    desk = _Desk(service, {operation.kind: operation for operation in operations})
    _reading(router, desk)
    _deciding(router, desk)
    return router


def _reading(router: Router, desk: _Desk) -> None:
    @router.get("", dependencies=[needs("proposals.read")])
    async def list_proposals(
        tx: Tx,
        who: Who,
        reads: Reads,
        paging: Paging,
        kind: str | None = None,
        state: Literal["open", "approved", "refused"] | None = None,
    ) -> Page[ProposalOut]:
        """List what was proposed, newest first."""
        after = paging.after(UUID)
        readable = await desk.readable(tx, who)
        found = await store.page_of_proposals(
            tx, readable, kind=kind, state=state, after=after[0] if after else None, limit=paging.limit + 1
        )
        page = paging.page([desk.shown(proposal) for proposal in found], key=lambda out: (out.id,))
        reads.many("proposal", [each.id for each in page.items])
        return page

    @router.get("/{proposal_id}", dependencies=[needs("proposals.read")])
    async def get_proposal(tx: Tx, who: Who, reads: Reads, proposal_id: UUID) -> ProposalOut:
        """Read a proposal: what it would do, and the hash to approve it by."""
        reads.one("proposal", proposal_id)
        return desk.shown(await desk.found(tx, who, proposal_id))

    @router.get("/{proposal_id}/whole", dependencies=[needs("proposals.decide")])
    async def get_whole_proposal(
        tx: Tx, who: Who, reads: Reads, response: Response, proposal_id: UUID, purpose: Purpose
    ) -> WholeProposal:
        """Show who decides on a proposal, or prepared it, its whole numbers, for a purpose that stands on record."""
        proposal = await desk.decidable(tx, who, proposal_id, own=True)
        reads.one("proposal", proposal_id, area=proposal.draft.area_code)
        reads.for_purpose(purpose)
        response.headers["Cache-Control"] = "no-store"
        return WholeProposal(id=proposal.id, content=dict(proposal.draft.content), content_hash=proposal.content_hash)


def _deciding(router: Router, desk: _Desk) -> None:
    @router.post("/{proposal_id}/approval", status_code=201, dependencies=[needs("proposals.decide"), IDEMPOTENT])
    async def approve_proposal(tx: Tx, who: Who, proposal_id: UUID, body: ApprovalIn) -> ProposalOut:
        """Approve a proposal as another person than who prepared it; it is done at once, or nothing is."""
        now = clock.now()
        proposal, operation = await desk.to_decide(tx, who, proposal_id)
        await store.approve(tx, proposal, seen=body.content_hash, actor=who.subject, now=now)
        if operation.apply is not None:
            await operation.apply(tx, proposal, who.subject, now)
        return await _again(tx, desk, proposal_id)

    @router.post("/{proposal_id}/refusal", status_code=201, dependencies=[needs("proposals.decide"), IDEMPOTENT])
    async def refuse_proposal(tx: Tx, who: Who, proposal_id: UUID, body: RefusalIn) -> ProposalOut:
        """Refuse a proposal, or withdraw one's own; what it stood for is not done."""
        proposal, _ = await desk.to_decide(tx, who, proposal_id, own=True)
        await store.refuse(tx, proposal, note=body.note, actor=who.subject, now=clock.now())
        return await _again(tx, desk, proposal_id)


async def _again(tx: Transaction, desk: _Desk, proposal_id: UUID) -> ProposalOut:
    proposal = await store.find_proposal(tx, proposal_id)
    assert proposal is not None  # noqa: S101 - locked in this transaction
    return desk.shown(proposal)
