"""Sealed files on their way to the bank: each step is committed before the next thing is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Result, Row, Select, case, func, or_, select, text, true, update

from services.benefits.payments.bank.port import Accepted, NotSent, Rejected, SubmitOutcome
from services.benefits.payments.domain.schedule import wait_after
from services.benefits.payments.domain.states import OUT, PROVEN, FileState, InstructionState
from services.benefits.payments.store import channels
from services.benefits.payments.store.recovery import being_recovered
from services.benefits.payments.store.rows import (
    FILE_CONTENT,
    attempt_table,
    file_table,
    instruction_table,
    message_table,
    payer_table,
    run_table,
)
from services.benefits.payments.store.sealing import carried_out_on
from services.benefits.payments.store.statuses import Reported, apply_statuses
from shared.db import Transaction
from shared.ids import new_id
from shared.keys import keys_of

CARRIED = "carried_by_hand"


@dataclass(frozen=True)
class Claimed:
    """A file that is ours to send, or to ask about; `attempt_id` is set when it is to be sent."""

    message_id: str
    content: bytes
    attempts: int
    attempt_id: UUID | None = None


async def _move_instructions(
    session: Transaction, message_id: str, frozen: frozenset[InstructionState], to: InstructionState
) -> None:
    i = instruction_table.c
    statement = (
        update(instruction_table)
        .where(i.message_id == message_id, i.state.in_(frozen))
        .values(state=to, version=i.version + 1)
    )
    await (await session.connection()).execute(statement)


async def some_wait(session: Transaction, bank: str) -> bool:
    """Say whether there is a file that was not sent to a bank yet."""
    f = file_table.c
    query = select(f.message_id).join(payer_table, payer_table.c.code == f.payer_account).limit(1)
    waiting = query.where(payer_table.c.bank == bank, f.state == FileState.QUEUED)
    return (await (await session.connection()).execute(waiting)).first() is not None


async def claim_to_send(session: Transaction, bank: str, now: datetime, lease: timedelta) -> Claimed | None:
    """Take the next waiting file and note the attempt; None when none is due. Commit before calling the bank.

    A file of a paused run waits; so does all while the bank rests or is halted, what is too late for its day, and what
    pays what the bank knows already.
    """
    connection = await session.connection()
    f = file_table.c
    query = (
        select(f.message_id, f.content, f.attempts)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .join(run_table, run_table.c.id == f.run_id)
        .where(payer_table.c.bank == bank, f.state == FileState.QUEUED, f.next_at <= now, ~being_recovered(bank))
        .where(run_table.c.paused_at.is_(None), f.execution_date >= carried_out_on(bank, now), ~f.in_ignorance)
        .order_by(f.next_at, f.message_id)
        .limit(1)
        .with_for_update(of=file_table, skip_locked=True)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None or not await channels.may_send(session, bank, now, lease):
        return None
    attempt_id = new_id()
    await connection.execute(
        update(file_table)
        .where(f.message_id == row.message_id)
        .values(state=FileState.SENDING, attempts=f.attempts + 1, next_at=now + lease)
    )
    await connection.execute(
        attempt_table.insert(), [{"id": attempt_id, "message_id": row.message_id, "started_at": now}]
    )
    await _move_instructions(session, row.message_id, frozenset({InstructionState.QUEUED}), InstructionState.SENDING)
    content = keys_of(session).data.open_bytes(row.content, FILE_CONTENT, row.message_id)
    return Claimed(row.message_id, content, row.attempts + 1, attempt_id)


async def finish_attempt(session: Transaction, claimed: Claimed, outcome: SubmitOutcome, now: datetime) -> None:
    """Note what came of an attempt. A file that meanwhile was resolved otherwise is left as it is."""
    connection = await session.connection()
    detail = outcome.bank_ref if isinstance(outcome, Accepted) else None
    if isinstance(outcome, Rejected):
        detail = outcome.code
    elif not isinstance(outcome, Accepted):
        detail = outcome.cause
    await connection.execute(
        update(attempt_table)
        .where(attempt_table.c.id == claimed.attempt_id)
        .values(finished_at=now, outcome=type(outcome).__name__, detail=detail)
    )
    sending = frozenset({InstructionState.SENDING})
    f = file_table.c
    moved = update(file_table).where(f.message_id == claimed.message_id, f.state == FileState.SENDING)
    later = now + wait_after(claimed.attempts)
    if isinstance(outcome, Accepted):
        moved = moved.values(state=FileState.SENT, bank_ref=outcome.bank_ref, next_poll_at=now, reason=None)
        to = InstructionState.SENT
    elif isinstance(outcome, Rejected):
        moved = moved.values(state=FileState.REJECTED, reason=outcome.code)
        to = InstructionState.SENT
    elif isinstance(outcome, NotSent):
        moved = moved.values(state=FileState.QUEUED, reason=outcome.cause, next_at=later)
        to = InstructionState.QUEUED
    else:
        moved = moved.values(state=FileState.UNKNOWN, reason=outcome.cause, next_at=now + wait_after(1), polls=0)
        to = InstructionState.UNKNOWN
    if (await connection.execute(moved)).rowcount != 1:
        return
    await _move_instructions(session, claimed.message_id, sending, to)
    if isinstance(outcome, Rejected):
        await reject_file(session, claimed.message_id, outcome.code, now)


async def reject_sent(session: Transaction, message_id: str, code: str, now: datetime) -> None:
    """The bank says now that it refused a file which it had."""
    f = file_table.c
    moved = (
        update(file_table)
        .where(f.message_id == message_id, f.state == FileState.SENT)
        .values(state=FileState.REJECTED, reason=code)
    )
    if (await (await session.connection()).execute(moved)).rowcount == 1:
        await reject_file(session, message_id, code, now)


async def reject_file(session: Transaction, message_id: str, code: str, now: datetime) -> None:
    """The bank refused a whole file and says that it processed nothing of it: every attempt in it is refused."""
    i = instruction_table.c
    query = select(i.end_to_end_id).where(i.message_id == message_id, i.state.in_(OUT))
    ids = (await (await session.connection()).execute(query)).scalars()
    reports = {end_to_end_id: Reported("RJCT", code, None) for end_to_end_id in ids}
    await apply_statuses(session, message_id, reports, now)


_LEASE_OVER = text(
    "UPDATE payment_file SET state = 'UNKNOWN', reason = 'interrupted', next_at = :now, polls = 0"
    " WHERE state = 'SENDING' AND next_at <= :now RETURNING message_id"
)


async def lose_interrupted(session: Transaction, now: datetime) -> int:
    """Make the outcome of attempts unknown whose sender did not live to note it; return how many."""
    found = list((await session.execute(_LEASE_OVER, {"now": now})).scalars())
    for message_id in found:
        await _move_instructions(session, message_id, frozenset({InstructionState.SENDING}), InstructionState.UNKNOWN)
    return len(found)


async def unknown_due(session: Transaction, bank: str, now: datetime) -> Claimed | None:
    """Return a file of unknown outcome that the bank should be asked about now."""
    f = file_table.c
    query = (
        select(f.message_id, f.polls)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .where(payer_table.c.bank == bank, f.state == FileState.UNKNOWN, f.next_at <= now)
        .order_by(f.next_at, f.message_id)
        .limit(1)
    )
    row = (await (await session.connection()).execute(query)).one_or_none()
    return None if row is None else Claimed(row.message_id, b"", row.polls)


async def resolve_unknown(session: Transaction, message_id: str, *, found: bool, now: datetime) -> None:
    """The bank's word on a file of unknown outcome: it has it, or it never received it and takes it again."""
    f = file_table.c
    state, to = (FileState.SENT, InstructionState.SENT) if found else (FileState.QUEUED, InstructionState.QUEUED)
    moved = (
        update(file_table)
        .where(f.message_id == message_id, f.state == FileState.UNKNOWN)
        .values(state=state, next_at=now, next_poll_at=now, polls=0)
    )
    if (await (await session.connection()).execute(moved)).rowcount == 1:
        await _move_instructions(session, message_id, frozenset({InstructionState.UNKNOWN}), to)


async def still_unknown(session: Transaction, claimed: Claimed, now: datetime) -> None:
    """The bank said nothing that helps: ask again later."""
    f = file_table.c
    polls = claimed.attempts + 1
    statement = (
        update(file_table)
        .where(f.message_id == claimed.message_id, f.state == FileState.UNKNOWN)
        .values(polls=polls, next_at=now + wait_after(polls))
    )
    await (await session.connection()).execute(statement)


async def status_due(session: Transaction, bank: str, now: datetime) -> Claimed | None:
    """Return a file at the bank whose status should be asked for now.

    That is a file with attempts that no report has ended, one of which the bank called, and every file until there is
    a report on it: a debit that is booked at once would otherwise leave the bank's own answer unread.
    """
    f, i, m = file_table.c, instruction_table.c, message_table.c
    open_states = OUT - {InstructionState.REPORTED_SETTLED, *PROVEN}
    unfinished = select(i.id).where(i.message_id == f.message_id, i.state.in_(open_states)).exists()
    reports = (m.bank == bank, m.kind == "pain.002", m.external_id == f.message_id)
    unreported = ~select(m.id).where(*reports).exists()
    query = (
        select(f.message_id, f.polls)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .where(payer_table.c.bank == bank, f.state == FileState.SENT, f.next_poll_at <= now)
        .where(or_(unfinished, unreported, f.hinted))
        .order_by(f.next_poll_at, f.message_id)
        .limit(1)
    )
    row = (await (await session.connection()).execute(query)).one_or_none()
    return None if row is None else Claimed(row.message_id, b"", row.polls)


async def polled(session: Transaction, claimed: Claimed, *, news: bool, now: datetime) -> None:
    """Note that a file's status was asked for; news make the next look come soon."""
    polls = 1 if news else claimed.attempts + 1
    statement = (
        update(file_table)
        .where(file_table.c.message_id == claimed.message_id)
        .values(polls=polls, next_poll_at=now + wait_after(polls), hinted=False)
    )
    await (await session.connection()).execute(statement)


async def hint(session: Transaction, bank: str, message_id: str, now: datetime) -> bool:
    """The bank called about a file: ask for it at once. Return whether it is a file of ours at that bank."""
    f = file_table.c
    at_bank = select(payer_table.c.code).where(payer_table.c.bank == bank)
    statement = (
        update(file_table)
        .where(f.message_id == message_id, f.payer_account.in_(at_bank))
        .values(
            hinted=case((f.state == FileState.SENT, true()), else_=f.hinted),
            next_poll_at=func.least(f.next_poll_at, now),
            next_at=case((f.state == FileState.UNKNOWN, func.least(f.next_at, now)), else_=f.next_at),
        )
    )
    return (await (await session.connection()).execute(statement)).rowcount == 1


async def files_of_run(session: Transaction, run_id: UUID) -> Sequence[Row[Any]]:
    """Return the files of a run, oldest first, one row for each report of the bank on it, or one without."""
    f, m = file_table.c, message_table.c
    reports = (m.external_id == f.message_id) & (m.kind == "pain.002")
    query: Select[Any] = (
        select(f.message_id, f.state, f.count, f.total, f.sealed_at, m.received_at, m.state.label("report"), m.reason)
        .outerjoin(message_table, reports)
        .where(f.run_id == run_id)
        .order_by(f.message_id, m.received_at)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def hand_over(session: Transaction, message_id: str, now: datetime) -> bool:
    """A person takes a waiting file to its bank: from now on the bank may have it. Return whether it was waiting."""
    connection = await session.connection()
    f = file_table.c
    moved = (
        update(file_table)
        .where(f.message_id == message_id, f.state == FileState.QUEUED)
        .values(state=FileState.UNKNOWN, reason=CARRIED, attempts=f.attempts + 1, polls=0)
    )
    if (await connection.execute(moved)).rowcount != 1:
        return False
    attempt = {
        "id": new_id(),
        "message_id": message_id,
        "started_at": now,
        "finished_at": now,
        "outcome": "Unknown",
        "detail": CARRIED,
    }
    await connection.execute(attempt_table.insert(), [attempt])
    await _move_instructions(session, message_id, frozenset({InstructionState.QUEUED}), InstructionState.UNKNOWN)
    return True


async def head(session: Transaction, message_id: str) -> Row[Any] | None:
    """Return a file without its content, and the bank that it goes to."""
    f = file_table.c
    query: Select[Any] = (
        select(f.message_id, f.run_id, f.payer_account, f.state, f.sha256, f.count, f.total, payer_table.c.bank)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .where(f.message_id == message_id)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.one_or_none()


async def attempts_of(session: Transaction, message_id: str) -> dict[str, Row[Any]]:
    """Return the attempts of a file by their end-to-end ids: `amount`, `state`, `booked_on`."""
    i = instruction_table.c
    query: Select[Any] = select(i.end_to_end_id, i.amount, i.state, i.booked_on).where(i.message_id == message_id)
    result: Result[Any] = await (await session.connection()).execute(query)
    return {row.end_to_end_id: row for row in result}


async def content(session: Transaction, message_id: str) -> bytes:
    """Return the bytes of a sealed file, opened."""
    f = file_table.c
    query = select(f.content).where(f.message_id == message_id)
    sealed = (await (await session.connection()).execute(query)).scalar_one()
    return keys_of(session).data.open_bytes(sealed, FILE_CONTENT, message_id)
