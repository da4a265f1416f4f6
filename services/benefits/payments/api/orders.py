"""Orders, and every attempt to pay one. Account numbers are shown by their last three digits."""

import asyncio
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.benefits.payments.domain.payees import masked
from services.benefits.payments.domain.states import InstructionState, OrderState
from services.benefits.payments.iso20022 import pain002
from services.benefits.payments.store import attempts, controls, history, orders
from services.benefits.payments.store.history import Happened, RawReport, Step
from services.benefits.payments.store.rows import payee_of
from services.benefits.payments.store.runs import PAYMENT_RUN
from shared.access import Access
from shared.approvals import Proposal
from shared.approvals.store import newest_proposals
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.purpose import Purpose
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.keys import Keys, keys_of

router = Router(prefix="/benefits/v1", tags=["orders"])

Reading = Annotated[Access, needs("payments.read")]


class HoldIn(BaseModel):
    """Why an order must not be paid for now."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=500, examples=["Xã báo người hưởng đã mất, chờ giấy chứng tử"])


class OrderOut(BaseModel):
    """What a person is owed for a month; `reason` is why it is blocked or came back, `held` why no run may take it.

    `due_month` is the month whose run pays it: a later one than `period` when it was carried over.
    """

    id: UUID
    award_id: UUID
    household_id: UUID
    person_id: UUID
    programme: str
    area_code: str
    period: str
    kind: str
    amount: int
    state: OrderState
    reason: str | None
    run_id: UUID | None
    due_month: str
    held: str | None
    held_by: str | None
    bank_bin: str | None
    account: str | None


class InstructionOut(BaseModel):
    """One attempt at the bank. `booked_on` is the day of the debit on the bank's statement.

    A refused attempt (`REFUSED`, `REVOKED`) frees its order once statements through `debitable_until` show no debit.
    """

    id: UUID
    end_to_end_id: str
    message_id: str
    amount: int
    state: InstructionState
    reason: str | None
    bank_reference: str | None
    sealed_at: datetime
    booked_on: date | None
    debitable_until: date | None


class AttemptOut(BaseModel):
    """An attempt and what the bank's statements showed of it: sums in VND."""

    id: UUID
    order_id: UUID
    end_to_end_id: str
    message_id: str
    payer_account: str
    amount: int
    state: InstructionState
    reason: str | None
    debited: int
    returned: int


class OrderWithAttempts(OrderOut):
    """An order with all attempts, oldest first."""

    instructions: list[InstructionOut]


def order_out(row: Any, keys: Keys) -> OrderOut:
    """Return an order as it is shown. Raises CannotOpen."""
    payee = payee_of(row, keys)
    account = None if payee is None else masked(payee.account_number)
    return OrderOut.model_validate(dict(row._mapping) | {"account": account})


class PayeeOut(BaseModel):
    """The account that an order is paid to, its number whole."""

    bank_bin: str
    account_number: str
    holder_name: str


class StepOut(BaseModel):
    """Something that happened to an order; `code` and `reason` are the bank's where the bank said them."""

    at: datetime
    what: Happened
    code: str | None
    reason: str | None
    reference: str | None = Field(description="the file, report or statement that it stands in")
    message: UUID | None = Field(description="under `bank-messages`, what the bank sent")
    booked_on: date | None = Field(description="of an entry of a statement")


@router.get("/orders")
async def list_orders(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    household_id: UUID | None = None,
    state: Annotated[tuple[OrderState, ...], Query(description="one of these; all where absent")] = (),
) -> Page[OrderOut]:
    """List orders of a household, or in some states."""
    after = paging.after(UUID)
    rows = await orders.page_of_orders(
        tx,
        access,
        run_id=None,
        household_id=household_id,
        states=state,
        after=after[0] if after else None,
        limit=paging.limit + 1,
    )
    page = paging.page([order_out(row, keys_of(tx)) for row in rows], key=lambda out: (out.id,))
    reads.many("order", [each.id for each in page.items])
    return page


@router.get("/attempts")
async def list_attempts(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    state: Annotated[tuple[InstructionState, ...], Query(description="one of these; all where absent")] = (),
    run_id: Annotated[UUID | None, Query(description="only in the files of this run")] = None,
) -> Page[AttemptOut]:
    """List attempts at the bank, to be compared with the bank's own book, or those of a run or in some states."""
    after = paging.after(UUID)
    rows = await attempts.page_of_attempts(
        tx, access, run_id=run_id, states=state, after=after[0] if after else None, limit=paging.limit + 1
    )
    page = paging.page([AttemptOut.model_validate(dict(row._mapping)) for row in rows], key=lambda out: (out.id,))
    reads.many("attempt", [each.id for each in page.items])
    return page


async def _whole(tx: Transaction, access: Access, order_id: UUID) -> OrderWithAttempts:
    row = await orders.order(tx, order_id)
    if row is None:
        raise Problem(404, "order_not_found")
    access.admit(row.area_code, Problem(404, "order_not_found"))
    made = [InstructionOut.model_validate(dict(one._mapping)) for one in await orders.instructions_of(tx, order_id)]
    return OrderWithAttempts(**order_out(row, keys_of(tx)).model_dump(), instructions=made)


@router.get("/orders/{order_id}")
async def get_order(tx: Tx, access: Reading, reads: Reads, order_id: UUID) -> OrderWithAttempts:
    """Read an order and every attempt to pay it."""
    found = await _whole(tx, access, order_id)
    reads.one("order", order_id, area=found.area_code)
    return found


@router.get("/orders/{order_id}/payee")
async def get_payee(
    tx: Tx,
    access: Annotated[Access, needs("numbers.read")],
    reads: Reads,
    response: Response,
    order_id: UUID,
    purpose: Purpose,
) -> PayeeOut:
    """Show the whole account that an order is paid to, for a purpose that stands on record."""
    row = await orders.order(tx, order_id)
    if row is None:
        raise Problem(404, "order_not_found")
    access.admit(row.area_code, Problem(404, "order_not_found"))
    reads.one("order", order_id, area=row.area_code)
    reads.for_purpose(purpose)
    response.headers["Cache-Control"] = "no-store"
    payee = payee_of(row, keys_of(tx))
    if payee is None:
        raise Problem(404, "order_without_account")
    return PayeeOut(bank_bin=payee.bank_bin, account_number=payee.account_number, holder_name=payee.holder_name)


@router.post("/orders/{order_id}/hold", status_code=201, dependencies=[IDEMPOTENT])
async def hold_order(
    tx: Tx, actor: Actor, access: Annotated[Access, needs("runs.stop")], order_id: UUID, body: HoldIn
) -> OrderWithAttempts:
    """Keep every run from taking an order. One that waits for approval with it must be prepared anew."""
    await _whole(tx, access, order_id)
    if not await controls.hold(tx, order_id, reason=body.reason, actor=actor):
        raise Problem(409, "order_not_holdable")
    return await _whole(tx, access, order_id)


@router.post("/orders/{order_id}/hold-release", status_code=201, dependencies=[IDEMPOTENT])
async def release_order(
    tx: Tx, actor: Actor, access: Annotated[Access, needs("runs.approve")], order_id: UUID
) -> OrderWithAttempts:
    """Let runs take a held order again, as another person than who held it."""
    held = await _whole(tx, access, order_id)
    if held.held_by == actor:
        raise Problem(403, "same_person")
    if not await controls.let_go(tx, order_id):
        raise Problem(409, "order_not_held")
    return await _whole(tx, access, order_id)


@router.get("/orders/{order_id}/history")
async def get_order_history(tx: Tx, access: Reading, reads: Reads, order_id: UUID) -> list[StepOut]:
    """Show all that ever happened to an order, oldest first, with what the bank said in its own codes."""
    found = await _whole(tx, access, order_id)
    reads.one("order", order_id, area=found.area_code)
    steps = await history.steps_of(tx, order_id)
    if found.run_id is not None:
        steps += _of_run((await newest_proposals(tx, PAYMENT_RUN, [str(found.run_id)])).get(str(found.run_id)))
    reports = await history.reports_on(tx, order_id)
    steps += await asyncio.to_thread(lambda: [step for raw in reports for step in _reported(raw)])
    return [StepOut(**asdict(step)) for step in sorted(steps, key=lambda step: step.at)]


def _of_run(prepared: Proposal | None) -> list[Step]:
    if prepared is None:
        return []
    steps = [Step(prepared.prepared_at, "run_prepared", reason=prepared.prepared_by)]
    if prepared.decided_at is not None:
        steps.append(Step(prepared.decided_at, "run_approved", reason=prepared.decided_by))
    return steps


def _reported(raw: RawReport) -> list[Step]:
    """Return what a report says of one attempt, or of the whole file where it does not name it."""
    report = pain002.read(raw.content)
    named = [each for each in report.transactions if each.end_to_end_id == raw.end_to_end_id]
    said = [(each.code, each.reason) for each in named] or [(report.group_status, report.group_reason)]
    return [Step(raw.received_at, "reported", code, reason, report.message_id, raw.id) for code, reason in said]
