"""The changes of households on record: listed, confirmed, undone; and households as they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, update

from services.registry.domain.household_changes import ChangeKind
from services.registry.domain.households import Household, as_of
from services.registry.domain.timeline import undone
from services.registry.store.household_book import Recorded
from services.registry.store.household_changes import Book, Entry, opened, write_changes
from services.registry.store.household_changes import lock as lock_households
from services.registry.store.household_versions import replaced_by, state_as_of, touched_by
from services.registry.store.households import people_by_id
from services.registry.store.placements import may_wait_again, wait_again
from services.registry.store.standings import standings_by_history
from services.registry.tables import CLASS_HISTORY, DECISIONS, HOUSEHOLD_CHANGES, HOUSEHOLD_VERSIONS
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.events.registry import PeopleMergeUndone
from shared.http import FieldProblem, Problem
from shared.ids import new_id
from shared.messaging.outbox import publish

_C, _V = HOUSEHOLD_CHANGES.c, HOUSEHOLD_VERSIONS.c
_UNDOING = HOUSEHOLD_CHANGES.alias("undoing")
# A reorganisation is confirmed and undone as a whole; what undoes is itself nothing to confirm.
_OF_MANY = frozenset({"reorganisation"})
_NOT_CONFIRMED = frozenset({"reorganisation", "undo"})
# After these a class stands on who the households are.
_MAKES_HOUSEHOLDS = frozenset({"split", "merge", "same_person", "end"})

ConfirmationState = Literal["unconfirmed", "confirmed", "undone"]


@dataclass(frozen=True)
class ChangeOnRecord:
    """A change, the households that it touched, and what became of it. Instants are aware."""

    id: UUID
    kind: ChangeKind
    area_code: str | None
    effective_on: date
    note: str | None
    recorded_at: datetime
    prepared_by: str
    confirmed_by: str | None
    confirmed_at: datetime | None
    undoes: UUID | None
    undone_by: UUID | None
    households: tuple[UUID, ...]


def _changes(*conditions: ColumnElement[bool]) -> Select[Any]:
    query = select(HOUSEHOLD_CHANGES, _UNDOING.c.id.label("undone_by"))
    return query.outerjoin(_UNDOING, _UNDOING.c.undoes == _C.id).where(*conditions)


async def _on_record(session: Transaction, query: Select[Any]) -> list[ChangeOnRecord]:
    rows = (await session.execute(query)).mappings().all()
    touched = await touched_by(session, {row["undoes"] or row["id"] for row in rows if row["kind"] not in _OF_MANY})
    return [ChangeOnRecord(**row, households=tuple(touched.get(row["undoes"] or row["id"], ()))) for row in rows]


async def find_change(session: Transaction, change_id: UUID, access: Access, *, lock: bool = False) -> ChangeOnRecord:
    """Return a change of a household in the areas of an access; with `lock`, its households are locked before.

    Raises:
        Problem: 404 `change_not_found`.
    """
    if lock:
        await lock_households(session, (await touched_by(session, [change_id])).get(change_id, ()))
    found = await _on_record(session, _changes(_C.id == change_id))
    if not found:
        raise Problem(404, "change_not_found")
    access.admit(found[0].area_code, Problem(404, "change_not_found"))
    return found[0]


async def changes_of(session: Transaction, household_id: UUID) -> list[ChangeOnRecord]:
    """Return every change that touched a household, newest first; a list as long as a household's life."""
    touching = select(_V.change_id).where(_V.household_id == household_id)
    undoing = _C.undoes.in_(touching)
    return await _on_record(session, _changes(or_(_C.id.in_(touching), undoing)).order_by(_C.id.desc()))


async def page_of_changes(
    session: Transaction, access: Access, state: ConfirmationState | None, *, after: UUID | None, limit: int
) -> list[ChangeOnRecord]:
    """Return changes of households in the areas of an access, newest first, before an id."""
    conditions = [access.within(_C.area_code)]
    undone = _UNDOING.c.id.is_not(None)
    match state:
        case "undone":
            conditions.append(undone)
        case "confirmed":
            conditions += [~undone, _C.confirmed_at.is_not(None)]
        case "unconfirmed":
            conditions += [~undone, _C.confirmed_at.is_(None), _C.kind.not_in(_NOT_CONFIRMED)]
    if after is not None:
        conditions.append(_C.id < after)
    return await _on_record(session, _changes(*conditions).order_by(_C.id.desc()).limit(limit))


async def confirm(session: Transaction, found: ChangeOnRecord, *, by: str, now: datetime) -> None:
    """Confirm a change, whose households are locked, as another person than who prepared it.

    Raises:
        Problem: 409 `change_settled`, it is confirmed, undone, or nothing to confirm; 403 `same_person`.
    """
    _refuse_settled(found)
    if found.prepared_by == by:
        raise Problem(403, "same_person")
    values = {"confirmed_by": by, "confirmed_at": now}
    await session.execute(update(HOUSEHOLD_CHANGES).where(_C.id == found.id).values(values))


async def undo(
    session: Transaction, found: ChangeOnRecord, *, by: str, confirmed_by: str | None, note: str, now: datetime
) -> Recorded:
    """Undo a change, whose households are locked: what held before holds again, and both stay on record.

    Without `confirmed_by` a confirmed change is refused: undoing it takes two people, as it did.

    Raises:
        Problem: 409 `change_settled`, `change_confirmed`, or `undo_refused`: something was built upon it since.
    """
    if confirmed_by is None:
        _refuse_settled(found)
    await refuse_undoing(session, found)
    book = await opened(session, found.households, now)
    replaced = await replaced_by(session, found.id, found.households)
    entry = Entry(
        kind="undo",
        effective_on=found.effective_on,
        revisions={each: undone(book.timelines[each], found.id, replaced.get(each, ())) for each in found.households},
        prepared_by=by,
        confirmed_by=confirmed_by,
        area_code=found.area_code,
        note=note,
        undoes=found.id,
        id=new_id(),
    )
    written = await write_changes(session, book, [entry])
    if found.kind == "placement":
        await wait_again(session, found.id)
    if found.kind == "same_person":
        await publish(session, "registry", _people_again(found, book, written, legal_date(now)))
    return Recorded(entry.id, list(written.values()))


def _people_again(
    found: ChangeOnRecord, book: Book, written: Mapping[UUID, Household], on: date
) -> list[PeopleMergeUndone]:
    """Return what is told of a merger of people that is undone: who is a member again."""
    return [
        PeopleMergeUndone(
            household_id=home, change_id=found.id, person_id=member.id, area_code=household.area_code, undone_on=on
        )
        for home, household in written.items()
        for member in household.members
        if book.timelines[home][-1].state.member(member.id) is None
    ]


def _refuse_settled(found: ChangeOnRecord) -> None:
    if found.kind in _NOT_CONFIRMED or found.undone_by is not None:
        raise Problem(409, "change_settled")
    if found.confirmed_by is not None:
        raise Problem(409, "change_confirmed")


async def refuse_undoing(session: Transaction, found: ChangeOnRecord) -> None:
    """Pass for a change that may be undone.

    Raises:
        Problem: 409 `change_settled`, it is undone or undoes itself; 409 `undo_refused`, the households were changed
            later, a class was decided by what it made of them, or the reorganisation of a placement is confirmed.
    """
    if found.kind in _NOT_CONFIRMED or found.undone_by is not None:
        raise Problem(409, "change_settled")
    if found.kind == "contact":
        raise _undo_refused("contact_not_kept")
    if found.kind == "placement" and not await may_wait_again(session, found.id):
        raise _undo_refused("placed_for_good")
    touching = select(_V.change_id).where(among(_V.household_id, found.households))
    later = _changes(_C.id.in_(touching), _C.recorded_at > found.recorded_at, _UNDOING.c.id.is_(None))
    if (await session.execute(later.limit(1))).first() is not None:
        raise _undo_refused("changed_later")
    decided = select(CLASS_HISTORY.c.household_id).join(DECISIONS, DECISIONS.c.id == CLASS_HISTORY.c.decision_id)
    since = decided.where(among(CLASS_HISTORY.c.household_id, found.households))
    since = since.where(DECISIONS.c.recorded_at > found.recorded_at)
    if found.kind in _MAKES_HOUSEHOLDS and (await session.execute(since.limit(1))).first() is not None:
        raise _undo_refused("decided_since")


def _undo_refused(code: str) -> Problem:
    return Problem(409, "undo_refused", errors=[FieldProblem("/path/change_id", code)], count=1)


async def household_as_of(
    session: Transaction, now: Household, *, on: date, known_at: datetime | None
) -> Household | None:
    """Return a household as it was on a day, as known at an instant; None when it was not in the book.

    Numbers and versions are those of today; accounts have a history of their own and are left out.
    """
    state = await state_as_of(session, now.id, on=on, known_at=known_at)
    if state is None:
        return None
    people = await people_by_id(session, [each.person_id for each in state.members])
    standings = await standings_by_history(session, [now.id], on=on, known_at=known_at)
    return as_of(now, state, people, () if state.ended else standings.get(now.id, ()))
