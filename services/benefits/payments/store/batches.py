"""Entries that a bank books in one sum: told apart by its advice, or by our own file where the sums are equal."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import Result, Row, Select, select

from services.benefits.payments.domain.statement import Batch, Entry, told_apart
from services.benefits.payments.domain.states import CLOSED, PROVEN
from services.benefits.payments.store.advices import advised
from services.benefits.payments.store.rows import file_table, instruction_table
from shared.db import Transaction

_BLOCK = "-01"  # our files have one block, `<MsgId>-01`
_AT_ONCE = 1_000  # entries: reading them takes less than a thread's start is worth, and others get their turn


class DetailsMissing(Exception):
    """An entry books payments of ours in one sum, and nothing says yet which of them."""


def _unnamed(entry: Entry) -> bool:
    return entry.end_to_end_id is None and entry.uetr is None and entry.instruction_id is None


async def told_apart_lines(session: Transaction, payer_code: str, entries: Iterable[Entry]) -> AsyncIterator[Entry]:
    """Yield entries with a line for each payment of ours that one of them books in a sum, uncounted.

    Raises:
        DetailsMissing: an entry names a file of ours, its sum is not that of the file, and no advice explains it.
    """
    left = iter(entries)
    while some := await asyncio.to_thread(lambda: list(islice(left, _AT_ONCE))):
        unnamed = [entry for entry in some if _unnamed(entry)]
        references = sorted({entry.bank_reference for entry in unnamed if entry.bank_reference})
        advices = await advised(session, payer_code, references, unnamed[0]) if unnamed else {}
        for entry in some:
            parts: Sequence[Entry] | None = None
            if _unnamed(entry):
                parts = told_apart(entry, advices.get(entry.bank_reference or "", []))
            if parts is None and entry.batch is not None:
                parts = await _of_our_file(session, payer_code, entry, entry.batch)
            for line in parts or (entry,):
                yield line


async def _of_our_file(session: Transaction, payer_code: str, entry: Entry, batch: Batch) -> Sequence[Entry] | None:
    """Return the payments of the file that an entry names, None where it names none of ours."""
    named = batch.message_id or (batch.payment_information_id or "").removesuffix(_BLOCK)
    rows = await _instructions(session, payer_code, named) if named else []
    if not rows:
        return None
    booking = entry.side == "debit"
    open_rows = [row for row in rows if row.state not in CLOSED and (row.booked_on is None) == booking]
    # What the bank says that it refused is in the sum only where the sum says so.
    for there in ([row for row in open_rows if row.state not in PROVEN], open_rows):
        if sum(row.amount for row in there) == entry.amount and batch.count in (None, len(there)):
            break
    else:
        there = []
    if not there or (not booking and not entry.is_return):
        raise DetailsMissing(f"entry {entry.number} books payments of {named} in one sum; which, is not told yet")
    return [
        replace(entry, amount=row.amount, end_to_end_id=row.end_to_end_id, batch=None, fault=None, by_file=True)
        for row in there
    ]


async def _instructions(session: Transaction, payer_code: str, message_id: str) -> Sequence[Row[Any]]:
    i = instruction_table.c
    query: Select[Any] = (
        select(i.end_to_end_id, i.amount, i.state, i.booked_on)
        .join(file_table, file_table.c.message_id == i.message_id)
        .where(i.message_id == message_id, file_table.c.payer_account == payer_code)
        .order_by(i.id)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()
