"""The lines of a statement that is being applied: in a table that lasts as long as the transaction.

A statement may have a hundred thousand; so they are never in memory together, and what they name is found by joins.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    CompoundSelect,
    Date,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Uuid,
    bindparam,
    select,
    text,
)
from sqlalchemy.schema import CreateTable

from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.domain.statement import Entry, Statement
from services.benefits.payments.domain.states import PROVEN
from services.benefits.payments.store.batches import told_apart_lines
from services.benefits.payments.store.rows import file_table, instruction_table, order_table
from shared.db import Transaction, copy_rows

_AT_ONCE = 1_000  # lines
_KEPT = (
    "number",
    "side",
    "amount",
    "booked_on",
    "end_to_end_id",
    "bank_reference",
    "narrative",
    "is_return",
    "return_reason",
    "uetr",
    "instruction_id",
    "by_file",
    "is_fee",
    "is_loan",
    "fault",
)
_TYPES = {
    "number": Integer,
    "amount": BigInteger,
    "booked_on": Date,
    "is_return": Boolean,
    "by_file": Boolean,
    "is_fee": Boolean,
    "is_loan": Boolean,
}
_table = Table(
    "statement_line",
    MetaData(),
    Column("ordinal", Integer, primary_key=True),
    *(Column(name, _TYPES.get(name, String)) for name in _KEPT),
    Column("uetr_id", Uuid),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


def uetr_of(line: Entry) -> UUID | None:
    """Return the UETR that a line names, None where it is no UUID."""
    try:
        return None if line.uetr is None else UUID(line.uetr)
    except ValueError:
        return None


async def stage(session: Transaction, payer_code: str, statement: Statement) -> Sequence[LineFault]:
    """Put the lines of a statement into their table, counted from 1; return those that could not be read whole.

    Raises:
        DetailsMissing: as `told_apart_lines` says.
    """
    connection = await session.connection()
    await connection.execute(CreateTable(_table))
    faults: list[LineFault] = []
    rows: list[dict[str, Any]] = []
    ordinal = 0
    async for line in told_apart_lines(session, payer_code, statement.entries):
        ordinal += 1
        rows.append(_row(ordinal, line))
        if line.fault is not None:
            faults.append(LineFault(ordinal, line.end_to_end_id, line.fault))
        if len(rows) == _AT_ONCE:
            await copy_rows(session, _table, rows)
            rows.clear()
    await copy_rows(session, _table, rows)
    await connection.execute(text("ANALYZE statement_line"))
    return faults


def _row(ordinal: int, line: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {"ordinal": ordinal}
    for name in _KEPT:
        row[name] = getattr(line, name)
    row["uetr_id"] = uetr_of(line)
    return row


async def staged(session: Transaction) -> AsyncIterator[Sequence[Entry]]:
    """Yield the lines that were staged, in their order, some at a time."""
    connection = await session.connection()
    c = _table.c
    query: Select[Any] = select(c.ordinal, *(c[name] for name in _KEPT)).order_by(c.ordinal).limit(_AT_ONCE)
    after = 0
    while lines := [Entry(**row) for row in (await connection.execute(query.where(c.ordinal > after))).mappings()]:
        yield lines
        after = lines[-1].ordinal


def households_named(payer_code: str, through: date | None) -> CompoundSelect[Any]:
    """Return the query of the households whose payments the staged lines name, or may prove to be unpaid."""
    c, i, o, f = _table.c, instruction_table.c, order_table.c, file_table.c
    paid_from = instruction_table.join(order_table, o.id == i.order_id).join(file_table, f.message_id == i.message_id)
    unnamed = select(c.bank_reference).where(c.end_to_end_id.is_(None)).distinct().subquery()
    ways = (
        (_table, i.end_to_end_id == c.end_to_end_id),
        (_table, i.end_to_end_id == c.instruction_id),
        (_table, i.uetr == c.uetr_id),
        (unnamed, i.bank_reference == unnamed.c.bank_reference),
    )
    named = [
        select(o.household_id).select_from(paid_from.join(lines, how)).where(f.payer_account == payer_code)
        for lines, how in ways
    ]
    unproven = (
        select(o.household_id)
        .select_from(paid_from)
        .where(
            f.payer_account == payer_code,
            i.state.in_(PROVEN),
            i.debitable_until <= bindparam("through", through, type_=Date),
        )
    )
    return named[0].union(*named[1:], unproven)
