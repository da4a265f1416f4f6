"""Sealing: the files and attempts of what was approved, with their postings, in the transaction that decides it."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
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
from services.benefits.payments.iso20022.pain001 import Debtor, PaymentFile, Transfer, write
from services.benefits.payments.iso20022.profile import findings
from services.benefits.payments.iso20022.schemas import schema_findings
from services.benefits.payments.store.account_checks import AccountProblem
from services.benefits.payments.store.recovery import next_attempts
from services.benefits.payments.store.rows import (
    FILE_CONTENT,
    file_table,
    instruction_table,
    order_table,
    payee_of,
    payer_table,
    purpose_of,
    run_table,
    with_payees,
)
from services.benefits.turns import take_turns
from shared.clock import VIETNAM, legal_date
from shared.db import Transaction, among
from shared.http.problems import Problem
from shared.ids import new_id
from shared.keys import Keys, keys_of

_LAPSED: AccountProblem = "authorisation_out_of_time"


class FileRefused(Exception):
    """A written file breaks our own profile; nothing was sealed."""


@dataclass(frozen=True)
class Wording:
    """How a programme's payments are described to banks: ISO 20022 external codes, a text without personal data."""

    purpose: str
    category_purpose: str
    narrative: str


def carried_out_on(bank: str, now: datetime) -> date:
    """Return the day (Asia/Ho_Chi_Minh) on which a bank carries out what it gets now, by hours and banking days."""
    day = legal_date(now)
    return execution_date(day, now.astimezone(VIETNAM).time(), terms_of(bank, day), DAYS_OFF)


async def seal(
    session: Transaction, run_id: UUID, payer: Row[Any], rows: Sequence[Row[Any]], wording: Wording, now: datetime
) -> Mapping[UUID, UUID]:
    """Write the files of orders and one instruction an order; return the instruction's id by order.

    Raises:
        FileRefused: our own check refused a file that we wrote.
        Problem: 409 `known_to_bank`, the bank was told to pay one of them by a file that we no longer have.
    """
    connection = await session.connection()
    day, number = legal_date(now), payer.files
    keys = keys_of(session)
    largest = terms_of(payer.bank, day).largest_file
    debtor, due = Debtor(payer.holder, payer.number, payer.bin), carried_out_on(payer.bank, now)
    instruction_ids: dict[UUID, UUID] = {}
    attempts = await next_attempts(session, rows)
    if attempts.at_bank:
        raise Problem(409, "known_to_bank", count=len(attempts.at_bank))
    for chunk in _chunks(rows, largest):
        number += 1
        transfers = await asyncio.to_thread(_transfers, chunk, attempts.ids, keys)
        file = PaymentFile(
            message_id=message_id(payer.code, day, number),
            created_at=now,
            execution_date=due,
            debtor=debtor,
            purpose=wording.purpose,
            category_purpose=wording.category_purpose,
            narrative=wording.narrative,
            transfers=transfers,
        )
        content = await asyncio.to_thread(_written, file)
        await connection.execute(insert(file_table), [_file_row(file, content, run_id, payer.code, now, keys)])
        instructions = [
            {
                "id": new_id(),
                "order_id": row.id,
                "message_id": file.message_id,
                "end_to_end_id": transfer.end_to_end_id,
                "uetr": transfer.uetr,
                "amount": transfer.amount,
                "state": InstructionState.QUEUED,
                "rank": 0,
                "version": 1,
            }
            for row, transfer in zip(chunk, transfers, strict=True)
        ]
        await connection.execute(insert(instruction_table), instructions)
        instruction_ids |= {row.id: one["id"] for row, one in zip(chunk, instructions, strict=True)}
    await connection.execute(update(payer_table).where(payer_table.c.code == payer.code).values(files=number))
    return instruction_ids


def _chunks(rows: Sequence[Row[Any]], largest: int) -> Iterator[Sequence[Row[Any]]]:
    for start in range(0, len(rows), largest):
        yield rows[start : start + largest]


def _transfers(rows: Sequence[Row[Any]], ids: Mapping[UUID, str], keys: Keys) -> list[Transfer]:
    """Return a transfer an order; to open thousands of accounts takes too long for the event loop."""
    found = ((row, payee_of(row, keys)) for row in rows)
    return [
        Transfer(ids[row.id], uuid4(), row.amount, payee.bank_bin, payee.account_number, payee.holder_name)
        for row, payee in found
        if payee is not None
    ]


def _written(file: PaymentFile) -> bytes:
    content = write(file)
    if findings(content) or schema_findings("pain.001.001.09", content):
        raise FileRefused
    return content


def _file_row(file: PaymentFile, content: bytes, run_id: UUID, payer: str, now: datetime, keys: Keys) -> dict[str, Any]:
    return {
        "message_id": file.message_id,
        "run_id": run_id,
        "payer_account": payer,
        "content": keys.data.seal_bytes(content, FILE_CONTENT, file.message_id),
        "sha256": hashlib.sha256(content).hexdigest(),
        "count": len(file.transfers),
        "total": file.total,
        "state": FileState.QUEUED,
        "attempts": 0,
        "sealed_at": now,
        "execution_date": file.execution_date,
        "next_at": now,
        "polls": 0,
        "next_poll_at": now,
    }


def reserved(rows: Sequence[Row[Any]], instructions: Mapping[UUID, UUID]) -> list[Posting]:
    """Return the postings that set the money of new attempts aside, each from where its order stands."""
    postings: list[Posting] = []
    for row in rows:
        wanted = templates.reservation(row.amount, purpose_of(row), row.payable)
        postings += of_instruction(wanted, row.id, instructions[row.id])
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
    households = (await connection.execute(select(o.household_id).select_from(joined).where(mine))).scalars()
    await take_turns(session, list(households))
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
    instructions = await seal(session, late.run_id, payer, going, wording, now)
    postings = (*voided, *reserved(going, instructions))
    cause = f"resealed:{late.message_id}"
    await post(session, [Journal(cause, "resealing", legal_date(now), "system:benefits.payments", postings)])
