"""Times in which nothing is sent to a bank, because a database was restored on either side."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.benefits.payments.store import joining, orders, recovery
from shared import clock
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

router = Router(prefix="/benefits/v1", tags=["banks"])

EndToEndId = Annotated[str, Path(pattern=r"^[A-Z0-9-]{1,35}$", examples=["01KEZ8Q0M1X3J5V7T9B2D4F6H8"])]


class RecoveryIn(BaseModel):
    """Which bank nothing is to be sent to."""

    model_config = ConfigDict(extra="forbid")

    bank: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["simbank"])


class RecoveryOut(BaseModel):
    """Why nothing is sent to a bank, and how far what it knows was read.

    `files` are files of ours that the bank has and we had not, `unread` those whose copy was not read yet; `payments`
    and `total` (VND) are what they paid. `walked_at`: all was read, the bank's statements too. `released_at`: files go
    again.
    """

    id: UUID
    bank: str
    cause: Literal["foreign_files", "lost_files", "declared"]
    opened_at: datetime
    opened_by: str
    files: int
    unread: int
    payments: int
    total: int
    walked_at: datetime | None
    released_at: datetime | None
    released_by: str | None


class ForgottenOut(BaseModel):
    """A payment that the bank was told to make by a file that a restored database has forgotten. `amount` is VND.

    Orders that it looks like (account or holder, amount, month) are in no run until it is dismissed, or joined to the
    one that it paid. `order_id` is the order whose attempt has its id; `debited_on` is when a statement shows its debit
    that nobody has explained.
    """

    end_to_end_id: str
    message_id: str
    amount: int
    execution_date: date | None
    refused: bool
    order_id: UUID | None
    debited_on: date | None
    dismissed_by: str | None
    dismissed_at: datetime | None


class DismissalIn(BaseModel):
    """How it is known that a forgotten payment paid something else than the orders that look like it."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=3, max_length=500, examples=["Chi bổ sung tháng 9, biên bản đối chiếu 12/BB"])


class JoiningIn(BaseModel):
    """Which order a forgotten payment paid, and how that is known."""

    model_config = ConfigDict(extra="forbid")

    order_id: UUID
    note: str = Field(min_length=3, max_length=140, examples=["Sao kê 17, biên bản đối chiếu 12/BB"])


async def _release(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    if not await recovery.release(session, UUID(proposal.draft.content["recovery"]), actor, now):
        raise Problem(409, "recovery_not_walked")


async def _dismiss(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    if not await recovery.dismiss(session, proposal.draft.subject, actor, now):
        raise Problem(409, "recovered_payment_settled")


async def _join(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    said = proposal.draft.content
    try:
        order_id = UUID(said["order"])
        await joining.join(session, proposal.draft.subject, order_id, note=said["note"], actor=actor, now=now)
    except joining.DoesNotFit as error:
        raise Problem(409, "joining_does_not_fit") from error


JOINING = Operation("forgotten-payment-joining", "funds.read", "funds.approve", apply=_join)
FORGOTTEN_PAYMENT = Operation("forgotten-payment", "funds.read", "funds.approve", apply=_dismiss)
BANK_RECOVERY = Operation("bank-recovery", "funds.read", "funds.approve", apply=_release)


@router.get("/bank-recoveries", dependencies=[needs("funds.read")])
async def list_bank_recoveries(tx: Tx) -> list[RecoveryOut]:
    """List the times in which nothing was sent, newest first."""
    return [RecoveryOut.model_validate(dict(row._mapping)) for row in await recovery.recoveries(tx)]


@router.post("/bank-recoveries", status_code=201, dependencies=[needs("funds.prepare"), IDEMPOTENT])
async def declare_bank_recovery(tx: Tx, actor: Actor, about: About, body: RecoveryIn) -> RecoveryOut:
    """Stop sending to a bank at once: a database was restored. Again, it changes nothing but who asks anew."""
    about.one("bank", body.bank)
    if not await recovery.payers_to_compare(tx, body.bank):
        raise Problem(422, "bank_unknown")
    await recovery.stop(tx, body.bank, "declared", actor, clock.now())
    return RecoveryOut.model_validate(dict((await recovery.recoveries(tx))[0]._mapping))


@router.post(
    "/bank-recoveries/{recovery_id}/release", status_code=201, dependencies=[needs("funds.prepare"), IDEMPOTENT]
)
async def propose_recovery_release(tx: Tx, actor: Actor, about: About, recovery_id: UUID) -> ProposalOut:
    """Propose that files go again, once all that the bank knows of was read; another person approves it."""
    about.one("bank_recovery", recovery_id)
    found = next((row for row in await recovery.recoveries(tx) if row.id == recovery_id), None)
    if found is None:
        raise Problem(404, "recovery_not_found")
    if found.walked_at is None or found.released_at is not None:
        raise Problem(409, "recovery_not_walked")
    content = {
        "recovery": str(found.id),
        "bank": found.bank,
        "cause": found.cause,
        "files": found.files,
        "payments": found.payments,
        "total": int(found.total),
    }
    draft = Draft(BANK_RECOVERY.kind, found.bank, content)
    return proposal_out("benefits", BANK_RECOVERY, await propose(tx, draft, actor=actor, now=clock.now()))


@router.get("/forgotten-payments", dependencies=[needs("funds.read")])
async def list_forgotten_payments(tx: Tx, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> list[ForgottenOut]:
    """List payments that the bank knows and our books do not, newest first."""
    return [ForgottenOut.model_validate(dict(row._mapping)) for row in await recovery.forgotten(tx, limit)]


@router.post(
    "/forgotten-payments/{end_to_end_id}/dismissal",
    status_code=201,
    dependencies=[needs("funds.prepare"), IDEMPOTENT],
)
async def propose_dismissal(
    tx: Tx, actor: Actor, about: About, end_to_end_id: EndToEndId, body: DismissalIn
) -> ProposalOut:
    """Propose that a forgotten payment paid nothing that is owed; another person approves it, then orders are paid.

    It is that of somebody else, or one that the bank had refused and never debited. Where it did pay, it is joined to
    the order that it paid.
    """
    about.one("forgotten_payment", end_to_end_id)
    found = await recovery.forgotten_payment(tx, end_to_end_id)
    if found is None:
        raise Problem(404, "recovered_payment_not_found")
    if found.dismissed_at is not None:
        raise Problem(409, "recovered_payment_settled")
    content = {"amount": found.amount, "message_id": found.message_id, "note": body.note}
    draft = Draft(FORGOTTEN_PAYMENT.kind, end_to_end_id, content)
    return proposal_out("benefits", FORGOTTEN_PAYMENT, await propose(tx, draft, actor=actor, now=clock.now()))


@router.post(
    "/forgotten-payments/{end_to_end_id}/joining",
    status_code=201,
    dependencies=[needs("funds.prepare"), IDEMPOTENT],
)
async def propose_joining(
    tx: Tx, actor: Actor, about: About, end_to_end_id: EndToEndId, body: JoiningIn
) -> ProposalOut:
    """Propose which order a forgotten payment paid, once a statement shows its debit; another person approves it.

    The order is paid then, by that attempt, and the debit is explained.
    """
    about.one("forgotten_payment", end_to_end_id)
    found = await recovery.forgotten_payment(tx, end_to_end_id)
    if found is None:
        raise Problem(404, "recovered_payment_not_found")
    order = await orders.order(tx, body.order_id)
    if order is None:
        raise Problem(422, "order_not_found")
    if not joining.fits(found, order):
        raise Problem(409, "joining_does_not_fit")
    content = {
        "amount": found.amount,
        "message_id": found.message_id,
        "debited_on": found.debited_on.isoformat(),
        "order": str(order.id),
        "household_id": str(order.household_id),
        "programme": order.programme,
        "period": order.period,
        "note": body.note,
    }
    draft = Draft(JOINING.kind, end_to_end_id, content)
    return proposal_out("benefits", JOINING, await propose(tx, draft, actor=actor, now=clock.now()))
