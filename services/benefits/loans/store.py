"""Keeping what the Social Policy Bank reports: booked as a statement, its lines matched to households."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from services.benefits.loans.reports import LoanReport, Movement, read
from services.benefits.loans.tables import LoanMovement
from services.benefits.metadata import core
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.store import lines, messages
from services.benefits.payments.store.statements import apply_statement
from shared.access import Access
from shared.audit import Entry, write
from shared.db import Transaction, copy_rows

KIND = "loan-report"
_SYSTEM = "system:benefits.loans"
loan_table = core(LoanMovement)

# Whoever is of that name and birth date in that commune; several are nobody.
_BORROWERS = text(
    """
    SELECT n.ordinal, count(*) AS found, min(p.person_id::text)::uuid AS person_id,
           min(p.household_id::text)::uuid AS household_id
    FROM unnest(:ordinals, :names, :births, :communes) AS n(ordinal, name, born, commune)
    JOIN person p ON p.birth_date = n.born AND lower(p.full_name) = lower(n.name)
    JOIN household h ON h.household_id = p.household_id AND h.area_code = n.commune
    GROUP BY n.ordinal
    """
).bindparams(
    bindparam("ordinals", type_=ARRAY(TEXT)),
    bindparam("names", type_=ARRAY(TEXT)),
    bindparam("births", type_=ARRAY(Date)),
    bindparam("communes", type_=ARRAY(TEXT)),
)


async def _borrowers(session: Transaction, movements: Sequence[Movement]) -> dict[int, Row[Any]]:
    given = {
        "ordinals": [str(one.ordinal) for one in movements],
        "names": [one.name for one in movements],
        "births": [one.birth_date for one in movements],
        "communes": [one.commune for one in movements],
    }
    return {int(row.ordinal): row for row in await session.execute(_BORROWERS, given)}


def _unmatched(movements: Sequence[Movement], found: dict[int, Row[Any]]) -> list[LineFault]:
    faults = []
    for one in movements:
        count = found[one.ordinal].found if one.ordinal in found else 0
        if count != 1:
            faults.append(LineFault(one.ordinal, one.contract, "several_households" if count else "household_unknown"))
    return faults


async def take_report(
    session: Transaction, payer: str, stored: messages.StoredMessage, report: LoanReport, now: datetime
) -> None:
    """Book a report and keep its lines; those of nobody whom we know are put aside, their money is booked all the same.

    Raises:
        StatementRefused, StatementEarly: as `apply_statement` says.
    """
    faults = [*report.faults, *await apply_statement(session, payer, stored.id, report.statement, now)]
    found = await _borrowers(session, report.movements)
    await copy_rows(session, loan_table, [_row(stored.id, payer, one, found) for one in report.movements])
    faults += _unmatched(report.movements, found)
    await lines.put_aside(session, stored.id, faults, now)
    await messages.settle(session, stored.id)
    done = Entry(_SYSTEM, "apply_loan_report", "statement", stored.external_id, details={"lines_aside": len(faults)})
    await write(session, done)


def _row(message: UUID, payer: str, one: Movement, found: dict[int, Row[Any]]) -> dict[str, Any]:
    known = found.get(one.ordinal)
    matched = known is not None and known.found == 1
    return {
        "message": message,
        "ordinal": one.ordinal,
        "payer_account": payer,
        "contract": one.contract,
        "kind": one.kind,
        "amount": one.amount,
        "on": one.on,
        "channel": one.channel,
        "point": one.point,
        "area_code": one.commune,
        "household_id": known.household_id if known is not None and matched else None,
        "person_id": known.person_id if known is not None and matched else None,
    }


_MATCH = text(
    "UPDATE loan_movement SET household_id = :household_id, person_id = :person_id"
    " WHERE message = :message AND ordinal = :ordinal AND household_id IS NULL"
)


async def match_again(session: Transaction, stored: messages.StoredMessage, now: datetime) -> int:
    """Match the lines of a report again that were of nobody known; return how many are matched now."""
    report = read(stored.content)
    found = await _borrowers(session, report.movements)
    matched = 0
    for ordinal, row in found.items():
        if row.found == 1:
            given = {"household_id": row.household_id, "person_id": row.person_id}
            result: Any = await session.execute(_MATCH, given | {"message": stored.id, "ordinal": ordinal})
            matched += result.rowcount
    await lines.put_aside(session, stored.id, [*report.faults, *_unmatched(report.movements, found)], now)
    return matched


async def page_of_loans(
    session: Transaction, access: Access, *, household_id: UUID | None, after: tuple[UUID, int] | None, limit: int
) -> Sequence[Row[Any]]:
    """Return what banks reported of loans in an access's areas, by report and line, of a household where asked."""
    c = loan_table.c
    query = select(loan_table).where(access.within(c.area_code)).order_by(c.message, c.ordinal).limit(limit)
    query = query if household_id is None else query.where(c.household_id == household_id)
    if after is not None:
        message, ordinal = after
        query = query.where((c.message > message) | ((c.message == message) & (c.ordinal > ordinal)))
    return (await (await session.connection()).execute(query)).all()
