"""Money that two people saw arrive before a statement shows it, and what a payer account may spend."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.ledger.store import contribution
from services.benefits.payments.store import accounts, money
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

router = Router(prefix="/benefits/v1", tags=["accounts"])


class ArrivalIn(BaseModel):
    """Where a contribution arrived, and by which voucher: of the State Treasury, or of the bank."""

    model_config = ConfigDict(extra="forbid")

    payer_account: str = Field(examples=["PHUTHO-01"])
    voucher: str = Field(min_length=3, max_length=140, examples=["KBNN 0251/UNC ngày 24/11/2026"])


class MoneyOut(BaseModel):
    """What a payer account has, in VND.

    `booked` by statements, `unexplained` of it in suspense, `confirmed` by two people and not yet on a statement,
    `out` what attempts may still take, and `available` to a new run.
    """

    booked: int
    unexplained: int
    confirmed: int
    out: int
    available: int


async def _confirm(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:  # noqa: ARG001
    arrived = proposal.draft.content
    if not await money.confirm_arrival(session, UUID(proposal.draft.subject), arrived, clock.legal_date(now)):
        raise Problem(409, "contribution_arrived")


ARRIVAL = Operation("contribution-arrival", "funds.read", "funds.approve", apply=_confirm)


@router.post(
    "/contributions/{contribution_id}/arrival", status_code=201, dependencies=[needs("funds.prepare"), IDEMPOTENT]
)
async def propose_arrival(tx: Tx, actor: Actor, about: About, contribution_id: UUID, body: ArrivalIn) -> ProposalOut:
    """Say that a contribution arrived; once another person has approved it, runs may be paid from it.

    It is booked when the statement shows it; until then it counts as money that is there.
    """
    found = await contribution(tx, contribution_id)
    if found is None:
        raise Problem(404, "contribution_not_found")
    payer = await accounts.payer(tx, body.payer_account)
    if payer is None or payer.fund != found.fund:
        raise Problem(422, "payer_account_unknown")
    if found.received_on is not None or found.confirmed_on is not None:
        raise Problem(409, "contribution_arrived")
    about.one("contribution", contribution_id)
    content = body.model_dump() | {"fund": found.fund, "amount": found.amount, "reference": found.reference}
    draft = Draft(ARRIVAL.kind, str(contribution_id), content)
    return proposal_out("benefits", ARRIVAL, await propose(tx, draft, actor=actor, now=clock.now()))


@router.get("/payer-accounts/{code}/money", dependencies=[needs("funds.read")])
async def read_money(tx: Tx, code: str) -> MoneyOut:
    """Say what a payer account has, and what a new run may take of it."""
    if await accounts.payer(tx, code) is None:
        raise Problem(404, "payer_account_unknown")
    found = await money.money_of(tx, code)
    return MoneyOut(
        booked=found.booked,
        unexplained=found.unexplained,
        confirmed=found.confirmed,
        out=found.out,
        available=found.available,
    )
