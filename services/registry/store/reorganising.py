"""Doing a reorganisation, and undoing it: every household, grant and figure at once, in one transaction.

Set-based, some thousand households at a time in the order of their ids, so that memory stays flat however many move.
Whoever looks meanwhile sees the old map; a process that dies leaves the old map.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Text, Uuid, bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.registry.domain.reorganisation import ways
from services.registry.store.grants import follow_areas, move_grants, move_grants_back
from services.registry.store.households import outlines_of
from services.registry.store.ledger import HouseholdChange, record_changes
from services.registry.store.reorganisations import Reorganisation, note, outcomes_of
from services.registry.store.statements import Told, household_stated
from services.registry.store.successions import state_successions, withdraw_successions
from services.registry.tables import HOUSEHOLD_CHANGES
from shared.clock import legal_date
from shared.db import Transaction
from shared.http import Problem
from shared.ids import new_id
from shared.messaging.outbox import EncodedEvent, publish_many

Progress = Callable[[int, int], Awaitable[None]]
_AT_ONCE = 500  # households: other requests get their turn between them

_CHOOSE = text(
    """CREATE TEMPORARY TABLE moving ON COMMIT DROP AS
    SELECT DISTINCT household_id FROM household_versions
    WHERE superseded_at IS NULL AND valid_from < :effective AND valid_until >= :effective
      AND area_code = ANY(:codes) AND NOT state ? 'ended'"""
).bindparams(bindparam("codes", type_=ARRAY(Text)), bindparam("effective", type_=Date))
_CHOOSE_TOUCHED = text(
    """CREATE TEMPORARY TABLE moving ON COMMIT DROP AS
    SELECT DISTINCT household_id FROM household_versions WHERE change_id = :change"""
).bindparams(bindparam("change", type_=Uuid))
_COUNT = text("SELECT count(*) FROM moving")
_INDEX = text("CREATE INDEX ON moving (household_id)")
_LOCK_NEXT = text(
    """SELECT id FROM households WHERE id IN (
        SELECT household_id FROM moving WHERE household_id > :after ORDER BY household_id LIMIT :limit)
    ORDER BY id FOR UPDATE"""
).bindparams(bindparam("after", type_=Uuid))

# What was carried over from the day before moves with its unit; what moved by itself since then is where it went.
_MOVE = text(
    """WITH way AS (SELECT * FROM unnest(:old, :new) AS way (old_code, new_code)),
    carried AS (
        SELECT v.*, way.new_code FROM household_versions v
        JOIN household_versions before ON before.household_id = v.household_id AND before.superseded_at IS NULL
            AND before.valid_from < :effective AND before.valid_until >= :effective
        JOIN way ON way.old_code = before.area_code
        WHERE v.household_id = ANY(:ids) AND v.superseded_at IS NULL AND v.valid_until > :effective
            AND v.area_code = before.area_code),
    gone AS (
        UPDATE household_versions SET superseded_at = :now, superseded_by = :change
        WHERE id IN (SELECT id FROM carried))
    INSERT INTO household_versions
        (household_id, valid_from, valid_until, recorded_at, change_id, area_code, people, state)
    SELECT household_id, valid_from, :effective, :now, :change, area_code, people, state FROM carried
    WHERE valid_from < :effective
    UNION ALL
    SELECT household_id, greatest(valid_from, :effective), valid_until, :now, :change, new_code, people, state
    FROM carried"""
)
_UNMOVE = text(
    """WITH gone AS (
        UPDATE household_versions SET superseded_at = :now, superseded_by = :undo
        WHERE household_id = ANY(:ids) AND superseded_at IS NULL AND change_id = ANY(:changes))
    INSERT INTO household_versions
        (household_id, valid_from, valid_until, recorded_at, change_id, area_code, people, state)
    SELECT household_id, valid_from, valid_until, :now, change_id, area_code, people, state FROM household_versions
    WHERE household_id = ANY(:ids) AND superseded_by = :change"""
)
_TODAY = text(
    """UPDATE households SET area_code = v.area_code, version = households.version + 1
    FROM household_versions v
    WHERE v.household_id = households.id AND v.superseded_at IS NULL AND v.valid_until = 'infinity'
        AND households.id = ANY(:ids)"""
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_ON_THE_DAY = text(
    """SELECT household_id, area_code FROM household_versions
    WHERE household_id = ANY(:ids) AND superseded_at IS NULL AND valid_from <= :effective AND valid_until > :effective
    ORDER BY household_id"""
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("effective", type_=Date))
_TO_PLACE = text(
    """INSERT INTO reorganisation_worklist (reorganisation_id, household_id, old_code, waiting_code, candidates)
    SELECT :change, household_id, split.old_code, split.waiting_code, string_to_array(split.candidates, ' ')
    FROM household_versions
    JOIN unnest(:old, :new, :candidates) AS split (old_code, waiting_code, candidates)
        ON split.waiting_code = area_code
    WHERE household_id = ANY(:ids) AND superseded_at IS NULL AND change_id = :change AND valid_until > :effective
    ON CONFLICT DO NOTHING"""
)
_BUILT_UPON = text(
    """SELECT count(DISTINCT v.household_id) FROM household_versions v
    JOIN household_changes c ON c.id = v.change_id
    WHERE v.superseded_at IS NULL AND c.recorded_at > :applied AND c.id <> ALL(:changes)
        AND v.household_id IN (SELECT household_id FROM moving)"""
)
_DECIDED_SINCE = text(
    """SELECT count(DISTINCT class_history.household_id) FROM class_history
    JOIN decisions ON decisions.id = class_history.decision_id
    WHERE decisions.recorded_at > :applied AND class_history.household_id IN (SELECT household_id FROM moving)"""
)
_PLACEMENTS = text("SELECT DISTINCT placed_by_change FROM reorganisation_worklist WHERE reorganisation_id = :change")
_TYPES: dict[str, Any] = {
    "ids": ARRAY(Uuid), "old": ARRAY(Text), "new": ARRAY(Text), "candidates": ARRAY(Text), "changes": ARRAY(Uuid),
    "effective": Date, "now": DateTime(timezone=True), "applied": DateTime(timezone=True), "change": Uuid, "undo": Uuid,
}  # fmt: skip


async def _do(session: Transaction, statement: Any, **values: Any) -> Any:
    typed: list[Any] = [bindparam(name, type_=_TYPES[name]) for name in values]
    return await session.execute(statement.bindparams(*typed), values)


@dataclass(frozen=True)
class Moved:
    """How much a reorganisation, or its undoing, moved."""

    households: int
    people: int
    grants: int


async def apply(session: Transaction, found: Reorganisation, *, by: str, now: datetime, progress: Progress) -> Moved:
    """Do an approved reorganisation, which the caller has locked: households, grants, successions, the ledger, events.

    Raises:
        Problem: 422 `areas_refused`, units changed since it was planned.
    """
    pointers = [f"/successions/{index}" for index in range(len(found.steps))]
    await state_successions(session, found.steps, pointers=pointers, reorganisation_id=found.id)
    known, _ = await outcomes_of(session, found)
    way = ways(known)
    old, new = list(way), list(way.values())
    split = [each for each in known if each.fate == "split"]
    await _record(session, found.id, "reorganisation", found, by=found.prepared_by, confirmed_by=by, now=now)
    await session.execute(_CHOOSE, {"effective": found.effective_on, "codes": old})
    people = 0
    async for ids in _chunks(session, progress):
        chunk = {"ids": ids, "effective": found.effective_on, "change": found.id}
        await _do(session, _MOVE, **chunk, old=old, new=new, now=now)
        await _do(
            session,
            _TO_PLACE,
            **chunk,
            old=[each.code for each in split],
            new=[way[each.code] for each in split],
            candidates=[" ".join(each.heirs) for each in split],
        )
        told = Told("reorganisation", found.effective_on, found.id)
        people += await _follow(session, ids, told, cause="reorganised", by=by, now=now)
    moved = int((await session.execute(_COUNT)).scalar_one())
    grants = await move_grants(session, found.id, way, today=legal_date(now))
    await follow_areas(session, legal_date(now))
    done = Moved(moved, people, grants)
    await note(session, found.id, state="applied", applied_at=now, **vars(done))
    return done


async def undo(session: Transaction, found: Reorganisation, *, by: str, now: datetime, progress: Progress) -> Moved:
    """Undo a reorganisation that is not confirmed, which the caller has locked; placements are undone with it.

    Raises:
        Problem: 409 `reorganisation_built_upon`; households changed or were decided about since.
    """
    assert found.applied_at is not None  # noqa: S101 - it was applied
    placements = await session.execute(_PLACEMENTS.bindparams(bindparam("change", type_=Uuid)), {"change": found.id})
    changes = [found.id, *(each for each in placements.scalars() if each is not None)]
    await session.execute(_CHOOSE_TOUCHED, {"change": found.id})
    built = (await _do(session, _BUILT_UPON, applied=found.applied_at, changes=changes)).scalar_one()
    decided = (await _do(session, _DECIDED_SINCE, applied=found.applied_at)).scalar_one()
    if built or decided:
        raise Problem(409, "reorganisation_built_upon", changed=built, decided=decided)
    undo_id = new_id()
    await _record(session, undo_id, "undo", found, by=by, confirmed_by=None, now=now, undoes=found.id)
    people = 0
    async for ids in _chunks(session, progress):
        await _do(session, _UNMOVE, ids=ids, change=found.id, undo=undo_id, changes=changes, now=now)
        told = Told("undo", found.effective_on, undo_id)
        people += await _follow(session, ids, told, cause="restored", by=by, now=now)
    moved = int((await session.execute(_COUNT)).scalar_one())
    await withdraw_successions(session, found.id)
    grants = await move_grants_back(session, found.id, today=legal_date(now))
    await follow_areas(session, legal_date(now))
    await note(session, found.id, state="undone", undone_by=by, undone_at=now)
    return Moved(moved, people, grants)


async def _record(
    session: Transaction,
    change_id: UUID,
    kind: str,
    found: Reorganisation,
    *,
    by: str,
    confirmed_by: str | None,
    now: datetime,
    undoes: UUID | None = None,
) -> None:
    row = {
        "id": change_id,
        "kind": kind,
        "area_code": None,
        "effective_on": found.effective_on,
        "note": found.title,
        "recorded_at": now,
        "prepared_by": by,
        "confirmed_by": confirmed_by,
        "confirmed_at": now if confirmed_by else None,
        "undoes": undoes,
    }
    await (await session.connection()).execute(insert(HOUSEHOLD_CHANGES), [row])


async def _chunks(session: Transaction, progress: Progress) -> AsyncIterator[Sequence[UUID]]:
    """Yield the households that move, locked, some at a time in the order of their ids."""
    await session.execute(_INDEX)
    total = int((await session.execute(_COUNT)).scalar_one())
    after, done = UUID(int=0), 0
    while True:
        ids = list((await session.execute(_LOCK_NEXT, {"after": after, "limit": _AT_ONCE})).scalars())
        if not ids:
            return
        yield ids
        after, done = ids[-1], done + len(ids)
        await progress(done, total)


async def _follow(session: Transaction, ids: Sequence[UUID], told: Told, *, cause: Any, by: str, now: datetime) -> int:
    """Let the rows of today, the ledger and others follow what the versions say; return how many people it is."""
    await session.execute(_TODAY, {"ids": ids})
    places = await session.execute(_ON_THE_DAY, {"ids": ids, "effective": told.effective_on})
    changes = [HouseholdChange(row.household_id, told.effective_on, cause, area_code=row.area_code) for row in places]
    await record_changes(session, changes, by=by, now=now)
    households = await outlines_of(session, ids)
    events = await asyncio.to_thread(
        lambda: [EncodedEvent.of(household_stated(households[each], now, told)) for each in sorted(households)]
    )
    await publish_many(session, "registry", events)
    return sum(len(each.members) for each in households.values())
