"""Sealing: the files and attempts of what was approved, with their postings, in the transaction that decides it."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, insert, update

from services.benefits.ledger.domain import templates
from services.benefits.ledger.domain.journal import Posting, of_instruction
from services.benefits.payments.domain.calendar import execution_date
from services.benefits.payments.domain.identifiers import message_id, numbered_after
from services.benefits.payments.domain.states import FileState, InstructionState
from services.benefits.payments.domain.terms import DAYS_OFF, terms_of
from services.benefits.payments.store.account_checks import AccountProblem
from services.benefits.payments.store.building import Attempt, Heading, Wording, built
from services.benefits.payments.store.recovery import next_attempts
from services.benefits.payments.store.rows import (
    FILE_CONTENT,
    file_table,
    instruction_table,
    payer_table,
    purpose_of,
)
from shared.clock import VIETNAM, legal_date
from shared.db import Transaction, copy_rows
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
    """Write a file and one instruction an order for each page of orders, and yield it.

    While one is written and its caller books it, the next one is built: no more than two are held.

    Raises:
        FileRefused: our own check refused a file that we wrote.
        Problem: 409 `known_to_bank`, the bank was told to pay one of them by a file that we no longer have.
    """
    numbered = payer.numbered_at
    begun: _Begun | None = None
    try:
        async for rows in pages:
            numbered = numbered_after(numbered, now)
            number = message_id(payer.code, numbered.astimezone(VIETNAM))
            heading = Heading(number, now, carried_out_on(payer.bank, now), payer, wording)
            before, begun = begun, await _begin(session, heading, rows)
            if before is not None:
                yield await _written(session, before, run_id)
        if begun is not None:
            yield await _written(session, begun, run_id)
    finally:
        if begun is not None:
            begun.content.cancel()
    wrote = update(payer_table).where(payer_table.c.code == payer.code).values(numbered_at=numbered)
    await (await session.connection()).execute(wrote)


@dataclass(frozen=True)
class _Begun:
    """A file that is being built."""

    heading: Heading
    attempts: Sequence[Attempt]
    content: asyncio.Task[bytes]


async def _begin(session: Transaction, heading: Heading, rows: Sequence[Row[Any]]) -> _Begun:
    known = await next_attempts(session, rows)
    if known.at_bank or known.alike:
        raise Problem(409, "known_to_bank", count=len(known.at_bank | known.alike))
    attempts = [Attempt(row, known.ids[row.id], uuid4()) for row in rows]
    building = asyncio.to_thread(built, heading, attempts, keys_of(session))
    return _Begun(heading, attempts, asyncio.create_task(building))


async def _written(session: Transaction, file: _Begun, run_id: UUID) -> Sealed:
    content = await file.content
    row = _file_row(file.heading, file.attempts, content, run_id, keys_of(session))
    await (await session.connection()).execute(insert(file_table), [row])
    instructions = [
        {
            "id": new_id(),
            "order_id": one.order.id,
            "message_id": file.heading.message_id,
            "end_to_end_id": one.end_to_end_id,
            "uetr": one.uetr,
            "amount": one.order.amount,
            "state": InstructionState.QUEUED,
            "rank": 0,
            "version": 1,
        }
        for one in file.attempts
    ]
    await copy_rows(session, instruction_table, instructions)
    rows = [one.order for one in file.attempts]
    return Sealed(file.heading.message_id, rows, {one["order_id"]: one["id"] for one in instructions})


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
