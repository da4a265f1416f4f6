"""Approving a run: as many people as its sum takes, each by the hash of what they saw; the last one's word seals it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, insert, select, update

from services.benefits.accounts.store import COLUMNS
from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Journal, Posting, of_instruction
from services.benefits.ledger.store import post
from services.benefits.payments.domain.content import Content, Line, RunningContent
from services.benefits.payments.domain.states import OrderState, RunState
from services.benefits.payments.domain.terms import Band, bands_on, terms_of
from services.benefits.payments.store import accounts, orders, shared_accounts
from services.benefits.payments.store.account_checks import never_checked, problems_of
from services.benefits.payments.store.building import Wording
from services.benefits.payments.store.money import money_of
from services.benefits.payments.store.rows import (
    approval_table,
    event_fields,
    order_table,
    purpose_of,
    run_table,
    with_payees,
)
from services.benefits.payments.store.runs import PAYMENT_RUN, draft_of, run, scope_of
from services.benefits.payments.store.sealing import Sealed, reserved, seal
from services.benefits.turns import take_turns_of
from shared.approvals import Draft, Proposal
from shared.approvals import approve as approve_proposal
from shared.approvals.store import open_proposal
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.events.benefits import PaymentOrdered
from shared.http.problems import Problem
from shared.messaging.outbox import publish

_LINES_AT_ONCE = 5_000  # of a run, in memory while it is approved


class NothingToPay(Exception):
    """The run has no order that can be paid."""


class FundsNotArrived(Exception):
    """The payer account has not enough money that is known to have arrived."""

    def __init__(self, wanted: int, available: int) -> None:
        super().__init__(f"{wanted} VND wanted, {available} VND available")
        self.wanted, self.available = wanted, available


@dataclass(frozen=True)
class Approver:
    """Who approves, and whether they may do so in the whole province."""

    subject: str
    everywhere: bool


async def approvals_of(session: Transaction, run_id: UUID, content_hash: str) -> Sequence[Row[Any]]:
    """Return who has approved a run as it is (`approved_by`, `approved_at`, `everywhere`), first to last."""
    c = approval_table.c
    query = select(approval_table).where(c.run_id == run_id, c.content_hash == content_hash)
    return (await (await session.connection()).execute(query.order_by(c.approved_at, c.approved_by))).all()


def is_complete(band: Band, approvers: Sequence[bool]) -> bool:
    """Say whether approvals are enough for a band; each is whether it holds in the whole province."""
    return len(approvers) >= band.approvers and sum(approvers) >= band.of_province


async def approve(
    session: Transaction,
    run_id: UUID,
    *,
    content_hash: str,
    payees: Select[Any],
    wording: Wording,
    by: Approver,
    now: datetime,
) -> bool:
    """Approve a run; return whether it is sealed now, or waits for further people.

    Sealing makes attempts, files, postings and events, all in this transaction. Sending begins after its commit.

    Raises:
        Problem: as `shared.approvals.approve` says; what would be paid may have changed since it was prepared. 409
            `approved_already`, this person did.
        NothingToPay: no order of it can be paid.
        FundsNotArrived: the payer account has too little.
        FileRefused: our own check refused a file that we wrote.
    """
    prepared = await run(session, run_id, lock=True)
    assert prepared is not None  # noqa: S101 - who asks has read it
    proposal = await open_proposal(session, PAYMENT_RUN, str(run_id))
    payer = await accounts.payer(session, prepared.payer_account, lock=True)
    assert payer is not None  # noqa: S101 - a foreign key says so
    content = await _approved_content(session, run_id)
    current = draft_of(run_id, scope_of(prepared), content)
    if proposal is not None and not await _is_last(session, run_id, proposal, current, content_hash, by, now):
        return False
    await approve_proposal(session, proposal, current=current, seen=content_hash, actor=by.subject, now=now)
    if await orders.payees_changed(session, run_id, payees):
        raise Problem(409, "content_changed")
    if not content.count:
        raise NothingToPay
    await _accounts_are_theirs(session, payer.bank, run_id, now)
    money = await money_of(session, payer.code)
    if money.available < content.total:
        raise FundsNotArrived(content.total, money.available)
    query = with_payees(select(order_table, order_table.c.id.label("order_id"), *COLUMNS)).where(_waiting_in(run_id))
    query = orders.in_cash(query, payees) if payer.in_cash else query
    in_files = query.order_by(order_table.c.id).limit(terms_of(payer.bank, legal_date(now)).largest_file)
    async for file in seal(session, run_id, payer, orders.pages(session, in_files), wording, now):
        await _book(session, file, by.subject, now)
        await publish(
            session, "benefits", [PaymentOrdered(**event_fields(row)) for row in file.rows if not row.obliged]
        )
    await _mark(session, run_id, wording)
    return True


def _waiting_in(run_id: UUID) -> ColumnElement[bool]:
    return and_(order_table.c.run_id == run_id, order_table.c.state == OrderState.BATCHED)


async def _accounts_are_theirs(session: Transaction, bank: str, run_id: UUID, now: datetime) -> None:
    """Refuse to pay what the bank says is another's account, what several name as theirs, what must be asked for first.

    Raises:
        Problem: 409 `accounts_of_others`, `accounts_shared`, `accounts_unchecked`.
    """
    query = select(order_table.c.account_id).where(_waiting_in(run_id)).distinct()
    ids = set((await (await session.connection()).execute(query)).scalars()) - {None}
    sharing = frozenset[UUID]().union(*(await shared_accounts.sharing(session, ids, now)).values())
    if sharing:
        mine = select(func.count()).where(_waiting_in(run_id), among(order_table.c.person_id, sharing))
        count = (await (await session.connection()).execute(mine)).scalar_one()
        if count:
            raise Problem(409, "accounts_shared", count=str(count))
    others = await problems_of(session, bank, ids, now)
    if others:
        raise Problem(409, "accounts_of_others", count=str(len(others)))
    missing = await never_checked(session, bank, ids, now)
    if missing:
        raise Problem(409, "accounts_unchecked", count=str(missing))


async def _is_last(
    session: Transaction,
    run_id: UUID,
    proposal: Proposal,
    current: Draft,
    content_hash: str,
    by: Approver,
    now: datetime,
) -> bool:
    """Note an approval that is not the last one that the sum takes; say whether it is the last."""
    earlier = await approvals_of(session, run_id, proposal.content_hash)
    if by.subject in {one.approved_by for one in earlier}:
        raise Problem(409, "approved_already")
    band = bands_on(legal_date(now)).band(int(proposal.draft.content["total"]))
    if is_complete(band, [*(one.everywhere for one in earlier), by.everywhere]):
        return True
    if by.subject == proposal.prepared_by:
        raise Problem(403, "same_person")
    if content_hash != proposal.content_hash or current.encoded != proposal.draft.encoded:
        raise Problem(409, "content_changed")
    row = {
        "run_id": run_id,
        "content_hash": content_hash,
        "approved_by": by.subject,
        "approved_at": now,
        "everywhere": by.everywhere,
    }
    await (await session.connection()).execute(insert(approval_table), [row])
    return False


async def _approved_content(session: Transaction, run_id: UUID) -> Content:
    """Lock what waits for approval, and return what it adds up to now."""
    c = order_table.c
    await take_turns_of(session, select(c.household_id).where(_waiting_in(run_id)))
    query = select(c.id, c.amount, c.account_id).where(_waiting_in(run_id)).order_by(c.id)
    running = RunningContent()
    async for page in orders.pages(session, query.limit(_LINES_AT_ONCE).with_for_update()):
        for row in page:
            running.add(Line(row.id, row.amount, row.account_id))
    return running.so_far()


async def _book(session: Transaction, file: Sealed, actor: str, now: datetime) -> None:
    """Book what a file owes, where it was not owed before, and the money that it sets aside."""
    obligations: list[Posting] = []
    for row in file.rows:
        if not row.obliged:
            obligations += of_instruction(templates.obligation(row.amount, purpose_of(row)), row.id, None)
    postings = (*obligations, *reserved(file))
    await post(session, [Journal(f"sealed:{file.message_id}", "disbursement", legal_date(now), actor, postings)])


async def _mark(session: Transaction, run_id: UUID, wording: Wording) -> None:
    connection = await session.connection()
    await connection.execute(
        update(order_table).where(_waiting_in(run_id)).values(state=OrderState.INSTRUCTED, obliged=True, reason=None)
    )
    sealed = {
        "state": RunState.APPROVED,
        "purpose": wording.purpose,
        "category_purpose": wording.category_purpose,
        "narrative": wording.narrative,
    }
    await connection.execute(update(run_table).where(run_table.c.id == run_id).values(sealed))
