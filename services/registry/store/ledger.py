"""The transition ledger: entries of the movement tables, added with what makes them true and never changed.

Whoever changes where a household lives, with how many people, or whether it is there at all, calls `record_changes` in
the transaction of that change, after the household's row is locked: moves, splits, mergers, deaths, members who join or
leave, reorganised communes. Other increases and decreases of every list that the household is on follow from it, and so
does the restatement of what a late change makes untrue. Decisions call `restate`. New households come in by
`first_presence`.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, RowMapping, func, insert, select

from services.registry.domain.decisions import Decided, in_force
from services.registry.domain.movements import (
    Cause,
    ClassGiven,
    Line,
    Movement,
    Presence,
    movements,
    restated,
)
from services.registry.tables import CLASS_HISTORY, DECISIONS, MOVEMENTS, PRESENCES, STANDINGS
from shared.db import Transaction, among, copy_rows, upsert
from shared.events.registry import HouseholdClass
from shared.ids import new_id


@dataclass(frozen=True)
class HouseholdChange:
    """What changes about a household's presence on a day; None where it stays.

    `people` is how many more or, negative, fewer. `present` is False for a household that ends, True for one that is
    there again. A household split off another has no presence before: `heir_of` names that one, whose classes it brings
    with it, and all of `people`, `area_code` and `present` are told.
    """

    household_id: UUID
    on: date
    cause: Cause
    people: int = 0
    area_code: str | None = None
    present: bool | None = None
    heir_of: UUID | None = None


class Entry(BaseModel):
    """An entry of the ledger. One that takes another back `reverses` it and has its numbers with the other sign."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    household_id: UUID
    standard: str
    number: int = Field(description="counts the entries of the household under the standard, from 1")
    moved_on: date
    line: Line
    household_class: HouseholdClass = Field(description="the class after a transition; the list that an other is of")
    area_code: str
    other_area: str | None = Field(description="where the household came from or went to")
    households: int
    people: int
    cause: Cause | None = Field(description="of an other increase or decrease")
    decision_id: UUID | None = Field(description="the decision that gave the class")
    reverses: UUID | None
    recorded_for: UUID | None = Field(description="the decision that made the entry necessary")
    recorded_at: datetime


def first_presence(
    household_id: UUID, on: date, people: int, area_code: str, *, cause: Cause, by: str, now: datetime
) -> dict[str, Any]:
    """Return the row with which a new household is there."""
    return _presence_row(
        HouseholdChange(household_id, on, cause, people, area_code, present=True), number=1, by=by, now=now
    )


async def record_changes(
    session: Transaction, changes: Sequence[HouseholdChange], *, by: str, now: datetime
) -> list[Entry]:
    """Record changes of presence and return the entries that they add to the ledger, under every standard.

    The rows of the households are locked by the caller; `changes` of one household are in the order in which they
    happened.
    """
    ids = {each.household_id for each in changes}
    last = select(PRESENCES.c.household_id, func.max(PRESENCES.c.number)).group_by(PRESENCES.c.household_id)
    numbers: dict[UUID, int] = defaultdict(int)
    numbers |= {row[0]: row[1] for row in await session.execute(last.where(among(PRESENCES.c.household_id, ids)))}
    rows = []
    for each in changes:
        numbers[each.household_id] += 1
        rows.append(_presence_row(each, number=numbers[each.household_id], by=by, now=now))
    await copy_rows(session, PRESENCES, rows)
    await _inherit(session, {each.household_id: each.heir_of for each in changes if each.heir_of is not None})
    classes, presence = await classes_of(session, ids), await presences(session, ids)
    return await restate(session, classes, presence, by=by, now=now)


async def presences(session: Transaction, ids: Collection[UUID]) -> dict[UUID, list[Presence]]:
    """Return what was recorded of where households live and with how many people, by household, the first first."""
    found: dict[UUID, list[Presence]] = defaultdict(list)
    query = select(PRESENCES).where(among(PRESENCES.c.household_id, ids))
    for row in await session.execute(query.order_by(PRESENCES.c.household_id, PRESENCES.c.number)):
        found[row.household_id].append(
            Presence(row.changed_on, row.people, row.cause, row.recorded_at, row.area_code, row.present)
        )
    return found


async def restate(
    session: Transaction,
    classes: Mapping[tuple[UUID, str], Sequence[Decided]],
    presence: Mapping[UUID, Sequence[Presence]],
    *,
    by: str,
    now: datetime,
    decisions: Mapping[UUID, UUID] = MappingProxyType({}),
) -> list[Entry]:
    """Add the entries that the ledger of some households lacks, after reversals of those that hold no longer.

    `classes` are all that were decided for them, by household and standard; `presence` is of at least these households;
    `decisions` has the decision on whose account it is done, by household.
    """
    recorded = await _recorded(session, classes)
    added: list[Entry] = []
    for key in sorted(classes):
        given = [
            ClassGiven(each.decided_on, each.household_class, each.decision_id, each.recorded_at or now)
            for each in in_force(classes[key])
        ]
        entries = recorded.get(key, ())
        reversals, lacking = restated(_standing(entries), movements(presence[key[0]], given))
        changes = [*reversals, *((None, each) for each in lacking)]
        added += [
            _entry(key, number, movement, reverses, decisions.get(key[0]), now)
            for number, (reverses, movement) in enumerate(changes, start=len(entries) + 1)
        ]
    await copy_rows(session, MOVEMENTS, [each.model_dump() | {"recorded_by": by} for each in added])
    return added


async def classes_of(
    session: Transaction, ids: Collection[UUID], standards: Collection[str] | None = None
) -> dict[tuple[UUID, str], list[Decided]]:
    """Return every class that was decided, by household and standard, as recorded; of some standards where asked."""
    found: dict[tuple[UUID, str], list[Decided]] = defaultdict(list)
    table = CLASS_HISTORY.c
    query = (
        select(table.household_id, table.standard, table.number, table.household_class, table.decided_on)
        .add_columns(table.decision_id, table.corrects, DECISIONS.c.recorded_at)
        .join(DECISIONS, DECISIONS.c.id == table.decision_id)
        .where(among(table.household_id, ids))
        .order_by(table.household_id, table.standard, table.number)
    )
    for household_id, standard, *decided in await session.execute(
        query if standards is None else query.where(among(table.standard, standards))
    ):
        found[household_id, standard].append(Decided(*decided))
    return found


async def _recorded(session: Transaction, keys: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], list[Row[Any]]]:
    """Return every entry of some households under some standards."""
    found: dict[tuple[UUID, str], list[Row[Any]]] = defaultdict(list)
    query = (
        select(MOVEMENTS)
        .where(among(MOVEMENTS.c.household_id, {household for household, _ in keys}))
        .where(among(MOVEMENTS.c.standard, {standard for _, standard in keys}))
    )
    for row in await session.execute(query):
        found[row.household_id, row.standard].append(row)
    return found


def _standing(rows: Sequence[Row[Any]]) -> dict[UUID, Movement]:
    """Return the entries that no other takes back."""
    taken_back = {row.reverses for row in rows}
    return {row.id: _movement(row) for row in rows if row.reverses is None and row.id not in taken_back}


def _movement(row: Row[Any]) -> Movement:
    return Movement(
        on=row.moved_on,
        line=row.line,
        household_class=row.household_class,
        area_code=row.area_code,
        households=row.households,
        people=row.people,
        other_area=row.other_area,
        cause=row.cause,
        decision_id=row.decision_id,
    )


def _entry(
    key: tuple[UUID, str],
    number: int,
    movement: Movement,
    reverses: UUID | None,
    decision_id: UUID | None,
    now: datetime,
) -> Entry:
    household_id, standard = key
    return Entry(
        id=new_id(),
        household_id=household_id,
        standard=standard,
        number=number,
        moved_on=movement.on,
        line=movement.line,
        household_class=movement.household_class,
        area_code=movement.area_code,
        other_area=movement.other_area,
        households=movement.households,
        people=movement.people,
        cause=movement.cause,
        decision_id=movement.decision_id,
        reverses=reverses,
        recorded_for=decision_id,
        recorded_at=now,
    )


def _presence_row(change: HouseholdChange, *, number: int, by: str, now: datetime) -> dict[str, Any]:
    return {
        "household_id": change.household_id,
        "number": number,
        "changed_on": change.on,
        "cause": change.cause,
        "people": change.people,
        "area_code": change.area_code,
        "present": change.present,
        "recorded_by": by,
        "recorded_at": now,
    }


async def _inherit(session: Transaction, heirs: Mapping[UUID, UUID]) -> None:
    """Give households the classes in force, and the standings, of those that they were split off."""
    if not heirs:
        return
    origins = set(heirs.values())
    history: dict[UUID, list[RowMapping]] = defaultdict(list)
    query = select(CLASS_HISTORY).where(among(CLASS_HISTORY.c.household_id, origins))
    for row in (await session.execute(query.order_by(CLASS_HISTORY.c.number))).mappings():
        history[row["household_id"]].append(row)
    standings: dict[UUID, list[RowMapping]] = defaultdict(list)
    for row in (await session.execute(select(STANDINGS).where(among(STANDINGS.c.household_id, origins)))).mappings():
        standings[row["household_id"]].append(row)
    inherited = [
        {**row, "household_id": heir, "inherited_from": origin}
        for heir, origin in heirs.items()
        for row in history[origin]
    ]
    if inherited:
        await (await session.connection()).execute(insert(CLASS_HISTORY), inherited)
    await upsert(
        session,
        STANDINGS,
        [{**row, "household_id": heir} for heir, origin in heirs.items() for row in standings[origin]],
    )


async def ledger_of(session: Transaction, household_id: UUID) -> Sequence[Entry]:
    """Return every entry of a household's ledger, by standard in the order of recording."""
    query = select(MOVEMENTS).where(MOVEMENTS.c.household_id == household_id)
    ordered = query.order_by(MOVEMENTS.c.standard, MOVEMENTS.c.number)
    return [Entry.model_validate(dict(row)) for row in (await session.execute(ordered)).mappings()]


async def entries_for(session: Transaction, decision_id: UUID) -> Sequence[Entry]:
    """Return the entries that a decision added to the ledger."""
    query = select(MOVEMENTS).where(MOVEMENTS.c.recorded_for == decision_id)
    ordered = query.order_by(MOVEMENTS.c.household_id, MOVEMENTS.c.standard, MOVEMENTS.c.number)
    return [Entry.model_validate(dict(row)) for row in (await session.execute(ordered)).mappings()]
