"""Recording what happens to households: one change, or none where anything forbids it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.registry.domain.facts import HouseholdFacts
from services.registry.domain.household_changes import (
    STANDS_APART,
    Birth,
    Change,
    ChangeRefused,
    Details,
    Join,
    Merger,
    Move,
    NewArrival,
    Split,
    departed,
    guarded,
    joined,
    of_a_living_household,
    with_facts,
)
from services.registry.domain.household_state import HouseholdState
from services.registry.domain.households import Household, Person
from services.registry.domain.timeline import BeforeRegistration, Revision, Version, at, revised
from services.registry.store.areas import communes
from services.registry.store.household_changes import Book, Entry, opened, write_changes
from services.registry.store.household_versions import timelines
from services.registry.store.households import area_of_person, people_by_id
from services.registry.store.people import known_numbers
from services.registry.store.registered_people import person_registered
from services.registry.tables import PEOPLE
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction
from shared.http import FieldProblem, Problem
from shared.ids import new_id

_CONFLICTS = frozenset({"household_ended", "changed_later", "moved_later"})


@dataclass(frozen=True)
class Recorded:
    """A change as recorded, and the households that it touched as they are now, the one asked about first."""

    id: UUID
    households: Sequence[Household]


async def household_of(session: Transaction, person_id: UUID) -> UUID | None:
    """Return the household that somebody is a member of, None for nobody's."""
    return (await session.execute(select(PEOPLE.c.household_id).where(PEOPLE.c.id == person_id))).scalar_one_or_none()


async def touched(session: Transaction, household_id: UUID, change: Change) -> list[UUID]:
    """Return the households that a change of one of them is about."""
    other = await household_of(session, change.person_id) if isinstance(change, Join) else None
    return sorted({household_id, *([] if other is None else [other])})


async def entry_of(
    session: Transaction, access: Access, household: Household, change: Change, *, by: str, now: datetime
) -> tuple[Book, Entry]:
    """Return what recording a change would write, and the book it would be written in, and write nothing.

    The caller has locked the household with all that `touched` names.

    Raises:
        Problem: 422 `change_refused`, 409 `change_conflict`; the errors name what is at fault. 409 `person_registered`.
    """
    book = await opened(session, await touched(session, household.id, change), now)
    try:
        if change.effective_on > legal_date(now):
            raise ChangeRefused("effective_on", "not_yet")
        apart: dict[UUID, dict[str, Any]] = {}
        change_id = new_id()
        revisions = await _revisions(session, access, book, household.id, change, change_id, apart)
        if not any(each.written for each in revisions.values()):
            raise ChangeRefused("effective_on", "changes_nothing")
        await _check_places(session, change)
        await _check_numbers(session, change, apart, by=by, now=now)
    except BeforeRegistration:
        raise refusal(ChangeRefused("effective_on", "before_registration")) from None
    except ChangeRefused as refused:
        raise refusal(refused) from None
    here = revisions[household.id].written
    return book, Entry(
        kind="contact" if isinstance(change, Details) and change.apart else change.kind,
        effective_on=change.effective_on,
        revisions=revisions,
        prepared_by=by,
        area_code=here[-1].state.area_code if here else household.area_code,
        note=change.note,
        apart=apart,
        id=change_id,
    )


async def record(
    session: Transaction, access: Access, household: Household, change: Change, *, by: str, now: datetime
) -> Recorded:
    """Record what happened to a household, which the caller has locked with all that `touched` names.

    Raises:
        Problem: as `entry_of`.
    """
    book, entry = await entry_of(session, access, household, change, by=by, now=now)
    written = await write_changes(session, book, [entry])
    first = [written[household.id]]
    return Recorded(entry.id, first + [each for key, each in written.items() if key != household.id])


def refusal(refused: ChangeRefused) -> Problem:
    """Return the problem that says why a change cannot be made."""
    errors = [FieldProblem(f"/body/{refused.field}", refused.code)]
    if refused.code in _CONFLICTS:
        return Problem(409, "change_conflict", errors=errors, count=1)
    return Problem(422, "change_refused", errors=errors, count=1)


async def _revisions(
    session: Transaction,
    access: Access,
    book: Book,
    household_id: UUID,
    change: Change,
    change_id: UUID,
    apart: dict[UUID, dict[str, Any]],
) -> dict[UUID, Revision]:
    versions = book.timelines[household_id]
    match change:
        case Birth() | NewArrival():
            person_id = new_id()
            apart[person_id] = {name: getattr(change.member, name) for name in STANDS_APART}
            made: Callable[[HouseholdState], HouseholdState] = partial(change.admitted, person_id=person_id)
        case Join():
            return await _joining(session, access, book, household_id, change, change_id)
        case Split():
            return _splitting(versions, household_id, change, change_id)
        case _:
            if isinstance(change, Move):
                _refuse_later_move(versions, change.effective_on)
            if isinstance(change, Details) and change.apart:
                apart[change.person_id] = change.apart
            made = change.changed
    return {household_id: revised(versions, change.effective_on, guarded(made), change_id, always=bool(apart))}


def _refuse_later_move(versions: Sequence[Version], on: date) -> None:
    place = _place(at(versions, on).state)
    if any(_place(each.state) != place for each in versions if each.valid_until > on):
        raise ChangeRefused("effective_on", "moved_later")


def _place(state: HouseholdState) -> tuple[str | None, ...]:
    return state.area_code, state.village_code, state.address


def only_version(versions: Sequence[Version], on: date) -> Version:
    """Return the version of a day after which nothing changed: what is about two households is told in order.

    Raises:
        ChangeRefused: `changed_later`, or the household ended.
        BeforeRegistration: the household is not in the book then.
    """
    found = at(versions, on)
    if found is not versions[-1]:
        raise ChangeRefused("effective_on", "changed_later")
    of_a_living_household(found.state)
    return found


async def _joining(
    session: Transaction, access: Access, book: Book, household_id: UUID, change: Join, change_id: UUID
) -> dict[UUID, Revision]:
    person = (await people_by_id(session, [change.person_id])).get(change.person_id)
    area = await area_of_person(session, change.person_id)
    if person is None or not access.covers(area):
        access.note_attempt([area])
        raise ChangeRefused("person_id", "person_unknown")
    home = await household_of(session, change.person_id)
    if home == household_id:
        raise ChangeRefused("person_id", "member_already")
    if home not in (None, *book.timelines):
        raise ChangeRefused("person_id", "changed_later")  # moved on while this change waited for its turn
    return _moved_over(book, household_id, home, person, change, change_id)


def _moved_over(
    book: Book, household_id: UUID, elsewhere: UUID | None, person: Person, change: Join, change_id: UUID
) -> dict[UUID, Revision]:
    on = change.effective_on
    revisions = {}
    member = person.state
    if elsewhere is not None:
        versions = book.timelines[elsewhere]
        found = only_version(versions, on).state.member(change.person_id)
        if found is None:
            raise ChangeRefused("person_id", "changed_later")
        member = found
        revisions[elsewhere] = revised(versions, on, lambda state: departed(state, change.person_id, on), change_id)
    member = member.model_copy(update={"relationship": change.relationship, "joined_on": on})
    versions = book.timelines[household_id]
    only_version(versions, on)
    revisions[household_id] = revised(versions, on, lambda state: joined(state, member), change_id)
    return revisions


def _splitting(versions: Sequence[Version], household_id: UUID, change: Split, change_id: UUID) -> dict[UUID, Revision]:
    on = change.effective_on
    founded = change.founded(only_version(versions, on).state)
    rest = revised(versions, on, change.changed, change_id)
    return {household_id: rest, new_id(): Revision((), [Version(founded, on, change_id=change_id)])}


async def _check_places(session: Transaction, change: Change) -> None:
    if not isinstance(change, Move | Split):
        return
    known = await communes(session, {code for code in (change.area_code, change.village_code) if code is not None})
    if change.area_code is not None and known.on(change.area_code, change.effective_on) is None:
        raise ChangeRefused("area_code", "not_a_commune_then")
    village = change.village_code
    if village is not None and known.village(village, change.area_code, change.effective_on) is None:
        raise ChangeRefused("village_code", "not_a_village_then")


async def _check_numbers(
    session: Transaction, change: Change, apart: Mapping[UUID, Mapping[str, Any]], *, by: str, now: datetime
) -> None:
    numbers = [each["personal_number"] for each in apart.values() if each.get("personal_number") is not None]
    taken = await known_numbers(session, numbers)
    if taken:
        place = "/body/personal_number" if isinstance(change, Details) else "/body/member/personal_number"
        raise await person_registered(session, {place: next(iter(taken.values()))}, by=by, now=now)


async def entry_of_merger(
    session: Transaction, staying_id: UUID, merger: Merger, *, prepared_by: str, confirmed_by: str | None, now: datetime
) -> tuple[Book, Entry]:
    """Return what merging two households, which the caller has locked, would write, and write nothing.

    Raises:
        Problem: 422 `change_refused`, 409 `change_conflict`.
    """
    book = await opened(session, [staying_id, merger.absorbed_id], now)
    change_id = new_id()
    on = merger.effective_on
    try:
        if on > legal_date(now):
            raise ChangeRefused("effective_on", "not_yet")
        if staying_id == merger.absorbed_id:
            raise ChangeRefused("absorbed_id", "same_household")
        absorbed = only_version(book.timelines[merger.absorbed_id], on).state
        staying = only_version(book.timelines[staying_id], on).state
        one = revised(book.timelines[staying_id], on, lambda state: merger.merged(state, absorbed), change_id)
        other = revised(
            book.timelines[merger.absorbed_id], on, lambda state: merger.ended(state, staying_id), change_id
        )
    except BeforeRegistration:
        raise refusal(ChangeRefused("effective_on", "before_registration")) from None
    except ChangeRefused as refused:
        raise refusal(refused) from None
    return book, Entry(
        kind="merge",
        effective_on=on,
        revisions={staying_id: one, merger.absorbed_id: other},
        prepared_by=prepared_by,
        confirmed_by=confirmed_by,
        area_code=staying.area_code,
        note=merger.note,
        id=change_id,
    )


async def merge(
    session: Transaction, staying_id: UUID, merger: Merger, *, prepared_by: str, confirmed_by: str, now: datetime
) -> Recorded:
    """Merge two households, which the caller has locked.

    Raises:
        Problem: as `entry_of_merger`.
    """
    book, entry = await entry_of_merger(
        session, staying_id, merger, prepared_by=prepared_by, confirmed_by=confirmed_by, now=now
    )
    written = await write_changes(session, book, [entry])
    return Recorded(entry.id, [written[staying_id], written[merger.absorbed_id]])


async def take_facts(
    session: Transaction, found: Mapping[UUID, tuple[HouseholdFacts, date]], *, by: str, now: datetime
) -> None:
    """Take what surveys established into the book, from the day of each on. The caller has locked the households."""
    book = await opened(session, list(found), now)
    entries = []
    for household_id, (facts, day) in found.items():
        versions = book.timelines[household_id]
        change_id, on = new_id(), max(day, versions[0].valid_from)
        taken = partial(with_facts, home=facts, members=facts.members, erase=False)
        revision = revised(versions, on, taken, change_id)
        if revision.written:
            entries.append(
                Entry("survey", on, {household_id: revision}, by, versions[-1].state.area_code, id=change_id)
            )
    if entries:
        await write_changes(session, book, entries)


async def states_on(session: Transaction, days: Mapping[UUID, date]) -> dict[UUID, HouseholdState]:
    """Return households as they were on a day each; before the day of registration, as registered."""
    known = await timelines(session, list(days))
    return {each: at(versions, max(days[each], versions[0].valid_from)).state for each, versions in known.items()}
