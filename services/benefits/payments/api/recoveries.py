"""Times in which nothing is sent to a bank, because a database was restored on either side."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.payments.store import recovery
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


async def _release(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    if not await recovery.release(session, UUID(proposal.draft.content["recovery"]), actor, now):
        raise Problem(409, "recovery_not_walked")


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
