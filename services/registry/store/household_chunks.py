"""Registering the households of a list, a page of rows a transaction."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

import orjson
from sqlalchemy import delete, not_, select, text, tuple_, update

from services.registry.domain.household_csv import Row
from services.registry.domain.household_rows import (
    Group,
    RowFault,
    differences,
    groups_in,
    read_household,
    torn_faults,
)
from services.registry.domain.households import Household, HouseholdRegistration
from services.registry.store.areas import communes
from services.registry.store.household_imports import HouseholdImport
from services.registry.store.household_rows import opened_rows
from services.registry.store.households import households_of, with_ids, write
from services.registry.store.people import Known, known_numbers
from services.registry.store.registered_people import commune_names, of_record, reader
from services.registry.tables import (
    HOUSEHOLD_IMPORT_FAULTS,
    HOUSEHOLD_IMPORT_NUMBERS,
    HOUSEHOLD_IMPORT_ROWS,
    HOUSEHOLD_IMPORTS,
    HOUSEHOLD_REFERENCES,
)
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among, copy_rows
from shared.http.refusals import field_problem
from shared.keys import keys_of

_PAGE = 2_000  # rows; far more than a household may have members
# As text: typed columns would have every cell looked at once more. No line is 0, so ('', 0) is before all rows.
_NEXT_ROWS = text(
    """SELECT line, reference, cells FROM household_import_rows
    WHERE import_id = :id AND (reference, line) > (:reference, :line) ORDER BY reference, line LIMIT :limit"""
)


@dataclass
class _Chunk:
    """Households on their way through the checks: they stay `good`, or their rows are `kept` with their faults."""

    good: dict[str, tuple[Group, HouseholdRegistration]] = field(default_factory=dict)
    faults: list[tuple[str, RowFault]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    refused: int = 0

    def refuse(self, reference: str, faults: Sequence[RowFault]) -> None:
        """Take a household out for what is wrong in its rows."""
        self.good.pop(reference, None)
        self.faults += [(reference, fault) for fault in faults]
        self.kept.add(reference)
        self.refused += 1


async def register_next(session: Transaction, found: HouseholdImport, access: Access, now: datetime) -> HouseholdImport:
    """Register the next households of a list, or try to; return the import as it stands then. Nothing is left when
    `handled` is `rows`.

    A household with anything wrong in it is refused whole. One whose reference is known stays as it is registered. Of
    two that name the same person, the first by reference is registered.

    Raises:
        DBAPIError: somebody registered one of these people or references at the same time; it may be tried again.
    """
    after = (found.reached_reference, found.reached_line)
    page = await _page(session, found.id, after)
    groups = groups_in(page, after=found.reached_reference, more=len(page) == _PAGE)
    today = legal_date(now)
    chunk = await asyncio.to_thread(_judged, found, groups, today)
    await _check_places(session, chunk, access, today)
    unchanged = await _set_known_aside(session, found.source, chunk)
    await _check_people(session, chunk, found, now)
    made = await asyncio.to_thread(_made, chunk, today)
    if found.trial:
        await _note_numbers(session, found.id, made)
    else:
        await write(session, list(made.values()), by=found.created_by, now=now)
        await _note_references(session, found.source, made)
    await _note_faults(session, found.id, chunk)
    last = groups[-1].rows[-1]
    reached = replace(
        found,
        reached_reference=last.reference,
        reached_line=last.line,
        handled=found.handled + sum(len(group.rows) for group in groups),
        created=found.created + len(made),
        people=found.people + sum(len(each.members) for each in made.values()),
        unchanged=found.unchanged + unchanged,
        refused=found.refused + chunk.refused,
    )
    await _note_reached(session, reached)
    if not found.trial:
        await _forget_rows(session, after, reached, chunk.kept)
    return reached


async def _page(session: Transaction, import_id: UUID, after: tuple[str | None, int]) -> list[Row]:
    place = {"id": import_id, "reference": after[0] or "", "line": after[1], "limit": _PAGE}
    rows = (await session.execute(_NEXT_ROWS, place)).all()
    return await asyncio.to_thread(opened_rows, rows, import_id, keys_of(session).data)


def _judged(found: HouseholdImport, groups: Sequence[Group], today: date) -> _Chunk:
    """Read households by the rules of registration; hundreds of them take too long for the event loop."""
    chunk = _Chunk()
    for group in groups:
        if group.torn:
            begins = group.reference != found.reached_reference
            wrong = torn_faults(found.columns, group, begins=begins)
            chunk.faults += [(group.reference, fault) for fault in wrong]
            chunk.kept.add(group.reference)
            chunk.refused += len(wrong)
            continue
        registration, wrong = read_household(found.columns, group.rows, today=today)
        if registration is None:
            chunk.refuse(group.reference, wrong)
        else:
            chunk.good[group.reference] = (group, registration)
    return chunk


async def _check_places(session: Transaction, chunk: _Chunk, access: Access, today: date) -> None:
    known = await communes(session, {each.area_code for _, each in chunk.good.values()})
    foreign = set()
    for reference, (group, each) in list(chunk.good.items()):
        if known.on(each.area_code, each.registered_on or today) is None:
            chunk.refuse(reference, [RowFault(group.rows[0].line, "area_code", "not_a_commune_then")])
        elif not access.covers(each.area_code):
            foreign.add(each.area_code)
            chunk.refuse(reference, [RowFault(group.rows[0].line, "area_code", "area_not_granted")])
    if foreign:
        access.note_attempt(foreign)


async def _set_known_aside(session: Transaction, source: str, chunk: _Chunk) -> int:
    """Take out households that came in before; refuse those that are registered otherwise. Return how many agree."""
    names = HOUSEHOLD_REFERENCES.c
    wanted = among(names.reference, chunk.good)
    query = select(names.reference, names.household_id).where(names.source == source, wanted)
    ids = {row.reference: row.household_id for row in await session.execute(query)}
    if not ids:
        return 0
    registered = await households_of(session, list(ids.values()))
    unchanged = 0
    for reference, household_id in ids.items():
        group, registration = chunk.good[reference]
        wrong = differences(group.rows, registration, registered[household_id])
        if wrong:
            chunk.refuse(reference, wrong)
        else:
            del chunk.good[reference]
            unchanged += 1
    return unchanged


async def _check_people(session: Transaction, chunk: _Chunk, found: HouseholdImport, now: datetime) -> None:
    numbers = {
        reference: [each.personal_number for each in registration.members if each.personal_number is not None]
        for reference, (_, registration) in chunk.good.items()
    }
    named = [number for each in numbers.values() for number in each]
    known = await known_numbers(session, named)
    told = await _told_of(session, known, found.created_by, now)
    taken = set(known)
    if found.trial:
        taken |= await _tried_numbers(session, found.id, named)
    for reference, (group, registration) in list(chunk.good.items()):
        times = Counter(numbers[reference])
        wrong = [
            RowFault(row.line, "personal_number", *told.get(member.personal_number or "", _TWICE))
            for row, member in zip(group.rows, registration.members, strict=True)
            if member.personal_number in taken or times[member.personal_number or ""] > 1
        ]
        if wrong:
            chunk.refuse(reference, wrong)
        else:
            taken.update(numbers[reference])


_TWICE: tuple[str, Mapping[str, str]] = ("personal_number_taken", {})


async def _told_of(
    session: Transaction, known: Mapping[str, Known], sender: str, now: datetime
) -> dict[str, tuple[str, Mapping[str, str]]]:
    """Return, by number, what the sender of a list is told of whose it is: the record, or which commune to ask."""
    if not known:
        return {}
    access = await reader(session, sender, now)
    names = await commune_names(session, {each.area_code for each in known.values()}, now)
    return {
        number: ("personal_number_of_household", of_record(each, names))
        if access.covers(each.area_code)
        else ("personal_number_elsewhere", {"commune": names[each.area_code]})
        for number, each in known.items()
    }


async def _tried_numbers(session: Transaction, import_id: UUID, numbers: Sequence[str]) -> set[str]:
    """Return those of some numbers that a trial would have registered by now."""
    by_digest = {keys_of(session).digests.of(number): number for number in numbers}
    tried = HOUSEHOLD_IMPORT_NUMBERS.c
    query = select(tried.digest).where(tried.import_id == import_id, among(tried.digest, by_digest))
    return {by_digest[digest] for digest in (await session.execute(query)).scalars()}


async def _note_numbers(session: Transaction, import_id: UUID, made: Mapping[str, Household]) -> None:
    digests = keys_of(session).digests
    people = [member for household in made.values() for member in household.members]
    numbers = [each.personal_number for each in people if each.personal_number is not None]
    rows = [{"import_id": import_id, "digest": digests.of(number)} for number in numbers]
    await copy_rows(session, HOUSEHOLD_IMPORT_NUMBERS, rows)


def _made(chunk: _Chunk, today: date) -> dict[str, Household]:
    return {
        reference: with_ids(registration, registration.registered_on or today)
        for reference, (_, registration) in chunk.good.items()
    }


async def _note_references(session: Transaction, source: str, made: Mapping[str, Household]) -> None:
    rows = [
        {"source": source, "reference": reference, "household_id": household.id}
        for reference, household in made.items()
    ]
    await copy_rows(session, HOUSEHOLD_REFERENCES, rows)


async def _note_faults(session: Transaction, import_id: UUID, chunk: _Chunk) -> None:
    numbers: Counter[int] = Counter()
    rows = []
    for reference, fault in chunk.faults:
        told = field_problem({"loc": (), "type": fault.code, "ctx": fault.context})
        rows.append(
            {
                "import_id": import_id,
                "line": fault.line,
                "number": numbers[fault.line],
                "reference": reference,
                "column": fault.column,
                "code": told.code,
                "context": orjson.dumps(dict(told.fields), default=str).decode(),
            }
        )
        numbers[fault.line] += 1
    await copy_rows(session, HOUSEHOLD_IMPORT_FAULTS, rows)


async def _note_reached(session: Transaction, reached: HouseholdImport) -> None:
    names = ("reached_reference", "reached_line", "handled", "created", "people", "unchanged", "refused")
    here = update(HOUSEHOLD_IMPORTS).where(HOUSEHOLD_IMPORTS.c.id == reached.id)
    await session.execute(here.values({name: getattr(reached, name) for name in names}))


async def _forget_rows(
    session: Transaction, after: tuple[str | None, int], reached: HouseholdImport, kept: set[str]
) -> None:
    """Of what was handled, keep the rows of refused households alone."""
    rows = HOUSEHOLD_IMPORT_ROWS.c
    behind = delete(HOUSEHOLD_IMPORT_ROWS).where(
        rows.import_id == reached.id,
        tuple_(rows.reference, rows.line) > (after[0] or "", after[1]),
        tuple_(rows.reference, rows.line) <= (reached.reached_reference, reached.reached_line),
        not_(among(rows.reference, kept)),
    )
    await session.execute(behind)
