"""Decisions of two people: on outcomes that stay unknown, and on orders that are owed no more."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.payments.api.runs import run_out
from services.benefits.payments.domain.states import FileState, OrderState
from services.benefits.payments.store import orders, outcomes
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

router = Router(prefix="/benefits/v1", tags=["outcomes"])

Preparing = Annotated[Access, needs("runs.prepare")]
Certificate = Annotated[str, Field(min_length=3, max_length=140, examples=["Công văn 124/NHNo-KTNQ ngày 26/11/2026"])]


class FileOutcomeIn(BaseModel):
    """What the bank certifies in writing of a file whose outcome is unknown."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["received", "not_received"]
    certificate: Certificate


class UnpaidIn(BaseModel):
    """The bank's certificate that an attempt debited nothing and never will."""

    model_config = ConfigDict(extra="forbid")

    certificate: Certificate


class CancellationIn(BaseModel):
    """Why an order is owed no more."""

    model_config = ConfigDict(extra="forbid")

    why: Literal["death", "left_programme", "lapsed", "mistake"]
    note: str = Field(min_length=3, max_length=500, examples=["Giấy chứng tử số 12 ngày 20/11/2026"])


async def _decide_file(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:  # noqa: ARG001
    received = proposal.draft.content["outcome"] == "received"
    if not await outcomes.decide_file(session, proposal.draft.subject, received=received, now=now):
        raise Problem(409, "outcome_known")


async def _decide_unpaid(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:  # noqa: ARG001
    certificate = str(proposal.draft.content["certificate"])
    if not await outcomes.decide_unpaid(session, UUID(proposal.draft.subject), certificate=certificate, now=now):
        raise Problem(409, "outcome_known")


async def _cancel(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    why = str(proposal.draft.content["why"])
    if not await outcomes.cancel_order(session, UUID(proposal.draft.subject), why=why, actor=actor, now=now):
        raise Problem(409, "order_not_cancellable")


FILE_OUTCOME = Operation("file-outcome", "payments.read", "runs.approve", apply=_decide_file)
UNPAID = Operation("unpaid-attempt", "payments.read", "runs.approve", apply=_decide_unpaid)
ORDER_CANCELLATION = Operation("order-cancellation", "payments.read", "runs.approve", apply=_cancel)


@router.post("/payment-files/{message_id}/outcome", status_code=201, dependencies=[IDEMPOTENT])
async def propose_file_outcome(
    tx: Tx, actor: Actor, access: Preparing, about: About, message_id: str, body: FileOutcomeIn
) -> ProposalOut:
    """Propose how an unknown outcome ends, by the bank's certificate; another person decides.

    `received`: the bank has the file, and its report and statement say what became of it. `not_received`: it is sent
    again, the same bytes under the same id. Neither makes a payment paid.
    """
    found = await outcomes.file(tx, message_id)
    if found is None:
        raise Problem(404, "payment_file_not_found")
    area_code = (await run_out(tx, found.run_id, access)).area_code
    if found.state != FileState.UNKNOWN:
        raise Problem(409, "outcome_known")
    about.one("payment_file", message_id, area=area_code)
    content = body.model_dump() | {"sha256": found.sha256, "count": found.count, "total": found.total}
    draft = Draft(FILE_OUTCOME.kind, message_id, content, area_code)
    return proposal_out("benefits", FILE_OUTCOME, await propose(tx, draft, actor=actor, now=clock.now()))


@router.post("/instructions/{instruction_id}/unpaid", status_code=201, dependencies=[IDEMPOTENT])
async def propose_unpaid(
    tx: Tx, actor: Actor, access: Preparing, about: About, instruction_id: UUID, body: UnpaidIn
) -> ProposalOut:
    """Propose to end an attempt that the bank certifies as never debited; then its order may be paid by another.

    That somebody was paid is never decided so: only a statement says it.
    """
    found = await outcomes.instruction(tx, instruction_id)
    if found is None:
        raise Problem(404, "instruction_not_found")
    access.admit(found.area_code, Problem(404, "instruction_not_found"))
    about.one("instruction", instruction_id, area=found.area_code)
    content = body.model_dump() | {"end_to_end_id": found.end_to_end_id, "amount": found.amount}
    draft = Draft(UNPAID.kind, str(instruction_id), content, found.area_code)
    return proposal_out("benefits", UNPAID, await propose(tx, draft, actor=actor, now=clock.now()))


@router.post("/orders/{order_id}/cancellation", status_code=201, dependencies=[IDEMPOTENT])
async def propose_cancellation(
    tx: Tx, actor: Actor, access: Preparing, about: About, order_id: UUID, body: CancellationIn
) -> ProposalOut:
    """Propose that an order is owed no more; its money goes back to the budget once another person approves."""
    found = await orders.order(tx, order_id)
    if found is None:
        raise Problem(404, "order_not_found")
    access.admit(found.area_code, Problem(404, "order_not_found"))
    if found.state in (OrderState.PAID, OrderState.CANCELLED):
        raise Problem(409, "order_not_cancellable")
    about.one("order", order_id, area=found.area_code)
    content = body.model_dump() | {"amount": found.amount, "period": found.period, "programme": found.programme}
    draft = Draft(ORDER_CANCELLATION.kind, str(order_id), content, found.area_code)
    return proposal_out("benefits", ORDER_CANCELLATION, await propose(tx, draft, actor=actor, now=clock.now()))
