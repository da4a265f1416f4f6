"""Calling payments back: one person proposes it, another approves, and the bank is asked by camt.055."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.payments.store import orders, recalls
from services.benefits.payments.store.recalls import RecallState
from shared import clock
from shared.access import Access
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["orders"])

Reason = Literal["DUPL", "CUST", "AC03", "AM09", "CURR", "AGNT", "TECH", "FRAD", "UPAY", "DT01"]


class RecallIn(BaseModel):
    """Why: an external cancellation code for the bank, and words for those who decide."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    note: str = Field(min_length=3, max_length=500, examples=["Đã chuyển hai lần theo đơn số 12"])


class RecallOut(BaseModel):
    """A request to the bank. ACCEPTED: it will, and the statement shows the money if it had gone out."""

    id: str
    end_to_end_id: str
    reason: str
    state: RecallState
    answer: str | None = Field(description="why the bank refused", examples=["PTNA"])
    prepared_by: str
    approved_by: str
    approved_at: datetime


async def _recall(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    attempt = await recalls.live_attempt(session, UUID(proposal.draft.subject))
    content = proposal.draft.content
    if attempt is None:
        raise Problem(409, "not_recallable")
    if attempt.end_to_end_id != content["end_to_end_id"]:
        raise Problem(409, "content_changed")
    reason = str(content["reason"])
    try:
        await recalls.add(session, attempt, reason, prepared_by=proposal.prepared_by, approved_by=actor, now=now)
    except recalls.RequestRefused as error:
        raise Problem(409, "request_refused") from error


RECALL = Operation("payment-recall", "payments.read", "runs.approve", apply=_recall)


@router.post("/orders/{order_id}/recall", status_code=201, dependencies=[IDEMPOTENT])
async def propose_recall(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("runs.prepare")],
    about: About,
    order_id: UUID,
    body: RecallIn,
) -> ProposalOut:
    """Propose that the bank is asked to cancel the order's attempt, or to call its money back."""
    order = await orders.order(tx, order_id)
    if order is None:
        raise Problem(404, "order_not_found")
    access.admit(order.area_code, Problem(404, "order_not_found"))
    attempt = await recalls.live_attempt(tx, order_id)
    if attempt is None:
        raise Problem(409, "not_recallable")
    about.one("order", order_id, area=order.area_code)
    content = body.model_dump() | {"end_to_end_id": attempt.end_to_end_id, "amount": attempt.amount}
    draft = Draft(RECALL.kind, str(order_id), content, order.area_code)
    return proposal_out("benefits", RECALL, await propose(tx, draft, actor=actor, now=clock.now()))


@router.get("/orders/{order_id}/recalls")
async def list_order_recalls(
    tx: Tx, access: Annotated[Access, needs("payments.read")], order_id: UUID
) -> list[RecallOut]:
    """List the requests to call an order's attempts back, oldest first."""
    order = await orders.order(tx, order_id)
    if order is None:
        raise Problem(404, "order_not_found")
    access.admit(order.area_code, Problem(404, "order_not_found"))
    return [RecallOut.model_validate(dict(row._mapping)) for row in await recalls.of_order(tx, order_id)]
