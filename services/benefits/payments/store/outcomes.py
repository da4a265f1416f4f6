"""What two people decide where no machine can know: with a certificate of the bank, and never by age alone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Result, Row, Select, select, update

from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Journal, of_instruction
from services.benefits.ledger.store import post, release_budget
from services.benefits.payments.domain.states import OUT, FileState, InstructionState, OrderState
from services.benefits.payments.store import files
from services.benefits.payments.store.rows import file_table, instruction_table, order_table, purpose_of
from services.benefits.payments.store.statuses import prove_unpaid
from services.benefits.turns import take_turns
from shared.clock import legal_date
from shared.db import Transaction

# What a certificate may end: the bank may have it, and no statement has shown a debit.
_OPEN = (*(OUT - {InstructionState.QUEUED, InstructionState.SENDING}), InstructionState.RETURN_EXPECTED)
_CANCELLABLE = (OrderState.READY, OrderState.BLOCKED, OrderState.RETURNED)


async def file(session: Transaction, message_id: str) -> Row[Any] | None:
    """Return a sealed file without its content: id, run, state, digest, count and sum."""
    f = file_table.c
    query: Select[Any] = select(f.message_id, f.run_id, f.state, f.sha256, f.count, f.total)
    result: Result[Any] = await (await session.connection()).execute(query.where(f.message_id == message_id))
    return result.one_or_none()


async def instruction(session: Transaction, instruction_id: UUID) -> Row[Any] | None:
    """Return an attempt with its order's area."""
    i, o = instruction_table.c, order_table.c
    query = select(instruction_table, o.area_code, o.household_id).join(order_table, o.id == i.order_id)
    found: Row[Any] | None = (
        await (await session.connection()).execute(query.where(i.id == instruction_id))
    ).one_or_none()
    return found


async def decide_file(session: Transaction, message_id: str, *, received: bool, now: datetime) -> bool:
    """End a file's unknown outcome: the bank has it, or never received it and gets the same bytes again.

    Returns whether it still was unknown; a query or a statement may have ended it before.
    """
    f = file_table.c
    query = select(f.state).where(f.message_id == message_id).with_for_update()
    if (await (await session.connection()).execute(query)).scalar_one() != FileState.UNKNOWN:
        return False
    await files.resolve_unknown(session, message_id, found=received, now=now)
    return True


async def decide_unpaid(session: Transaction, instruction_id: UUID, *, certificate: str, now: datetime) -> bool:
    """End an attempt of which the bank certifies that it debited and will debit nothing; its order may be paid anew.

    Returns whether it still could: what a statement showed, or what is not at the bank, is not ended so.
    """
    connection = await session.connection()
    found = await instruction(session, instruction_id)
    assert found is not None  # noqa: S101 - who asks has read it
    await take_turns(session, [found.household_id])
    i = instruction_table.c
    query = select(i.state, i.booked_on).where(i.id == instruction_id).with_for_update()
    row = (await connection.execute(query)).one()
    if row.booked_on is not None or row.state not in _OPEN:
        return False
    await prove_unpaid(session, instruction_id, certificate, now)
    return True


async def cancel_order(session: Transaction, order_id: UUID, *, why: str, actor: str, now: datetime) -> bool:
    """Cancel what is owed no more and give its commitment back; return whether it was neither paid nor at the bank."""
    connection = await session.connection()
    o = order_table.c
    household = (await connection.execute(select(o.household_id).where(o.id == order_id))).scalar_one()
    await take_turns(session, [household])
    row = (await connection.execute(select(order_table).where(o.id == order_id).with_for_update())).one()
    if row.state not in _CANCELLABLE:
        return False
    await _cancel(session, row, why=why, actor=actor, now=now)
    return True


async def _cancel(session: Transaction, row: Row[Any], *, why: str, actor: str, now: datetime) -> None:
    today, purpose = legal_date(now), purpose_of(row)
    await (await session.connection()).execute(
        update(order_table).where(order_table.c.id == row.id).values(state=OrderState.CANCELLED, reason=why)
    )
    await release_budget(session, purpose, row.amount, cause=f"order-cancelled:{row.id}", actor=actor, on=today)
    if row.obliged:
        same_year = today.year == purpose.fiscal_year
        postings = templates.cancelled_obligation(row.amount, purpose, row.payable, same_year=same_year)
        marked = of_instruction(postings, row.id, None)
        await post(session, [Journal(f"obligation-cancelled:{row.id}", "cancellation", today, actor, marked)])


async def cancel_after(session: Transaction, award_id: UUID, month: str, *, actor: str, now: datetime) -> set[str]:
    """Cancel the unpaid orders of an award for months after one; hold what is at the bank, should it come back.

    Returns the months after it that have an order of whatever state. The household's turn is the caller's to take.
    """
    connection = await session.connection()
    o = order_table.c
    query = select(order_table).where(o.award_id == award_id, o.period > month).order_by(o.id).with_for_update()
    months = set()
    for row in (await connection.execute(query)).all():
        months.add(row.period)
        if row.state in (*_CANCELLABLE, OrderState.BATCHED):
            await _cancel(session, row, why="award_ended", actor=actor, now=now)
        elif row.state == OrderState.INSTRUCTED:
            held = update(order_table).where(o.id == row.id, o.held.is_(None))
            await connection.execute(held.values(held="award_ended", held_by=actor))
    return months
