"""Applying a statement of the bank: the only thing that makes a payment paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, Uuid, bindparam, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from services.benefits.ledger.domain.journal import Journal
from services.benefits.ledger.store import contributions_arrived, open_contributions, post
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.domain.matching import REOPENING, Attempt, Judgement, Matcher, Outcome, Pledge
from services.benefits.payments.domain.matching import opening_balance as judge_opening
from services.benefits.payments.domain.statement import Reconciled, Statement, refusal
from services.benefits.payments.domain.states import PROVEN, FileState, InstructionState
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.store import accounts
from services.benefits.payments.store.batches import DetailsMissing, told_apart_entries
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
from services.benefits.payments.store.statuses import prove_refusals
from services.benefits.turns import take_turns
from shared.clock import legal_date
from shared.db import Transaction, copy_rows
from shared.events.benefits import PaymentReturned, PaymentSettled
from shared.messaging.outbox import publish

_ACTOR = "bank"


class StatementRefused(ValueError):
    """A statement that must not be booked; the text says why."""


class StatementEarly(ValueError):
    """A statement that may be booked once those before it are; the text says which is missing."""


async def apply_statement(
    session: Transaction, payer_code: str, message: UUID, statement: Statement, now: datetime
) -> Sequence[LineFault]:
    """Book a statement: every line becomes one journal, and orders are paid or returned.

    Returns the lines that could not be read whole; they are booked, as money that nobody has explained.

    Raises:
        StatementRefused: it does not follow from the statement before, or does not add up.
        StatementEarly: one before it, or the details of an entry, are missing.
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
        statement = await told_apart_entries(session, payer_code, statement)
    except DetailsMissing as error:
        raise StatementEarly(str(error)) from error
    rows = await _instructions(session, payer_code, statement)
    pledges = await _pledges(session, payer.fund, statement)
    matcher = Matcher(
        fund=payer.fund,
        bank_account=payer_code,
        attempts={row.end_to_end_id: _attempt(row) for row in rows},
        pledges=pledges,
        largest_kept=terms_of(payer.bank, legal_date(now)).largest_kept,
    )
    judgements = await _with_suggestions(session, payer_code, matcher.judge(statement.entries))
    if before is None and statement.opening > 0:
        judgements.insert(0, judge_opening(statement, payer.fund, payer_code))
    journal_ids = await post(session, _journals(payer_code, statement, judgements))
    await _keep(session, payer_code, message, statement, judgements, journal_ids, now)
    await _move(session, judgements)
    arrived = [one.contribution_id for one in judgements if one.contribution_id is not None]
    if arrived:
        await contributions_arrived(session, arrived, statement.entries[-1].booked_on)
    await _tell(session, {row.id: row for row in rows}, judgements)
    await _prove(session, payer_code, rows, judgements, now)
    return [LineFault(one.ordinal, one.end_to_end_id, one.fault) for one in statement.entries if one.fault]


async def _instructions(session: Transaction, payer_code: str, statement: Statement) -> Sequence[Row[Any]]:
    """Return, locked, the instructions of this account that the statement names, or may prove to be unpaid."""
    entries = statement.entries
    named = {one for entry in entries for one in (entry.end_to_end_id, entry.instruction_id) if one}
    uetrs = {uetr for entry in entries if (uetr := _uuid(entry.uetr)) is not None}
    references = {entry.bank_reference for entry in entries if entry.bank_reference and entry.end_to_end_id is None}
    connection = await session.connection()
    i, o = instruction_table.c, order_table.c
    joined = instruction_table.join(order_table, o.id == i.order_id).join(
        file_table, file_table.c.message_id == i.message_id
    )
    by_id = or_(
        i.end_to_end_id == bindparam("named", sorted(named), type_=ARRAY(TEXT)).any_(),
        i.uetr == bindparam("uetrs", sorted(uetrs), type_=ARRAY(Uuid)).any_(),
        i.bank_reference == bindparam("references", sorted(references), type_=ARRAY(TEXT)).any_(),
        i.state.in_(PROVEN) & (i.debitable_until <= bindparam("through", statement.closed_through, type_=Date)),
    )
    mine = by_id & (file_table.c.payer_account == payer_code)
    households = (await connection.execute(select(o.household_id).select_from(joined).where(mine))).scalars()
    await take_turns(session, list(households))
    query = (
        select(instruction_table, o.fund, o.payable, *EVENT_COLUMNS)
        .select_from(joined)
        .where(mine)
        .order_by(i.id)
        .with_for_update(of=(instruction_table, order_table))
    )
    return (await connection.execute(query)).all()


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None


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


_SUGGESTIONS = text(
    "SELECT i.amount, i.booked_on IS NOT NULL AS booked, min(i.id::text)::uuid AS id FROM payment_instruction i"
    " JOIN payment_file f ON f.message_id = i.message_id"
    " WHERE f.payer_account = :payer AND i.amount = ANY(:amounts)"
    " AND i.state NOT IN ('REJECTED', 'CANCELLED', 'RETURNED', 'QUEUED')"
    " GROUP BY i.amount, i.booked_on IS NOT NULL HAVING count(*) = 1"
)
_UNEXPLAINED = frozenset({Outcome.UNKNOWN_DEBIT, Outcome.UNKNOWN_CREDIT, Outcome.RETURN_UNMATCHED})


async def _with_suggestions(session: Transaction, payer_code: str, judgements: Sequence[Judgement]) -> list[Judgement]:
    """Name, for an entry that nobody explains, the one attempt of its amount that it could be of: people decide."""
    amounts = sorted({one.entry.amount for one in judgements if one.outcome in _UNEXPLAINED})
    if not amounts:
        return list(judgements)
    rows = (await session.execute(_SUGGESTIONS, {"payer": payer_code, "amounts": amounts})).all()
    by_amount = {(row.amount, row.booked): row.id for row in rows}
    return [
        replace(one, suggested=by_amount.get((one.entry.amount, one.entry.side == "credit")))
        if one.outcome in _UNEXPLAINED
        else one
        for one in judgements
    ]


async def _pledges(session: Transaction, fund: str, statement: Statement) -> dict[str, Pledge]:
    credits = [entry for entry in statement.entries if entry.side == "credit" and not entry.is_return]
    references = sorted({one for entry in credits for one in (entry.narrative, entry.end_to_end_id) if one})
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


async def _keep(
    session: Transaction,
    payer_code: str,
    message: UUID,
    statement: Statement,
    judgements: Sequence[Judgement],
    journal_ids: Sequence[UUID],
    now: datetime,
) -> None:
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
            "suggested": one.suggested,
            "return_reason": one.entry.return_reason,
            "instruction_id": one.attempt.instruction_id if one.attempt else None,
            "contribution_id": one.contribution_id,
            "journal_id": journal_id,
        }
        for one, journal_id in zip(judgements, journal_ids, strict=True)
    ]
    await copy_rows(session, entry_table, rows)
    reconciled = {"reconciled_sequence": statement.sequence, "reconciled_closing": statement.closing}
    await connection.execute(update(payer_table).where(payer_table.c.code == payer_code).values(reconciled))


# A statement may show the debit of a file whose outcome was unknown: the bank has the file, then.
_FILES_FOUND = text(
    "UPDATE payment_file SET state = :sent, polls = 0 WHERE state = :unknown AND message_id IN"
    " (SELECT message_id FROM payment_instruction WHERE id = ANY(:ids))"
)
_OTHERS_SENT = text(
    "UPDATE payment_instruction i SET state = 'SENT', version = version + 1 FROM payment_file f"
    " WHERE i.message_id = f.message_id AND i.state = 'UNKNOWN' AND f.state = :sent"
    " AND f.message_id IN (SELECT message_id FROM payment_instruction WHERE id = ANY(:ids))"
)


@dataclass(frozen=True)
class _Attempts:
    """What attempts become, column by column."""

    ids: list[UUID]
    states: list[InstructionState]
    reasons: list[str | None]
    days: list[date | None]

    def add(self, one: Judgement, attempt: Attempt) -> None:
        """Add what an attempt was judged to be."""
        why = one.entry.return_reason if one.outcome in REOPENING else None
        if one.outcome.is_exception and why is None:
            why = one.outcome.value
        self.ids.append(attempt.instruction_id)
        self.states.append(attempt.state)
        self.reasons.append(why)
        self.days.append(attempt.booked_on)


_ATTEMPTS = text(
    "UPDATE payment_instruction i SET state = n.state, reason = n.reason, booked_on = n.day, version = i.version + 1"
    " FROM unnest(:ids, :states, :reasons, :days) AS n(id, state, reason, day) WHERE i.id = n.id"
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("states", type_=ARRAY(TEXT)),
    bindparam("reasons", type_=ARRAY(TEXT)),
    bindparam("days", type_=ARRAY(Date)),
)
_PAID = text("UPDATE payment_order SET state = 'PAID', reason = NULL WHERE id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)
_RETURNED = text(
    "UPDATE payment_order o SET state = 'RETURNED', reason = n.reason, payable = 'L2'"
    " FROM unnest(:ids, :reasons) AS n(id, reason) WHERE o.id = n.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("reasons", type_=ARRAY(TEXT)))


async def _move(session: Transaction, judgements: Sequence[Judgement]) -> None:
    """Write the last state that each attempt was judged into, and the order's."""
    last = {one.attempt.instruction_id: one for one in judgements if one.attempt is not None}
    if not last:
        return
    attempts = _Attempts([], [], [], [])
    paid: list[UUID] = []
    returned: dict[UUID, str | None] = {}
    for one in judgements:
        attempt = one.attempt
        if attempt is None:
            continue
        if one is last[attempt.instruction_id]:
            attempts.add(one, attempt)
        if one.outcome is Outcome.PAID:
            paid.append(attempt.order_id)
        elif one.outcome in REOPENING:
            returned[attempt.order_id] = one.entry.return_reason
    await session.execute(_ATTEMPTS, vars(attempts))
    await session.execute(_PAID, {"ids": paid})
    await session.execute(_RETURNED, {"ids": list(returned), "reasons": list(returned.values())})
    parameters = {"sent": FileState.SENT, "unknown": FileState.UNKNOWN, "ids": sorted(last)}
    await session.execute(_FILES_FOUND, parameters)
    await session.execute(_OTHERS_SENT, {"sent": FileState.SENT, "ids": sorted(last)})


_LARGEST_UNEXPLAINED = text(
    "SELECT coalesce(max(e.amount), 0) FROM statement_entry e"
    " WHERE e.payer_account = :payer AND e.outcome = 'unknown_debit' AND NOT EXISTS (SELECT 1 FROM suspense_clearing c"
    " WHERE c.payer_account = e.payer_account AND c.sequence = e.sequence AND c.ordinal = e.ordinal)"
)


async def _prove(
    session: Transaction, payer_code: str, rows: Sequence[Row[Any]], judgements: Sequence[Judgement], now: datetime
) -> None:
    """End what the bank had refused, and no statement through the last day that it may have debited it on has shown.

    A debit that nobody has explained, of its amount or more, may be its own: it waits until people have said.
    """
    shown = {one.attempt.instruction_id for one in judgements if one.attempt is not None}
    unshown = [row for row in rows if row.state in PROVEN and row.id not in shown]
    if unshown:
        largest = (await session.execute(_LARGEST_UNEXPLAINED, {"payer": payer_code})).scalar_one()
        await prove_refusals(session, [row for row in unshown if row.amount > largest], now)


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
