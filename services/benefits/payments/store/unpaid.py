"""Payments that a list reports as not made: proven unpaid, so that they may be made anew."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Result, Select, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from services.benefits.payments.bank.lists import Unpaid
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.store.rows import file_table, instruction_table
from services.benefits.payments.store.statuses import Reported, apply_statuses
from shared.db import Transaction


async def apply_unpaid(
    session: Transaction, payer_code: str, lines: Sequence[Unpaid], now: datetime
) -> Sequence[LineFault]:
    """Reject the attempts that were not paid; return the lines that are of no attempt of this account and amount."""
    if not lines:
        return []
    i, f = instruction_table.c, file_table.c
    named = bindparam("named", [line.end_to_end_id for line in lines], type_=ARRAY(TEXT))
    query: Select[Any] = (
        select(i.end_to_end_id, i.message_id, i.amount)
        .join(file_table, f.message_id == i.message_id)
        .where(i.end_to_end_id == named.any_(), f.payer_account == payer_code)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    known = {row.end_to_end_id: row for row in result}
    faults = []
    by_file: dict[str, dict[str, Reported]] = {}
    for line in lines:
        row = known.get(line.end_to_end_id)
        if row is None or row.amount != line.amount:
            why = "payment_not_of_account" if row is None else "another_amount"
            faults.append(LineFault(line.ordinal, line.end_to_end_id, why))
        else:
            by_file.setdefault(row.message_id, {})[line.end_to_end_id] = Reported("RJCT", line.reason, None)
    for message_id, reports in sorted(by_file.items()):
        # The list is the statement itself: it says of each payment that it was not made and will not be by it.
        await apply_statuses(session, message_id, reports, now, proven=True)
    return faults
