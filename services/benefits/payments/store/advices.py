"""What banks told of entries that they book in one sum."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert

from services.benefits.payments.domain.statement import Advice, Entry
from services.benefits.payments.store.rows import advice_table
from shared.db import Transaction


async def keep_advice(session: Transaction, payer_code: str, message: UUID, advice: Advice) -> None:
    """Keep the lines of an advice until a statement books their sum; without a reference they help nobody."""
    rows = [
        {
            "message": message,
            "ordinal": line.ordinal,
            "payer_account": payer_code,
            "reference": line.bank_reference,
            "side": line.side,
            "amount": line.amount,
            "end_to_end_id": line.end_to_end_id,
            "uetr": line.uetr,
            "instruction_id": line.instruction_id,
            "is_return": line.is_return,
            "return_reason": line.return_reason,
        }
        for line in advice.entries
        if line.bank_reference is not None and line.batch is None
    ]
    if rows:
        statement = insert(advice_table).on_conflict_do_nothing()
        await (await session.connection()).execute(statement, rows)


async def advised(
    session: Transaction, payer_code: str, references: Sequence[str], like: Entry
) -> dict[str, list[Entry]]:
    """Return by reference the lines of the newest advice on each; `like` gives what an advice does not say."""
    if not references:
        return {}
    a = advice_table.c
    named = bindparam("named", list(references), type_=ARRAY(TEXT))
    query = (
        select(advice_table)
        .where(a.payer_account == payer_code, a.reference == named.any_())
        .order_by(a.message.desc(), a.ordinal)
    )
    newest: dict[str, UUID] = {}
    found: dict[str, list[Entry]] = {}
    for row in await (await session.connection()).execute(query):
        if newest.setdefault(row.reference, row.message) != row.message:
            continue
        line = Entry(
            ordinal=row.ordinal,
            side=row.side,
            amount=row.amount,
            booked_on=like.booked_on,
            end_to_end_id=row.end_to_end_id,
            bank_reference=row.reference,
            narrative=None,
            is_return=row.is_return,
            return_reason=row.return_reason,
            uetr=row.uetr,
            instruction_id=row.instruction_id,
        )
        found.setdefault(row.reference, []).append(line)
    return found
