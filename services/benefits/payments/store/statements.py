"""Applying a statement of the bank: the only thing that makes a payment paid."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, and_, bindparam, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from services.benefits.ledger.domain.journal import Journal
from services.benefits.ledger.store import contributions_arrived, open_contributions, post
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.domain.matching import REOPENING, Attempt, Judgement, Matcher, Outcome, Pledge
from services.benefits.payments.domain.matching import opening_balance as judge_opening
from services.benefits.payments.domain.statement import Entry, Reconciled, Statement, refusal
from services.benefits.payments.domain.states import PROVEN, FileState, InstructionState, OrderState
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.store import accounts
from services.benefits.payments.store.batches import DetailsMissing
from services.benefits.payments.store.rows import (
    EVENT_COLUMNS,
    entry_table,
    event_fields,
    file_table,
    instruction_table,
    order_table,
    payer_table,
    purpose_of,
    statement_table,
)
from services.benefits.payments.store.statement_lines import households_named, stage, staged, uetr_of
from services.benefits.payments.store.statuses import prove_refusals
from services.benefits.turns import take_turns_of
from shared.clock import legal_date
from shared.db import Transaction, among, copy_rows, update_rows
from shared.events.benefits import PaymentReturned, PaymentSettled
from shared.messaging.outbox import publish

_ACTOR = "bank"
_PROVEN_AT_ONCE = 1_000


class StatementRefused(ValueError):
    """A statement that must not be booked; the text says why."""


class StatementEarly(ValueError):
    """A statement that may be booked once those before it are; the text says which is missing."""


async def apply_statement(
    session: Transaction, payer_code: str, message: UUID, statement: Statement, now: datetime
) -> Sequence[LineFault]:
    """Book a statement: every line becomes one journal, and orders are paid or returned.

    Lines are read, judged and booked some at a time, all in this transaction: a statement is booked whole or not. What
    was booked of it before is what later lines meet in the database, as if it had been another statement.

    Returns the lines that could not be read whole; they are booked, as money that nobody has explained.

    Raises:
        StatementRefused: it does not follow from the statement before, or does not add up.
        StatementEarly: one before it, or the details of an entry, are missing.
        Unreadable: its entries cannot be read.
    """
    payer = await accounts.payer(session, payer_code, lock=True)
    if payer is None:
        raise StatementRefused("a statement of no payer account")
    before = None
    if payer.reconciled_sequence is not None:
        before = Reconciled(payer.reconciled_sequence, payer.reconciled_closing)
    if before is not None and statement.account == payer.number and statement.sequence > before.sequence + 1:
        raise StatementEarly(f"statement {before.sequence + 1} is missing")
    why = refusal(statement, payer.number, before)
    if why is not None:
        raise StatementRefused(why)
    try:
        faults = await stage(session, payer_code, statement)
    except DetailsMissing as error:
        raise StatementEarly(str(error)) from error
    unknown = await _unknown_files(session, payer_code)
    await take_turns_of(session, households_named(payer_code, statement.closed_through))
    await _keep_head(session, payer_code, message, statement, now)
    if before is None and statement.opening > 0:
        await _keep(session, payer_code, statement, [judge_opening(statement, payer.fund, payer_code)])
    largest_kept = terms_of(payer.bank, legal_date(now)).largest_kept
    async for lines in staged(session):
        await _apply_lines(session, payer, statement, lines, largest_kept)
    await session.execute(_SUGGEST, {"payer": payer_code, "sequence": statement.sequence})
    await _note_files(session, payer_code, statement.sequence, unknown)
    await _prove(session, payer_code, statement.closed_through, now)
    return faults


async def _unknown_files(session: Transaction, payer_code: str) -> Sequence[str]:
    """Return the files of unknown outcome, locked before their attempts, as whoever hears of one locks them too."""
    f = file_table.c
    query = select(f.message_id).where(f.payer_account == payer_code, f.state == FileState.UNKNOWN)
    locked = query.order_by(f.message_id).with_for_update(key_share=True)
    return (await (await session.connection()).execute(locked)).scalars().all()


async def _apply_lines(
    session: Transaction, payer: Row[Any], statement: Statement, lines: Sequence[Entry], largest_kept: int
) -> None:
    rows = await _instructions(session, payer.code, lines)
    matcher = Matcher(
        fund=payer.fund,
        bank_account=payer.code,
        attempts={row.end_to_end_id: _attempt(row) for row in rows},
        pledges=await _pledges(session, payer.fund, lines),
        largest_kept=largest_kept,
    )
    judgements = matcher.judge(lines)
    await _keep(session, payer.code, statement, judgements)
    await _move(session, judgements)
    arrived: dict[date, list[UUID]] = {}
    for one in judgements:
        if one.contribution_id is not None:
            arrived.setdefault(one.entry.booked_on, []).append(one.contribution_id)
    for day, contributions in arrived.items():
        await contributions_arrived(session, contributions, day)
    await _tell(session, {row.id: row for row in rows}, judgements)


async def _instructions(session: Transaction, payer_code: str, lines: Sequence[Entry]) -> Sequence[Row[Any]]:
    """Return, locked, the instructions of this account that lines name; their households' turns are taken."""
    named = {one for line in lines for one in (line.end_to_end_id, line.instruction_id) if one}
    uetrs = {uetr for line in lines if (uetr := uetr_of(line)) is not None}
    references = {line.bank_reference for line in lines if line.bank_reference and line.end_to_end_id is None}
    i = instruction_table.c
    return await _locked(
        session,
        payer_code,
        or_(among(i.end_to_end_id, named), among(i.uetr, uetrs), among(i.bank_reference, references)),
    )


async def _locked(session: Transaction, payer_code: str, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    i, o, f = instruction_table.c, order_table.c, file_table.c
    query = (
        select(instruction_table, o.fund, o.payable, *EVENT_COLUMNS)
        .join(order_table, o.id == i.order_id)
        .join(file_table, f.message_id == i.message_id)
        .where(f.payer_account == payer_code, which)
        .order_by(i.id)
        .with_for_update(of=(instruction_table, order_table))
    )
    return (await (await session.connection()).execute(query)).all()


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        row.id,
        row.order_id,
        row.amount,
        purpose_of(row),
        InstructionState(row.state),
        row.booked_on,
        str(row.uetr),
        row.bank_reference,
    )


_UNEXPLAINED = (Outcome.UNKNOWN_DEBIT, Outcome.UNKNOWN_CREDIT, Outcome.RETURN_UNMATCHED)

# For an entry that nobody explains, the one attempt of its amount that it could be of: people decide.
_SUGGEST = text(
    """
    WITH unexplained AS MATERIALIZED (
        SELECT ordinal, amount, side = 'credit' AS booked FROM statement_entry
        WHERE payer_account = :payer AND sequence = :sequence AND outcome = ANY(:unexplained)),
    alike AS (
        SELECT i.amount, i.booked_on IS NOT NULL AS booked, min(i.id::text)::uuid AS id FROM payment_instruction i
        JOIN payment_file f ON f.message_id = i.message_id
        WHERE f.payer_account = :payer AND i.amount IN (SELECT amount FROM unexplained)
          AND i.state NOT IN ('REJECTED', 'CANCELLED', 'RETURNED', 'QUEUED')
        GROUP BY i.amount, i.booked_on IS NOT NULL HAVING count(*) = 1)
    UPDATE statement_entry e SET suggested = alike.id FROM unexplained JOIN alike USING (amount, booked)
    WHERE e.payer_account = :payer AND e.sequence = :sequence AND e.ordinal = unexplained.ordinal
    """
).bindparams(bindparam("sequence", type_=BigInteger), bindparam("unexplained", list(_UNEXPLAINED), type_=ARRAY(TEXT)))


async def _pledges(session: Transaction, fund: str, lines: Sequence[Entry]) -> dict[str, Pledge]:
    credits = [line for line in lines if line.side == "credit" and not line.is_return]
    references = sorted({one for line in credits for one in (line.narrative, line.end_to_end_id) if one})
    if not references:
        return {}
    found = await open_contributions(session, fund, references)
    return {reference: Pledge(row.id, row.amount) for reference, row in found.items()}


def _journals(payer_code: str, statement: Statement, judgements: Sequence[Judgement]) -> list[Journal]:
    return [
        Journal(
            cause=f"statement:{payer_code}:{statement.sequence}:{one.entry.ordinal}",
            kind=one.outcome,
            value_date=one.entry.booked_on,
            posted_by=_ACTOR,
            postings=one.postings,
        )
        for one in judgements
    ]


async def _keep_head(session: Transaction, payer_code: str, message: UUID, statement: Statement, now: datetime) -> None:
    connection = await session.connection()
    head = {
        "payer_account": payer_code,
        "sequence": statement.sequence,
        "statement_id": statement.statement_id,
        "message": message,
        "opening": statement.opening,
        "closing": statement.closing,
        "applied_at": now,
    }
    await connection.execute(insert(statement_table), [head])
    reconciled = {"reconciled_sequence": statement.sequence, "reconciled_closing": statement.closing}
    await connection.execute(update(payer_table).where(payer_table.c.code == payer_code).values(reconciled))


async def _keep(session: Transaction, payer_code: str, statement: Statement, judgements: Sequence[Judgement]) -> None:
    """Book what was judged, and keep each line with its journal."""
    journal_ids = await post(session, _journals(payer_code, statement, judgements))
    rows = [
        {
            "payer_account": payer_code,
            "sequence": statement.sequence,
            "ordinal": one.entry.ordinal,
            "side": one.entry.side,
            "amount": one.entry.amount,
            "booked_on": one.entry.booked_on,
            "end_to_end_id": one.entry.end_to_end_id,
            "bank_reference": one.entry.bank_reference,
            "outcome": one.outcome,
            "number": one.entry.number or one.entry.ordinal,
            "rung": one.rung,
            "return_reason": one.entry.return_reason,
            "instruction_id": one.attempt.instruction_id if one.attempt else None,
            "contribution_id": one.contribution_id,
            "journal_id": journal_id,
        }
        for one, journal_id in zip(judgements, journal_ids, strict=True)
    ]
    await copy_rows(session, entry_table, rows)


async def _note_files(session: Transaction, payer_code: str, sequence: int, unknown: Sequence[str]) -> None:
    """A statement may show a debit of a file whose outcome was unknown: the bank has the file, then.

    `unknown` are those that are locked; of one whose outcome became unknown since, the bank is asked.
    """
    connection = await session.connection()
    shown, i, f = instruction_table.alias("shown").c, instruction_table.c, file_table.c
    mine = (entry_table.c.payer_account == payer_code) & (entry_table.c.sequence == sequence)
    files = select(shown.message_id).join(entry_table, entry_table.c.instruction_id == shown.id).where(mine)
    found = update(file_table).where(among(f.message_id, unknown), f.message_id.in_(files))
    await connection.execute(found.values(state=FileState.SENT, polls=0))
    there = select(f.message_id).where(f.state == FileState.SENT, f.message_id.in_(files))
    others = update(instruction_table).where(i.state == InstructionState.UNKNOWN, i.message_id.in_(there))
    await connection.execute(others.values(state=InstructionState.SENT, version=i.version + 1))


async def _move(session: Transaction, judgements: Sequence[Judgement]) -> None:
    """Write the last state that each attempt was judged into, and the order's."""
    attempts: dict[UUID, dict[str, Any]] = {}
    orders: dict[UUID, dict[str, Any]] = {}
    for one in judgements:
        attempt = one.attempt
        if attempt is None:
            continue
        why = one.entry.return_reason if one.outcome in REOPENING else None
        if one.outcome.is_exception and why is None:
            why = one.outcome.value
        attempts[attempt.instruction_id] = {
            "id": attempt.instruction_id,
            "state": attempt.state,
            "reason": why,
            "booked_on": attempt.booked_on,
        }
        if one.outcome is Outcome.PAID:
            orders[attempt.order_id] = {"id": attempt.order_id, "state": OrderState.PAID, "reason": None}
        elif one.outcome in REOPENING:
            reason = one.entry.return_reason
            orders[attempt.order_id] = {"id": attempt.order_id, "state": OrderState.RETURNED, "reason": reason}
    version = instruction_table.c.version + 1
    await update_rows(session, instruction_table, list(attempts.values()), also={"version": version})
    paid = [order for order in orders.values() if order["state"] is OrderState.PAID]
    returned = [order for order in orders.values() if order["state"] is OrderState.RETURNED]
    await update_rows(session, order_table, paid)
    await update_rows(session, order_table, returned, also={"payable": "L2"})


_LARGEST_UNEXPLAINED = text(
    "SELECT coalesce(max(e.amount), 0) FROM statement_entry e"
    " WHERE e.payer_account = :payer AND e.outcome = 'unknown_debit' AND NOT EXISTS (SELECT 1 FROM suspense_clearing c"
    " WHERE c.payer_account = e.payer_account AND c.sequence = e.sequence AND c.ordinal = e.ordinal)"
)


async def _prove(session: Transaction, payer_code: str, through: date | None, now: datetime) -> None:
    """End what the bank had refused, and no statement through the last day that it may have debited it on has shown.

    A debit that nobody has explained, of its amount or more, may be its own: it waits until people have said.
    """
    if through is None:
        return
    largest = (await session.execute(_LARGEST_UNEXPLAINED, {"payer": payer_code})).scalar_one()
    i = instruction_table.c
    unshown = and_(i.state.in_(PROVEN), i.debitable_until <= through, i.amount > largest)
    some = select(i.id).join(file_table, file_table.c.message_id == i.message_id)
    some = some.where(file_table.c.payer_account == payer_code, unshown).order_by(i.id).limit(_PROVEN_AT_ONCE)
    while rows := await _locked(session, payer_code, i.id.in_(some)):
        await prove_refusals(session, rows, now)


async def _tell(session: Transaction, rows: Mapping[UUID, Row[Any]], judgements: Sequence[Judgement]) -> None:
    events: list[PaymentSettled | PaymentReturned] = []
    for one in judgements:
        if one.attempt is None:
            continue
        fields = event_fields(rows[one.attempt.instruction_id])
        if one.outcome is Outcome.PAID:
            events.append(PaymentSettled(**fields, settled_on=one.entry.booked_on))
        elif one.outcome in REOPENING:
            reason = one.entry.return_reason or "NARR"
            events.append(PaymentReturned(**fields, reason=reason, returned_on=one.entry.booked_on))
    await publish(session, "benefits", events)
