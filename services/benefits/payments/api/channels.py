"""Banks' channels: resting after failures, halted by people, and the hours in which they take files."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel

from services.benefits.payments.api.runs import ReasonIn
from services.benefits.payments.domain.calendar import is_confirmed
from services.benefits.payments.domain.terms import DAYS_OFF, BankTerms, DaysOff, terms_of
from services.benefits.payments.store import channels
from services.benefits.payments.store.sealing import carried_out_on
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

router = Router(prefix="/benefits/v1", tags=["bank channels"])

Bank = Annotated[str, Path(pattern=r"^[a-z0-9-]{2,40}$", examples=["simbank"])]


class ChannelOut(BaseModel):
    """A bank's channel. `open_until` is until when we leave it alone after `failures`; `halted_by` stopped it."""

    bank: str
    failures: int
    open_until: datetime | None
    reason: str | None
    halted_by: str | None
    halted_at: datetime | None
    halted_reason: str | None


class CalendarOut(BaseModel):
    """What is agreed with a bank today, and on which day it carries out what it gets now.

    `confirmed` is false where hours or days off were not compared with contract, circular or notice.
    """

    terms: BankTerms
    days_off: list[DaysOff]
    carried_out_on: date
    confirmed: bool


async def _release(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:  # noqa: ARG001
    await channels.release(session, proposal.draft.subject)


CHANNEL_RELEASE = Operation("bank-channel-release", "funds.read", "funds.approve", apply=_release)


@router.get("/bank-channels", dependencies=[needs("funds.read")])
async def list_channels(tx: Tx) -> list[ChannelOut]:
    """List the banks that were ever called, and whether files go to them now."""
    return [ChannelOut.model_validate(dict(row._mapping)) for row in await channels.channels(tx)]


@router.get("/bank-channels/{bank}/calendar", dependencies=[needs("reference.read")])
async def read_calendar(bank: Bank) -> CalendarOut:
    """Read a bank's hours, and the days off that we know of."""
    now = clock.now()
    today = clock.legal_date(now)
    terms = terms_of(bank, today)
    return CalendarOut(
        terms=terms,
        days_off=list(DAYS_OFF),
        carried_out_on=carried_out_on(bank, now),
        confirmed=is_confirmed(today, terms, DAYS_OFF),
    )


@router.post("/bank-channels/{bank}/halt", status_code=201, dependencies=[needs("channels.halt"), IDEMPOTENT])
async def halt_channel(tx: Tx, actor: Actor, about: About, bank: Bank, body: ReasonIn) -> ChannelOut:
    """Let nothing more be sent to a bank; statements and reports are still read."""
    await channels.halt(tx, bank, reason=body.reason, actor=actor, now=clock.now())
    about.one("bank_channel", bank)
    found = await channels.channel(tx, bank)
    assert found is not None  # noqa: S101 - written in this transaction
    return ChannelOut.model_validate(dict(found._mapping))


@router.post("/bank-channels/{bank}/release", status_code=201, dependencies=[needs("funds.prepare"), IDEMPOTENT])
async def propose_release(tx: Tx, actor: Actor, about: About, bank: Bank, body: ReasonIn) -> ProposalOut:
    """Propose to send to a halted bank again; another person approves it."""
    found = await channels.channel(tx, bank)
    if found is None or found.halted_at is None:
        raise Problem(409, "channel_not_halted")
    about.one("bank_channel", bank)
    draft = Draft(CHANNEL_RELEASE.kind, bank, {"halted_reason": found.halted_reason, "reason": body.reason})
    return proposal_out("benefits", CHANNEL_RELEASE, await propose(tx, draft, actor=actor, now=clock.now()))
