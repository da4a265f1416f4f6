"""Applying what the bank reports of attempts: progress, and refusals, which free an order once they are proven."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.benefits.ledger.domain.journal import Journal, of_instruction
from services.benefits.ledger.domain.templates import voided_reservation
from services.benefits.ledger.store import post
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.domain.reasons import ReasonClass, reason_class
from services.benefits.payments.domain.states import CLOSED, PROVEN, InstructionState, OrderState
from services.benefits.payments.domain.statuses import TERMINAL, Change, change_by, inherited, is_known
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.iso20022.pain002 import StatusReport, TransactionStatus
from services.benefits.payments.store.rows import (
    EVENT_COLUMNS,
    event_fields,
    file_table,
    instruction_table,
    order_table,
    payer_table,
    purpose_of,
)
from services.benefits.turns import take_turns_of
from shared.clock import legal_date
from shared.db import Transaction, among, update_rows
from shared.events.benefits import PaymentRejected
from shared.messaging.outbox import publish

_ACTOR = "bank"


@dataclass(frozen=True)
class Reported:
    """What the bank says of one attempt: status code, reason code, its own reference."""

    code: str
    reason: str | None
    bank_reference: str | None


class ReportRefused(ValueError):
    """A report does not fit the file that it speaks of."""


async def apply_report(
    session: Transaction,
    bank: str,
    message_id: str,
    report: StatusReport,
    now: datetime,
    *,
    exceptions_only: bool = False,
) -> Sequence[LineFault]:
    """Apply a report on a file of ours, and return the lines of it that could not be applied.

    A bank of `exceptions_only` lists the payments that are otherwise than the group, whose status all others have.

    Raises:
        ReportRefused: it is of another file, or its count or control sum is not that of the file.
    """
    connection = await session.connection()
    f = file_table.c
    declared = (
        select(f.count.label("transactions"), f.total)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .where(f.message_id == message_id, payer_table.c.bank == bank)
    )
    file = (await connection.execute(declared)).one_or_none()
    if file is None:
        raise ReportRefused("a report on no file of ours at this bank")
    if report.original_message_id != message_id:
        raise ReportRefused("a report on another file")
    if report.count not in (None, file.transactions) or report.control_sum not in (None, file.total):
        raise ReportRefused("count or control sum is not that of the file")
    i = instruction_table.c
    query = select(i.end_to_end_id, i.amount).where(i.message_id == message_id)
    amounts = {row.end_to_end_id: row.amount for row in await connection.execute(query)}
    usable, faults = _judged(report, amounts)
    reports = {}
    codes = {end_to_end_id: status.code for end_to_end_id, status in usable.items()}
    # Where every line is a fault the group's status is not inherited: the bank did give a list.
    listed = bool(report.transactions or report.faults)
    inherit = inherited(report.group_status, codes, frozenset(amounts), listed=listed, exceptions_only=exceptions_only)
    for end_to_end_id, code in inherit.items():
        status = usable.get(end_to_end_id)
        reason = status.reason if status else report.group_reason
        reports[end_to_end_id] = Reported(code, reason, status.bank_reference if status else None)
    faulty = {fault.end_to_end_id for fault in faults}
    known = {key: reported for key, reported in reports.items() if key not in faulty}
    said_on = None if report.created_at is None else legal_date(report.created_at)
    await apply_statuses(session, message_id, known, now, said_on=said_on)
    return faults


def _judged(report: StatusReport, amounts: Mapping[str, int]) -> tuple[dict[str, TransactionStatus], list[LineFault]]:
    """Return the lines that may be applied, and those that a person must look at."""
    usable, faults = {}, list(report.faults)
    for status in report.transactions:
        why = None
        if status.end_to_end_id not in amounts:
            why = "payment_not_in_file"
        elif status.amount not in (None, amounts[status.end_to_end_id]):
            why = "another_amount"
        elif not is_known(status.code):
            why = "status_unknown"
        if why is None:
            usable[status.end_to_end_id] = status
        else:
            faults.append(LineFault(status.ordinal, status.end_to_end_id, why))
    return usable, faults


async def _locked(session: Transaction, message_id: str, end_to_end_ids: Sequence[str]) -> Sequence[Row[Any]]:
    connection = await session.connection()
    i, o, f = instruction_table.c, order_table.c, file_table.c
    mine = (i.message_id == message_id) & among(i.end_to_end_id, end_to_end_ids)
    joined = instruction_table.join(order_table, o.id == i.order_id)
    await take_turns_of(session, select(o.household_id).select_from(joined).where(mine))
    query = (
        select(instruction_table, o.fund, o.payable, *EVENT_COLUMNS, f.execution_date, payer_table.c.bank)
        .select_from(joined)
        .join(file_table, f.message_id == i.message_id)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .where(mine)
        .order_by(i.id)
        .with_for_update(of=(instruction_table, order_table))
    )
    return (await connection.execute(query)).all()


async def apply_statuses(
    session: Transaction,
    message_id: str,
    reports: Mapping[str, Reported],
    now: datetime,
    *,
    said_on: date | None = None,
    proven: bool = False,
) -> None:
    """Take attempts of a file where the codes lead; a code of lower rank, or an unknown one, changes nothing.

    What is refused or cancelled waits for its proof, unless it comes `proven` or the bank's terms make its word final.
    `said_on` is the day on which the bank says it, by its own clock.
    """
    changed: list[tuple[Row[Any], Change, Reported]] = []
    for row in await _locked(session, message_id, sorted(reports)):
        reported = reports[row.end_to_end_id]
        if reported.code == "RJCT" and reason_class("status", reported.reason) is ReasonClass.DUPLICATE:
            continue  # the original may be paid: only a status of the original, or a statement, says so
        change = change_by(reported.code, InstructionState(row.state), row.rank)
        if change is None:
            continue
        if change.state in PROVEN and (proven or terms_of(row.bank, legal_date(now)).refusal_is_final):
            change = replace(change, state=PROVEN[change.state])
        changed.append((row, change, reported))
    await _write(session, changed, max(legal_date(now), said_on or date.min))
    await _free(session, [(row, reported) for row, change, reported in changed if change.state in CLOSED], now)


async def prove_refusals(session: Transaction, rows: Sequence[Row[Any]], now: datetime) -> None:
    """End attempts that the bank had refused or cancelled and a statement has shown to be undebited.

    The rows are locked, with `fund`, `payable` and EVENT_COLUMNS; the caller holds their households' turns.
    """
    proven = []
    for row in rows:
        state = InstructionState(row.state)
        code = "CANC" if state is InstructionState.REVOKED else "RJCT"
        proven.append((row, Change(PROVEN[state], TERMINAL), Reported(code, row.reason, row.bank_reference)))
    await _write(session, proven)
    await _free(session, [(row, reported) for row, _, reported in proven], now)


async def _free(session: Transaction, closed: Sequence[tuple[Row[Any], Reported]], now: datetime) -> None:
    """Let the orders of attempts that are proven unpaid go where the reasons say, with their money."""
    await _reopen(session, closed)
    await _void(session, closed, now)
    events = [PaymentRejected(**event_fields(row), reason=reported.reason or reported.code) for row, reported in closed]
    await publish(session, "benefits", events)


async def _write(
    session: Transaction, changed: Sequence[tuple[Row[Any], Change, Reported]], today: date | None = None
) -> None:
    """Write what attempts become; their rows are locked."""
    rows = [
        {
            "id": row.id,
            "state": change.state,
            "rank": change.rank,
            "reason": reported.reason,
            "bank_reference": reported.bank_reference or row.bank_reference,
            "debitable_until": max(today, row.execution_date)
            if today and change.state in PROVEN
            else row.debitable_until,
        }
        for row, change, reported in changed
    ]
    await update_rows(session, instruction_table, rows, also={"version": instruction_table.c.version + 1})


async def _reopen(session: Transaction, rejected: Sequence[tuple[Row[Any], Reported]]) -> None:
    rows = []
    for row, reported in rejected:
        reopens = reported.code == "CANC" or reason_class("status", reported.reason).reopens
        state = OrderState.READY if reopens else OrderState.BLOCKED
        rows.append({"id": row.order_id, "state": state, "reason": reported.reason or reported.code})
    await update_rows(session, order_table, rows, where=order_table.c.state == OrderState.INSTRUCTED)


async def _void(session: Transaction, rejected: Sequence[tuple[Row[Any], Reported]], now: datetime) -> None:
    journals = [
        Journal(
            cause=f"rejected:{row.end_to_end_id}",
            kind="rejection",
            value_date=legal_date(now),
            posted_by=_ACTOR,
            postings=of_instruction(voided_reservation(row.amount, purpose_of(row), row.payable), row.order_id, row.id),
        )
        for row, _ in rejected
    ]
    await post(session, journals)


async def prove_unpaid(session: Transaction, instruction_id: UUID, certificate: str, now: datetime) -> None:
    """End an attempt of which the bank certified in writing that it moves no money; its order is ready again.

    The caller has locked it, holds the household's turn, and knows that no statement showed a debit.
    """
    i, o = instruction_table.c, order_table.c
    query = (
        select(instruction_table, o.fund, o.payable, *EVENT_COLUMNS)
        .join(order_table, o.id == i.order_id)
        .where(i.id == instruction_id)
        .with_for_update()
    )
    row = (await (await session.connection()).execute(query)).one()
    reported = Reported("CANC", certificate, None)
    await _write(session, [(row, Change(InstructionState.REJECTED, TERMINAL), reported)])
    await _reopen(session, [(row, reported)])
    await _void(session, [(row, reported)], now)
    await publish(session, "benefits", [PaymentRejected(**event_fields(row), reason="CERT")])
