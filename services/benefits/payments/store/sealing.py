"""Sealing: the files and attempts of what was approved, with their postings, in the transaction that decides it."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, case, insert, literal, select, update

from services.benefits.accounts.store import COLUMNS
from services.benefits.beneficiaries.store import unpayable_on
from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Journal, Posting, of_instruction
from services.benefits.ledger.store import post
from services.benefits.payments.domain.calendar import execution_date
from services.benefits.payments.domain.identifiers import message_id
from services.benefits.payments.domain.states import FileState, InstructionState, OrderState
from services.benefits.payments.domain.terms import DAYS_OFF, terms_of
from services.benefits.payments.store.account_checks import AccountProblem
from services.benefits.payments.store.building import Attempt, Heading, Wording, built
from services.benefits.payments.store.recovery import next_attempts
from services.benefits.payments.store.rows import (
    FILE_CONTENT,
    file_table,
    instruction_table,
    order_table,
    payer_table,
    purpose_of,
    run_table,
    with_payees,
)
from services.benefits.turns import take_turns_of
from shared.clock import VIETNAM, legal_date
from shared.db import Transaction, among, copy_rows
from shared.http.problems import Problem
from shared.ids import new_id
from shared.keys import Keys, keys_of

_LAPSED: AccountProblem = "authorisation_out_of_time"


@dataclass(frozen=True)
class Sealed:
    """A file, the orders that it pays, and the instruction's id by order."""

    message_id: str
    rows: Sequence[Row[Any]]
    instructions: Mapping[UUID, UUID]


def carried_out_on(bank: str, now: datetime) -> date:
    """Return the day (Asia/Ho_Chi_Minh) on which a bank carries out what it gets now, by hours and banking days."""
    day = legal_date(now)
    return execution_date(day, now.astimezone(VIETNAM).time(), terms_of(bank, day), DAYS_OFF)


async def seal(
    session: Transaction,
    run_id: UUID,
    payer: Row[Any],
    pages: AsyncIterable[Sequence[Row[Any]]],
    wording: Wording,
    now: datetime,
) -> AsyncIterator[Sealed]:
    """Write a file and one instruction an order for each page of orders, and yield it; so no more than one is held.

    Raises:
        FileRefused: our own check refused a file that we wrote.
        Problem: 409 `known_to_bank`, the bank was told to pay one of them by a file that we no longer have.
    """
    connection = await session.connection()
    day, number = legal_date(now), payer.files
    keys, due = keys_of(session), carried_out_on(payer.bank, now)
    async for rows in pages:
        number += 1
        known = await next_attempts(session, rows)
        if known.at_bank or known.alike:
            raise Problem(409, "known_to_bank", count=len(known.at_bank | known.alike))
        heading = Heading(message_id(payer.code, day, number), now, due, payer, wording)
        attempts = [Attempt(row, known.ids[row.id], uuid4()) for row in rows]
        content = await asyncio.to_thread(built, heading, attempts, keys)
        await connection.execute(insert(file_table), [_file_row(heading, attempts, content, run_id, keys)])
        instructions = [
            {
                "id": new_id(),
                "order_id": one.order.id,
                "message_id": heading.message_id,
                "end_to_end_id": one.end_to_end_id,
                "uetr": one.uetr,
                "amount": one.order.amount,
                "state": InstructionState.QUEUED,
                "rank": 0,
                "version": 1,
            }
            for one in attempts
        ]
        await copy_rows(session, instruction_table, instructions)
        yield Sealed(heading.message_id, rows, {one["order_id"]: one["id"] for one in instructions})
    await connection.execute(update(payer_table).where(payer_table.c.code == payer.code).values(files=number))


def _file_row(
    heading: Heading, attempts: Sequence[Attempt], content: bytes, run_id: UUID, keys: Keys
) -> dict[str, Any]:
    return {
        "message_id": heading.message_id,
        "run_id": run_id,
        "payer_account": heading.payer.code,
        "content": keys.data.seal_bytes(content, FILE_CONTENT, heading.message_id),
        "sha256": hashlib.sha256(content).hexdigest(),
        "count": len(attempts),
        "total": sum(one.order.amount for one in attempts),
        "state": FileState.QUEUED,
        "attempts": 0,
        "sealed_at": heading.created_at,
        "execution_date": heading.execution_date,
        "next_at": heading.created_at,
        "polls": 0,
        "next_poll_at": heading.created_at,
    }


def reserved(sealed: Sealed) -> list[Posting]:
    """Return the postings that set the money of new attempts aside, each from where its order stands."""
    postings: list[Posting] = []
    for row in sealed.rows:
        wanted = templates.reservation(row.amount, purpose_of(row), row.payable)
        postings += of_instruction(wanted, row.id, sealed.instructions[row.id])
    return postings


async def reseal_late(session: Transaction, bank: str, now: datetime) -> str | None:
    """Put one file that no longer can be carried out on its day into a new one; return the late file's id, if any.

    A file that waits was never taken by the bank: no attempt of it reached the bank, or the bank or two people proved
    that it has it not. What was approved stays: the same orders, amounts and accounts, under new ids and another day.
    An order whose money nobody is authorised to have on that day is left out and waits for another run.
    """
    connection = await session.connection()
    f, i, o = file_table.c, instruction_table.c, order_table.c
    query = (
        select(file_table)
        .join(payer_table, payer_table.c.code == f.payer_account)
        .join(run_table, run_table.c.id == f.run_id)
        .where(payer_table.c.bank == bank, f.state == FileState.QUEUED, f.execution_date < carried_out_on(bank, now))
        .where(run_table.c.paused_at.is_(None))
        .order_by(f.message_id)
        .limit(1)
        .with_for_update(of=file_table, skip_locked=True)
    )
    late = (await connection.execute(query)).one_or_none()
    if late is None:
        return None
    payer_query = select(payer_table).where(payer_table.c.code == late.payer_account).with_for_update()
    payer = (await connection.execute(payer_query)).one()  # before the households, as whoever approves does
    mine = i.message_id == late.message_id
    joined = instruction_table.join(order_table, o.id == i.order_id)
    await take_turns_of(session, select(o.household_id).select_from(joined).where(mine))
    again = with_payees(select(order_table, i.id.label("instruction_id"), *COLUMNS).select_from(joined))
    rows = (await connection.execute(again.where(mine).order_by(o.id))).all()
    lapsed = await _lapsed(session, bank, rows, now)
    await connection.execute(
        update(instruction_table)
        .where(mine, i.state == InstructionState.QUEUED)
        .values(
            state=InstructionState.CANCELLED,
            reason=case((among(i.order_id, lapsed), literal(_LAPSED)), else_=literal("late")),
            version=i.version + 1,
        )
    )
    await connection.execute(
        update(file_table).where(f.message_id == late.message_id).values(state=FileState.WITHDRAWN, reason="late")
    )
    await _again(session, late, payer, rows, lapsed, now)
    return str(late.message_id)


async def _lapsed(session: Transaction, bank: str, rows: Sequence[Row[Any]], now: datetime) -> set[UUID]:
    """Take out the orders whose account is of somebody whose authorisation is over on the new day; return them."""
    unpayable = await unpayable_on(session, {row.person_id for row in rows}, carried_out_on(bank, now))
    lapsed = {row.id for row in rows if (row.person_id, row.account_id) in unpayable}
    blocked = update(order_table).where(among(order_table.c.id, lapsed))
    await (await session.connection()).execute(blocked.values(state=OrderState.BLOCKED, reason=_LAPSED))
    return lapsed


async def _again(
    session: Transaction, late: Row[Any], payer: Row[Any], rows: Sequence[Row[Any]], lapsed: set[UUID], now: datetime
) -> None:
    connection = await session.connection()
    run = (await connection.execute(select(run_table).where(run_table.c.id == late.run_id))).one()
    voided: list[Posting] = []
    for row in rows:
        wanted = templates.voided_reservation(row.amount, purpose_of(row), row.payable)
        voided += of_instruction(wanted, row.id, row.instruction_id)
    wording = Wording(run.purpose, run.category_purpose, run.narrative)
    going = [row for row in rows if row.id not in lapsed]
    day, actor, cause = legal_date(now), "system:benefits.payments", f"resealed:{late.message_id}"
    await post(session, [Journal(cause, "resealing", day, actor, tuple(voided))])
    largest = terms_of(payer.bank, day).largest_file
    async for sealed in seal(session, late.run_id, payer, _in_files(going, largest), wording, now):
        set_aside = Journal(f"{cause}:{sealed.message_id}", "resealing", day, actor, tuple(reserved(sealed)))
        await post(session, [set_aside])


async def _in_files(rows: Sequence[Row[Any]], largest: int) -> AsyncIterator[Sequence[Row[Any]]]:
    for start in range(0, len(rows), largest):
        yield rows[start : start + largest]
