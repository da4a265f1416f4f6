"""Suspense: money that nobody has explained, and what two people say that it is."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.benefits.payments.store import suspense
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

router = Router(prefix="/benefits/v1", tags=["suspense"])

_LONGEST = 500
Number = Annotated[int, Path(ge=0)]


class UnexplainedOut(BaseModel):
    """An entry of a statement that waits to be explained (VND), and what of ours it may be by its amount."""

    payer_account: str
    sequence: int
    ordinal: int
    side: str
    amount: int
    booked_on: date
    outcome: str
    return_reason: str | None
    bank_reference: str | None
    fund: str
    perhaps_return_of: UUID | None
    perhaps_contribution: UUID | None


class ExplanationIn(BaseModel):
    """What an entry is. A `contribution` that is not declared yet is declared with it; `returned` names the attempt."""

    model_config = ConfigDict(extra="forbid")

    becomes: suspense.Becomes
    reference: str = Field(pattern=r"^[A-Za-z0-9/\-?:().,'+ ]{3,140}$", examples=["KBNN 0251/UNC"])
    contribution_id: UUID | None = None
    instruction_id: UUID | None = None

    @model_validator(mode="after")
    def _names_what_it_is(self) -> Self:
        if (self.becomes == "returned") != (self.instruction_id is not None):
            raise ValueError("instruction_id is given for returned, and only then")
        if self.contribution_id is not None and self.becomes != "contribution":
            raise ValueError("contribution_id is given only for contribution")
        return self


def _place(subject: str) -> suspense.Place:
    payer, sequence, ordinal = subject.rsplit("/", 2)
    return suspense.Place(payer, int(sequence), int(ordinal))


async def _clear(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    try:
        await suspense.clear(session, _place(proposal.draft.subject), proposal.draft.content, actor=actor, now=now)
    except suspense.DoesNotFit as error:
        raise Problem(409, "explanation_does_not_fit") from error


SUSPENSE = Operation("suspense-clearing", "funds.read", "funds.approve", apply=_clear)


@router.get("/suspense", dependencies=[needs("funds.read")])
async def list_unexplained(tx: Tx) -> list[UnexplainedOut]:
    """List the oldest money that nobody has explained."""
    return [UnexplainedOut.model_validate(dict(row._mapping)) for row in await suspense.unexplained(tx, _LONGEST)]


@router.post(
    "/suspense/{payer_account}/{sequence}/{ordinal}/explanation",
    status_code=201,
    dependencies=[needs("funds.prepare"), IDEMPOTENT],
)
async def propose_explanation(
    tx: Tx, actor: Actor, about: About, payer_account: str, sequence: Number, ordinal: Number, body: ExplanationIn
) -> ProposalOut:
    """Propose what an entry in suspense is; it is booked so once another person approves."""
    place = suspense.Place(payer_account, sequence, ordinal)
    found = await suspense.entry(tx, place)
    if found is None:
        raise Problem(404, "entry_not_in_suspense")
    if body.becomes not in (suspense.OF_CREDITS if found.side == "credit" else suspense.OF_DEBITS):
        raise Problem(422, "explanation_does_not_fit")
    subject = f"{payer_account}/{sequence}/{ordinal}"
    about.one("statement_entry", subject)
    content = body.model_dump(mode="json") | {"amount": found.amount, "fund": found.fund, "side": found.side}
    draft = Draft(SUSPENSE.kind, subject, content)
    return proposal_out("benefits", SUSPENSE, await propose(tx, draft, actor=actor, now=clock.now()))
