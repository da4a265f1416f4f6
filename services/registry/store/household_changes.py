"""What happens to households, written whole: versions, the rows of today, standings, and the events that tell of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from services.registry.domain.household_changes import ChangeKind
from services.registry.domain.household_state import Ending, HouseholdState, MemberState
from services.registry.domain.households import Household, Person
from services.registry.domain.movements import Cause
from services.registry.domain.timeline import OPEN_END, Revision, Version, after
from services.registry.store.contacts import former_phones, keep_former_phones
from services.registry.store.household_versions import timelines, write_revisions
from services.registry.store.households import household_row, households_of, people_by_id
from services.registry.store.ledger import HouseholdChange, record_changes
from services.registry.store.people import person_row
from services.registry.store.standings import standings_by_history
from services.registry.store.statements import Told, household_stated, person_stated
from services.registry.tables import HOUSEHOLD_CHANGES, HOUSEHOLDS, PEOPLE, STANDINGS
from shared.db import Transaction, among, upsert
from shared.events import Event
from shared.ids import new_id
from shared.keys import keys_of
from shared.messaging.outbox import publish

_CAUSES: Mapping[ChangeKind, Cause] = {
    "move": "moved",
    "birth": "member_joined",
    "arrival": "member_joined",
    "join": "member_joined",
    "leave": "member_left",
    "death": "member_left",
    "split": "split",
    "merge": "merged",
    "same_person": "merged",
    "end": "dissolved",
    "undo": "restored",
    "reorganisation": "reorganised",
    "placement": "reorganised",
}
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Entry:
    """A change on record, with what it makes of the versions; `apart` is what stands with a person alone."""

    kind: ChangeKind
    effective_on: date
    revisions: Mapping[UUID, Revision]
    prepared_by: str
    area_code: str | None
    note: str | None = None
    confirmed_by: str | None = None
    undoes: UUID | None = None
    apart: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class Book:
    """Households that are locked for a change, with what is known of them; `now` is after all that is known."""

    timelines: Mapping[UUID, Sequence[Version]]
    now: datetime


async def lock(session: Transaction, ids: Collection[UUID]) -> None:
    """Lock the rows of households for a change, in the order of their ids."""
    query = select(HOUSEHOLDS.c.id).where(among(HOUSEHOLDS.c.id, ids)).order_by(HOUSEHOLDS.c.id)
    await session.execute(query.with_for_update())


async def opened(session: Transaction, ids: Collection[UUID], now: datetime) -> Book:
    """Return households, which the caller has locked, for a change. Who waited for the lock is told later."""
    known = await timelines(session, ids)
    told = [each.recorded_at for versions in known.values() for each in versions if each.recorded_at is not None]
    return Book(known, max([now, *(each + _MICROSECOND for each in told)]))


async def write_changes(session: Transaction, book: Book, entries: Sequence[Entry]) -> dict[UUID, Household]:
    """Write changes, of which no two touch one household; return the households as they are now, by id.

    Of a household that is not there yet, the first version founds it.
    """
    rows = [_change_row(each, book.now) for each in entries]
    await (await session.connection()).execute(insert(HOUSEHOLD_CHANGES), rows)
    states = {
        household_id: _today(after(book.timelines.get(household_id, ()), revision))
        for each in entries
        for household_id, revision in each.revisions.items()
    }
    await _found(session, states.keys() - book.timelines.keys(), entries, book.now)
    before = await households_of(session, list(states))
    for each in entries:
        await write_revisions(session, each.revisions, by=each.id, now=book.now)
    apart = {person: values for each in entries for person, values in each.apart.items()}
    changed = await _write_today(session, states, before, apart, book.now)
    for each in entries:
        await record_changes(session, _presences(each, book), by=each.prepared_by, now=book.now)
    await _standings_follow(session, before, states)
    households = await households_of(session, list(states))
    told = {
        household_id: Told(each.kind, each.effective_on, each.id) for each in entries for household_id in each.revisions
    }
    await _tell(session, households, told, changed, book.now)
    return households


def _change_row(entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "area_code": entry.area_code,
        "effective_on": entry.effective_on,
        "note": entry.note,
        "recorded_at": now,
        "prepared_by": entry.prepared_by,
        "confirmed_by": entry.confirmed_by,
        "confirmed_at": now if entry.confirmed_by else None,
        "undoes": entry.undoes,
    }


def _today(versions: Sequence[Version]) -> HouseholdState | None:
    """Return the state that goes on, None when the household is no longer in the book: its founding was undone."""
    return versions[-1].state if versions and versions[-1].valid_until == OPEN_END else None


async def _found(session: Transaction, ids: Collection[UUID], entries: Sequence[Entry], now: datetime) -> None:
    """Insert households that do not exist yet; what they are is written with all others."""
    rows = [
        {
            "id": household_id,
            "area_code": entry.revisions[household_id].written[0].state.area_code,
            "registered_on": entry.effective_on,
            "registered_by": entry.prepared_by,
            "recorded_at": now,
            "version": 0,
        }
        for entry in entries
        for household_id in sorted(ids & entry.revisions.keys())
    ]
    if rows:
        await (await session.connection()).execute(insert(HOUSEHOLDS), rows)


async def _write_today(
    session: Transaction,
    states: Mapping[UUID, HouseholdState | None],
    before: Mapping[UUID, Household],
    apart: Mapping[UUID, Mapping[str, Any]],
    now: datetime,
) -> list[Person]:
    """Write the rows of households and people; return the people of whom others must be told anew."""
    members = {member.person_id: home for home, state in states.items() if state for member in state.members}
    were = {person.id: person for household in before.values() for person in household.members}
    known = were | await people_by_id(session, members.keys() - were.keys())
    rows, told, phones, keys = [], [], [], keys_of(session)
    for home, state in states.items():
        for position, member in enumerate(state.members if state else ()):
            old = known.get(member.person_id)
            new = _person(member, home, old, apart.get(member.person_id, {}))
            rows.append({**person_row(new, keys), "left_household_id": None, "position": position})
            if old is not None:
                phones += former_phones(old, new, keys, now)
            if old is None or _differs(old, new):
                told.append(new)
    left = [replace(person, relationship="other", version=person.version + 1)
            for person in were.values() if person.id not in members]  # fmt: skip
    rows += [
        {**person_row(each, keys), "household_id": None, "left_household_id": each.household_id, "position": 0}
        for each in left
    ]
    await upsert(session, PEOPLE, rows)
    await keep_former_phones(session, phones, now)
    for home, state in states.items():
        row = household_row(_household(state, before[home], members))
        await session.execute(update(HOUSEHOLDS).where(HOUSEHOLDS.c.id == home).values(row))
    return told + left


def _person(member: MemberState, home: UUID, known: Person | None, apart: Mapping[str, Any]) -> Person:
    values = {name: getattr(member, name) for name in MemberState.model_fields if name != "person_id"}
    values |= apart
    if known is None:
        return Person(id=member.person_id, household_id=home, account=None, version=1, **values)
    new = replace(known, household_id=home, **values)
    return known if new == known else replace(new, version=known.version + 1)


def _differs(old: Person, new: Person) -> bool:
    """Return whether a change is one of what others are told of a person."""
    names = ("household_id", "full_name", "is_head", "birth_date", "phone")
    return any(getattr(old, name) != getattr(new, name) for name in names)


def _household(state: HouseholdState | None, before: Household, members: Mapping[UUID, UUID]) -> Household:
    """Return a household as it is now. Its version grows by that of whoever left, so that its revision never falls."""
    if state is None:
        ending = Ending(on=before.registered_on, reason="registered_in_error")
        state = before.state.finished(ending, "household_ended")
    gone = sum(person.version for person in before.members if members.get(person.id) != before.id)
    kept = {name: getattr(state, name) for name in HouseholdState.model_fields if name != "members"}
    return replace(before, version=before.version + 1 + gone, **kept)


def _presences(entry: Entry, book: Book) -> list[HouseholdChange]:
    """Return what a change means for where households live, with how many people, or whether they are there."""
    changes = []
    heir_of = next((each for each in entry.revisions if each in book.timelines), None)
    for household_id, revision in entry.revisions.items():
        known = book.timelines.get(household_id, ())
        before, now = _on(known, entry.effective_on), _on(after(known, revision), entry.effective_on)
        presence = HouseholdChange(
            household_id,
            entry.effective_on,
            _CAUSES.get(entry.kind, "restored"),
            people=_people(now) - _people(before),
            area_code=now.area_code if now and (before is None or now.area_code != before.area_code) else None,
            present=_present(now) if _present(now) != _present(before) else None,
            heir_of=heir_of if before is None and entry.kind == "split" else None,
        )
        if presence.people < 0 and presence.cause == "member_joined":
            presence = replace(presence, cause="member_left")  # who joined here left there
        if presence.people or presence.area_code or presence.present is not None:
            changes.append(presence)
    return changes


def _on(versions: Sequence[Version], day: date) -> HouseholdState | None:
    return next((each.state for each in versions if each.holds_on(day)), None)


def _people(state: HouseholdState | None) -> int:
    return 0 if state is None else len(state.members)


def _present(state: HouseholdState | None) -> bool:
    return state is not None and state.ended is None


async def _standings_follow(
    session: Transaction, before: Mapping[UUID, Household], states: Mapping[UUID, HouseholdState | None]
) -> None:
    """Take the classes of households that ended out of those of today; give those that are there again theirs."""
    ended = [each for each, state in states.items() if not _present(state)]
    if ended:
        await session.execute(delete(STANDINGS).where(among(STANDINGS.c.household_id, ended)))
    again = [each for each, state in states.items() if _present(state) and before[each].ended is not None]
    rows = [
        standing.model_dump() | {"household_id": household_id}
        for household_id, standings in (await standings_by_history(session, again)).items()
        for standing in standings
    ]
    await upsert(session, STANDINGS, rows)


async def _tell(
    session: Transaction,
    households: Mapping[UUID, Household],
    told: Mapping[UUID, Told],
    changed: Sequence[Person],
    now: datetime,
) -> None:
    ring = keys_of(session).people
    events: list[Event] = [household_stated(households[each], now, told[each]) for each in sorted(households)]
    await publish(session, "registry", [*events, *(person_stated(each, ring) for each in changed)])
