"""What a cash point did with a list, typed by one person, approved by another; it becomes a report like any other."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.payments.api.runs import run_out
from services.benefits.payments.bank import lists
from services.benefits.payments.bank.lists import NOT_COLLECTED, Reported
from services.benefits.payments.domain.states import CLOSED, FileState
from services.benefits.payments.incoming import take_list
from services.benefits.payments.store import accounts, files, messages
from services.benefits.payments.store.statements import StatementRefused
from shared import clock
from shared.access import Access
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.clock import legal_date
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["outcomes"])

_Ids = Annotated[list[str], Field(max_length=5_000)]


class _Typed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReceivedIn(_Typed):
    """Money (VND) that the cash point was given, by the reference under which the fund declared it."""

    amount: int = Field(gt=0, le=10**15, examples=[1_360_000])
    on: date
    reference: str = Field(min_length=1, max_length=140, examples=["KBNN 2026-11 BTXH"])


class NotPaidIn(_Typed):
    """Who was not paid and will not be by this list; `reason` is an ISO return reason (`CNPC`: not collected)."""

    end_to_end_id: str
    reason: str = Field(default=NOT_COLLECTED, pattern=r"^[A-Z]{2}[A-Z0-9]{2}$")


class PaidListIn(_Typed):
    """What the signed list shows: who was paid, who was not, and which paper says it. Others are still open."""

    paid_on: date
    paid: _Ids
    unpaid: list[NotPaidIn] = Field(default_factory=list, max_length=5_000)
    received: list[ReceivedIn] = Field(default_factory=list, max_length=100)
    paper: str = Field(min_length=3, max_length=140, examples=["Biên bản chi trả 11/2026 xã Bản Nguyên"])


async def _take(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:  # noqa: ARG001
    typed = PaidListIn.model_validate({name: proposal.draft.content[name] for name in PaidListIn.model_fields})
    head = await files.head(session, proposal.draft.subject)
    assert head is not None  # noqa: S101 - files stay
    payer = await accounts.payer(session, head.payer_account, lock=True)
    assert payer is not None  # noqa: S101 - a foreign key says so
    sequence = (payer.reconciled_sequence or 0) + 1
    opening = payer.reconciled_closing or 0
    lines = list(_reported(typed, await _named(session, head.message_id, typed)))
    if opening + sum(line.signed for line in lines) < 0:
        raise Problem(409, "cash_not_received")
    written = lists.write(payer.number, sequence, legal_date(now), opening, lines)
    stored = await messages.keep(
        session, bank=head.bank, kind="list", external_id=f"{payer.code}/{sequence}", content=written, now=now
    )
    try:
        faults = await take_list(session, stored, lists.read(written), now)
    except StatementRefused as error:
        raise Problem(409, "content_changed") from error
    if faults:
        raise Problem(409, "content_changed")


PAID_LIST = Operation("paid-list", "payments.read", "runs.approve", apply=_take)


def _reported(typed: PaidListIn, attempts: dict[str, Any]) -> Iterable[Reported]:
    for money in typed.received:
        yield Reported("received", "", money.amount, money.on, money.reference)
    for key in typed.paid:
        yield Reported("paid", key, attempts[key].amount, typed.paid_on, typed.paper)
    for line in typed.unpaid:
        yield Reported("unpaid", line.end_to_end_id, attempts[line.end_to_end_id].amount, typed.paid_on, line.reason)


async def _named(tx: Transaction, message_id: str, typed: PaidListIn) -> dict[str, Any]:
    """Return the attempts of a list, where each that is named is of it, open, and named once.

    Raises:
        Problem: 422 `list_lines_wrong`.
    """
    attempts = await files.attempts_of(tx, message_id)
    named = [*typed.paid, *(line.end_to_end_id for line in typed.unpaid)]
    still_open = {key for key, row in attempts.items() if row.state not in CLOSED and row.booked_on is None}
    wrong = sum(key not in still_open for key in named) + len(named) - len(set(named))
    if wrong or not named:
        raise Problem(422, "list_lines_wrong", count=str(wrong))
    return attempts


@router.post("/payment-files/{message_id}/paid-list", status_code=201, dependencies=[IDEMPOTENT])
async def propose_paid_list(
    tx: Tx,
    actor: Actor,
    access: Annotated[Access, needs("runs.prepare")],
    about: About,
    message_id: str,
    body: PaidListIn,
) -> ProposalOut:
    """Type whom a cash point paid of a list that it was given, and whom not; another person approves it.

    Then the paid are paid and the unpaid go into the next run. It may be typed in parts.
    """
    head = await files.head(tx, message_id)
    if head is None:
        raise Problem(404, "payment_file_not_found")
    area_code = (await run_out(tx, head.run_id, access)).area_code
    payer = await accounts.payer(tx, head.payer_account)
    if payer is None or not payer.in_cash:
        raise Problem(409, "not_a_cash_point")
    if head.state == FileState.QUEUED:
        raise Problem(409, "not_handed_over")
    attempts = await _named(tx, message_id, body)
    about.one("payment_file", message_id, area=area_code)
    sums = {"paid_sum": sum(attempts[key].amount for key in body.paid), "sha256": head.sha256}
    draft = Draft(PAID_LIST.kind, message_id, body.model_dump(mode="json") | sums, area_code)
    return proposal_out("benefits", PAID_LIST, await propose(tx, draft, actor=actor, now=clock.now()))
