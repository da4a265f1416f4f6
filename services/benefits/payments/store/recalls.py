"""Requests to cancel an attempt or to call its money back, on their way to the bank and answered by it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Result, Row, Select, case, insert, or_, select, update

from services.benefits.payments.bank.port import Accepted, NotSent, Rejected, SubmitOutcome
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.domain.schedule import wait_after
from services.benefits.payments.domain.states import InstructionState
from services.benefits.payments.iso20022 import camt055
from services.benefits.payments.iso20022.camt029 import Resolution, Verdict
from services.benefits.payments.iso20022.recall_profile import recall_findings
from services.benefits.payments.iso20022.schemas import schema_findings
from services.benefits.payments.store.rows import (
    file_table,
    instruction_table,
    order_table,
    payer_table,
    recall_table,
)
from services.benefits.payments.store.statuses import Reported, apply_statuses
from shared.db import Transaction
from shared.ids import new_ulid


class RecallState(StrEnum):
    """What is known of a request. ACCEPTED says that the bank will; the money shows on a statement, if it went out."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


# The bank has it, or may have it, and its money has not come back.
RECALLABLE = frozenset(
    {
        InstructionState.UNKNOWN,
        InstructionState.SENT,
        InstructionState.ACCEPTED,
        InstructionState.IN_EXECUTION,
        InstructionState.REPORTED_SETTLED,
        InstructionState.BLOCKED_AT_BANK,
        InstructionState.BOOKED,
    }
)
_DECIDED: dict[Verdict, RecallState] = {"accepted": RecallState.ACCEPTED, "refused": RecallState.REFUSED}


class RequestRefused(Exception):
    """A written request breaks the schema or our own profile; nothing was queued."""


class RecallRefused(ValueError):
    """An answer does not fit the request that it speaks of."""


@dataclass(frozen=True)
class DueRecall:
    """A request that is ours to send (`to_send`), or to ask about."""

    id: str
    content: bytes
    attempts: int
    to_send: bool


async def live_attempt(session: Transaction, order_id: UUID) -> Row[Any] | None:
    """Return the attempt of an order that could be called back, with its file, bank and commune."""
    i, f = instruction_table.c, file_table.c
    query: Select[Any] = (
        select(
            i.id,
            i.end_to_end_id,
            i.uetr,
            i.amount,
            i.state,
            f.message_id,
            f.execution_date,
            payer_table.c.bank,
            payer_table.c.bin,
            payer_table.c.holder,
            order_table.c.area_code,
        )
        .join(file_table, f.message_id == i.message_id)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .join(order_table, order_table.c.id == i.order_id)
        .where(i.order_id == order_id, i.state.in_(RECALLABLE))
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.one_or_none()


async def add(
    session: Transaction, attempt: Row[Any], reason: str, *, prepared_by: str, approved_by: str, now: datetime
) -> str:
    """Write and queue the request for an attempt; return its id.

    Raises:
        RequestRefused: our own check, or the official schema where there is one, refused what we wrote.
        sqlalchemy.exc.IntegrityError: one is on its way (`one_open_recall`).
    """
    request_id = f"RCL-{new_ulid()}"
    content = camt055.write(
        camt055.Recall(
            request_id=request_id,
            created_at=now,
            debtor=attempt.holder,
            bank_bin=attempt.bin,
            message_id=attempt.message_id,
            end_to_end_id=attempt.end_to_end_id,
            uetr=attempt.uetr,
            amount=attempt.amount,
            execution_date=attempt.execution_date,
            reason=reason,
        )
    )
    if recall_findings(content) or schema_findings("camt.055.001.08", content):
        raise RequestRefused
    row = {
        "id": request_id,
        "instruction_id": attempt.id,
        "bank": attempt.bank,
        "reason": reason,
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
        "state": RecallState.QUEUED,
        "prepared_by": prepared_by,
        "approved_by": approved_by,
        "approved_at": now,
        "attempts": 0,
        "next_at": now,
    }
    await (await session.connection()).execute(insert(recall_table), [row])
    return request_id


async def of_order(session: Transaction, order_id: UUID) -> Sequence[Row[Any]]:
    """Return the requests about an order's attempts, oldest first."""
    r, i = recall_table.c, instruction_table.c
    query: Select[Any] = (
        select(r.id, r.reason, r.state, r.answer, r.prepared_by, r.approved_by, r.approved_at, i.end_to_end_id)
        .join(instruction_table, i.id == r.instruction_id)
        .where(i.order_id == order_id)
        .order_by(r.approved_at, r.id)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def due(session: Transaction, bank: str, now: datetime, lease: timedelta) -> DueRecall | None:
    """Take the next request that is to be sent or asked about. Commit before calling the bank.

    A request whose sender died is asked about, not sent: the bank may have it.
    """
    connection = await session.connection()
    r = recall_table.c
    open_states = (RecallState.QUEUED, RecallState.SENDING, RecallState.UNKNOWN, RecallState.SENT)
    query = (
        select(r.id, r.content, r.attempts, r.state)
        .where(r.bank == bank, r.state.in_(open_states), r.next_at <= now)
        .order_by(r.next_at, r.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    to_send = row.state == RecallState.QUEUED
    lost = case((r.state == RecallState.SENDING, RecallState.UNKNOWN.value), else_=r.state)
    state = RecallState.SENDING if to_send else lost
    values = {"state": state, "attempts": r.attempts + 1, "next_at": now + lease}
    await connection.execute(update(recall_table).where(r.id == row.id).values(values))
    return DueRecall(row.id, row.content, row.attempts + 1, to_send)


async def sent(session: Transaction, recall: DueRecall, outcome: SubmitOutcome, now: datetime) -> None:
    """Note what came of sending a request."""
    later = now + wait_after(recall.attempts)
    if isinstance(outcome, Accepted):
        values: dict[str, Any] = {"state": RecallState.SENT, "next_at": now, "attempts": 0}
    elif isinstance(outcome, Rejected):
        values = {"state": RecallState.REFUSED, "answer": outcome.code}
    elif isinstance(outcome, NotSent):
        values = {"state": RecallState.QUEUED, "next_at": later}
    else:
        values = {"state": RecallState.UNKNOWN, "next_at": now + wait_after(1)}
    r = recall_table.c
    statement = update(recall_table).where(r.id == recall.id, r.state == RecallState.SENDING).values(values)
    await (await session.connection()).execute(statement)


async def asked(
    session: Transaction, recall: DueRecall, *, found: bool, absent: bool, refused: str | None, now: datetime
) -> None:
    """Note what the bank said of a request: it has it, never received it (then it is sent), refused it, or nothing."""
    r = recall_table.c
    statement = update(recall_table).where(r.id == recall.id, r.state.in_((RecallState.UNKNOWN, RecallState.SENT)))
    values: dict[str, Any] = {"next_at": now + wait_after(recall.attempts)}
    if refused is not None:
        values = {"state": RecallState.REFUSED, "answer": refused}
    elif found:
        values |= {"state": RecallState.SENT}
    elif absent:
        statement = statement.where(r.state == RecallState.UNKNOWN)
        values = {"state": RecallState.QUEUED, "next_at": now}
    await (await session.connection()).execute(statement.values(values))


async def hint(session: Transaction, bank: str, request_id: str, now: datetime) -> bool:
    """The bank called about a request: ask for it at once."""
    r = recall_table.c
    states = or_(r.state == RecallState.UNKNOWN, r.state == RecallState.SENT)
    statement = update(recall_table).where(r.id == request_id, r.bank == bank, states).values(next_at=now)
    return (await (await session.connection()).execute(statement)).rowcount == 1


async def apply_answer(
    session: Transaction, bank: str, request_id: str, resolution: Resolution, now: datetime
) -> Sequence[LineFault]:
    """Apply an answer to a request of ours; a later one of the bank replaces an earlier one.

    An attempt that was not debited is cancelled by it; one that was stays as it is until its money is back.

    Raises:
        RecallRefused: it is about no request of ours at this bank.
    """
    connection = await session.connection()
    r, i = recall_table.c, instruction_table.c
    query = (
        select(r.id, r.reason, i.end_to_end_id, i.message_id)
        .join(instruction_table, i.id == r.instruction_id)
        .where(r.id == request_id, r.bank == bank)
        .with_for_update(of=recall_table)
    )
    recall = (await connection.execute(query)).one_or_none()
    if recall is None:
        raise RecallRefused("an answer to no request of ours at this bank")
    faults = list(resolution.faults)
    verdict, reason = (resolution.overall, None) if not (resolution.answers or faults) else (None, None)
    for answer in resolution.answers:
        if answer.end_to_end_id == recall.end_to_end_id:
            verdict, reason = answer.verdict, answer.reason
        else:
            faults.append(LineFault(answer.ordinal, answer.end_to_end_id, "payment_not_in_request"))
    state = _DECIDED.get(verdict) if verdict is not None else None
    if state is not None:
        await connection.execute(update(recall_table).where(r.id == request_id).values(state=state, answer=reason))
    if state is RecallState.ACCEPTED:
        reported = {recall.end_to_end_id: Reported("CANC", recall.reason, None)}
        await apply_statuses(session, recall.message_id, reported, now)
    return faults
