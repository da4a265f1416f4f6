"""Sealing anew what must not go as it is: a file too late for its day, or one that pays what the bank knows already."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, or_, select, update

from services.benefits.accounts.store import COLUMNS
from services.benefits.beneficiaries.store import unpayable_on
from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Journal, Posting, of_instruction
from services.benefits.ledger.store import post
from services.benefits.payments.domain.states import FileState, InstructionState, OrderState
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.store.account_checks import AccountProblem
from services.benefits.payments.store.building import Wording
from services.benefits.payments.store.recovery import KNOWN_TO_BANK, PERHAPS_PAID, known_of
from services.benefits.payments.store.rows import (
    file_table,
    instruction_table,
    order_table,
    payer_table,
    purpose_of,
    run_table,
    with_payees,
)
from services.benefits.payments.store.sealing import carried_out_on, reserved, seal
from services.benefits.turns import take_turns_of
from shared.clock import legal_date
from shared.db import Transaction, among

_LAPSED: AccountProblem = "authorisation_out_of_time"
_ACTOR = "system:benefits.payments"


@dataclass(frozen=True)
class _Sorted:
    """The orders of a file: `known` to the bank by the very id of their attempt; of the others, which end here, some
    are `left` out, with the reason by order, and all others `go`.
    """

    known: Sequence[Row[Any]]
    ended: Sequence[Row[Any]]
    left: Mapping[UUID, str]

    @property
    def go(self) -> Sequence[Row[Any]]:
        """The orders that another file pays."""
        return [row for row in self.ended if row.id not in self.left]


async def reseal(session: Transaction, bank: str, now: datetime) -> str | None:
    """Put one file that must not go as it is into a new one; return the old file's id, if there is one.

    A file that waits was never taken by the bank: no attempt of it reached the bank, or the bank or two people proved
    that it has it not. What was approved stays: the same orders, amounts and accounts, under new ids and another day.

    Left out are orders whose money nobody is authorised to have on that day, and those that a payment looks like which
    the bank made by a forgotten file; they wait for another run. An attempt that the bank has by such a file stays as
    it is, of unknown outcome: the statement ends it, or two people do.
    """
    connection = await session.connection()
    f, i, o = file_table.c, instruction_table.c, order_table.c
    query = (
        select(file_table)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .join(run_table, run_table.c.id == f.run_id)
        .where(payer_table.c.bank == bank, f.state == FileState.QUEUED, run_table.c.paused_at.is_(None))
        .where(or_(f.execution_date < carried_out_on(bank, now), f.in_ignorance))
        .order_by(f.message_id)
        .limit(1)
        .with_for_update(of=file_table, skip_locked=True)
    )
    old = (await connection.execute(query)).one_or_none()
    if old is None:
        return None
    payer_query = select(payer_table).where(payer_table.c.code == old.payer_account).with_for_update()
    payer = (await connection.execute(payer_query)).one()  # before the households, as whoever approves does
    mine = (i.message_id == old.message_id) & (i.state == InstructionState.QUEUED)
    joined = instruction_table.join(order_table, o.id == i.order_id)
    await take_turns_of(session, select(o.household_id).select_from(joined).where(mine))
    attempts = (i.id.label("instruction_id"), i.end_to_end_id)
    again: Select[Any] = with_payees(select(order_table, *attempts, *COLUMNS).select_from(joined))
    found = await _sorted(session, bank, (await connection.execute(again.where(mine).order_by(o.id))).all(), now)
    reason = "restored" if old.in_ignorance else "late"
    await _end_attempts(session, found, reason)
    await connection.execute(
        update(file_table).where(f.message_id == old.message_id).values(state=FileState.WITHDRAWN, reason=reason)
    )
    await _again(session, old, payer, found, now)
    return str(old.message_id)


async def _sorted(session: Transaction, bank: str, rows: Sequence[Row[Any]], now: datetime) -> _Sorted:
    """Say what becomes of each order of a file; those that are left out are blocked."""
    told = await known_of(session, rows)
    known = [row for row in rows if row.end_to_end_id in told.ids]
    unpayable = await unpayable_on(session, {row.person_id for row in rows}, carried_out_on(bank, now))
    left: dict[UUID, str] = {row.id: _LAPSED for row in rows if (row.person_id, row.account_id) in unpayable}
    left |= dict.fromkeys(told.alike, PERHAPS_PAID)
    for row in known:
        left.pop(row.id, None)
    for reason in sorted(set(left.values())):
        ids = [order_id for order_id, why in left.items() if why == reason]
        blocked = update(order_table).where(among(order_table.c.id, ids))
        await (await session.connection()).execute(blocked.values(state=OrderState.BLOCKED, reason=reason))
    return _Sorted(known, [row for row in rows if row.end_to_end_id not in told.ids], left)


async def _end_attempts(session: Transaction, found: _Sorted, reason: str) -> None:
    connection, i = await session.connection(), instruction_table.c
    by_reason: dict[str, list[UUID]] = {reason: [row.id for row in found.go]}
    for order_id, why in found.left.items():
        by_reason.setdefault(why, []).append(order_id)
    queued = i.state == InstructionState.QUEUED
    for why, ids in sorted(by_reason.items()):
        cancelled = update(instruction_table).where(among(i.order_id, ids), queued)
        values = {"state": InstructionState.CANCELLED, "reason": why, "version": i.version + 1}
        await connection.execute(cancelled.values(values))
    doubted = update(instruction_table).where(among(i.id, [row.instruction_id for row in found.known]))
    values = {"state": InstructionState.UNKNOWN, "reason": KNOWN_TO_BANK, "version": i.version + 1}
    await connection.execute(doubted.values(values))


async def _again(session: Transaction, old: Row[Any], payer: Row[Any], found: _Sorted, now: datetime) -> None:
    connection = await session.connection()
    run = (await connection.execute(select(run_table).where(run_table.c.id == old.run_id))).one()
    voided: list[Posting] = []
    for row in found.ended:
        wanted = templates.voided_reservation(row.amount, purpose_of(row), row.payable)
        voided += of_instruction(wanted, row.id, row.instruction_id)
    wording = Wording(run.purpose, run.category_purpose, run.narrative)
    day, cause = legal_date(now), f"resealed:{old.message_id}"
    if voided:
        await post(session, [Journal(cause, "resealing", day, _ACTOR, tuple(voided))])
    largest = terms_of(payer.bank, day).largest_file
    async for sealed in seal(session, old.run_id, payer, _in_files(found.go, largest), wording, now):
        set_aside = Journal(f"{cause}:{sealed.message_id}", "resealing", day, _ACTOR, tuple(reserved(sealed)))
        await post(session, [set_aside])


async def _in_files(rows: Sequence[Row[Any]], largest: int) -> AsyncIterator[Sequence[Row[Any]]]:
    for start in range(0, len(rows), largest):
        yield rows[start : start + largest]
