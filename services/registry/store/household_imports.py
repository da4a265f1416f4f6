"""Reading imports of households: how far they came, what was wrong, and the rows that were refused."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, exists, func, select, tuple_

from services.registry.domain.household_csv import Row
from services.registry.store.household_rows import opened_rows
from services.registry.tables import (
    HOUSEHOLD_IMPORT_FAULTS,
    HOUSEHOLD_IMPORT_ROWS,
    HOUSEHOLD_IMPORTS,
    HOUSEHOLD_REFERENCES,
    HOUSEHOLDS,
)
from shared.access import Access
from shared.db import Database, Transaction, among
from shared.http import Problem
from shared.keys import keys_of

_AT_ONCE = 2_000  # rows
_FAULTS = HOUSEHOLD_IMPORT_FAULTS.c
_ROWS = HOUSEHOLD_IMPORT_ROWS.c


@dataclass(frozen=True)
class HouseholdImport:
    """A list of households and how far its import came; see the table for what is counted."""

    id: UUID
    source: str
    created_by: str
    created_at: datetime
    sha256: bytes
    bytes: int
    rows: int
    columns: Sequence[str]
    delimiter: str
    trial: bool
    registration_job: UUID | None
    reached_reference: str | None
    reached_line: int
    handled: int
    created: int
    people: int
    unchanged: int
    refused: int


@dataclass(frozen=True)
class Fault:
    """What is wrong in a row; `context` fills in the text of `code`."""

    line: int
    number: int
    reference: str
    column: str | None
    code: str
    context: Mapping[str, Any]


async def household_import(session: Transaction, import_id: UUID) -> HouseholdImport:
    """Return an import whose file is there whole.

    Raises:
        Problem: 404 `import_not_found`.
    """
    imports = HOUSEHOLD_IMPORTS.c
    query = select(HOUSEHOLD_IMPORTS).where(imports.id == import_id, imports.sha256.is_not(None))
    row = (await session.execute(query)).mappings().one_or_none()
    if row is None:
        raise Problem(404, "import_not_found")
    return HouseholdImport(**row)


async def references(
    session: Transaction, access: Access, *, source: str, after: str | None, limit: int
) -> list[tuple[str, UUID]]:
    """Return references of a source with the ids of their households, those of an access's areas, by reference."""
    known = HOUSEHOLD_REFERENCES.c
    query = select(known.reference, known.household_id).join(HOUSEHOLDS, HOUSEHOLDS.c.id == known.household_id)
    query = query.where(access.within(HOUSEHOLDS.c.area_code), known.source == source)
    if after is not None:
        query = query.where(known.reference > after)
    rows = await session.execute(query.order_by(known.reference).limit(limit))
    return [(row.reference, row.household_id) for row in rows]


async def fault_counts(session: Transaction, import_id: UUID) -> Mapping[str, int]:
    """Return how often each code stands in an import, the most frequent first."""
    count = func.count().label("count")
    query = select(_FAULTS.code, count).where(_FAULTS.import_id == import_id).group_by(_FAULTS.code)
    rows = await session.execute(query.order_by(count.desc(), _FAULTS.code))
    return {row.code: row.count for row in rows.mappings()}


async def faults(session: Transaction, import_id: UUID, *, after: tuple[int, int] | None, limit: int) -> list[Fault]:
    """Return what is wrong, by line."""
    query = select(HOUSEHOLD_IMPORT_FAULTS).where(_FAULTS.import_id == import_id)
    if after is not None:
        query = query.where(tuple_(_FAULTS.line, _FAULTS.number) > after)
    rows = await session.execute(query.order_by(_FAULTS.line, _FAULTS.number).limit(limit))
    return [_fault(row) for row in rows.mappings()]


async def refused_rows(database: Database, found: HouseholdImport) -> AsyncIterator[list[tuple[Row, Sequence[Fault]]]]:
    """Give the rows of refused households as they were sent, page by page, with what is wrong in each."""
    if found.reached_reference is None:
        return
    after = ("", 0)
    reached = tuple_(_ROWS.reference, _ROWS.line) <= (found.reached_reference, found.reached_line)
    refused = exists().where(_FAULTS.import_id == _ROWS.import_id, _FAULTS.reference == _ROWS.reference)
    while True:
        async with database.transaction() as session:
            query = (
                select(_ROWS.line, _ROWS.reference, _ROWS.cells)
                .where(_ROWS.import_id == found.id, tuple_(_ROWS.reference, _ROWS.line) > after, reached)
                .where(refused)
                .order_by(_ROWS.reference, _ROWS.line)
                .limit(_AT_ONCE)
            )
            rows = opened_rows(await session.execute(query), found.id, keys_of(session).data)
            wrong = await _faults_of(session, found.id, [row.line for row in rows])
        if not rows:
            return
        yield [(row, wrong[row.line]) for row in rows]
        after = (rows[-1].reference, rows[-1].line)


async def _faults_of(session: Transaction, import_id: UUID, lines: Sequence[int]) -> Mapping[int, list[Fault]]:
    query = select(HOUSEHOLD_IMPORT_FAULTS).where(_FAULTS.import_id == import_id, among(_FAULTS.line, lines))
    found: dict[int, list[Fault]] = defaultdict(list)
    for row in (await session.execute(query.order_by(_FAULTS.line, _FAULTS.number))).mappings():
        found[row["line"]].append(_fault(row))
    return found


def _fault(row: RowMapping) -> Fault:
    return Fault(**{name: row[name] for name in Fault.__dataclass_fields__})
