"""Households and people: registering many at once, reading, changing a person."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update

from services.registry.domain.facts import HomeFacts
from services.registry.domain.household_state import Ending, FormerMember
from services.registry.domain.households import (
    Household,
    HouseholdRegistration,
    Outline,
    OutlinedMember,
    Person,
    not_yet,
    registered,
    repeated_personal_numbers,
    unpayable,
)
from services.registry.domain.timeline import Version
from services.registry.store.account_drafts import propose_accounts_of_others
from services.registry.store.account_history import first_account
from services.registry.store.areas import communes
from services.registry.store.household_versions import as_text, version_row
from services.registry.store.ledger import first_presence
from services.registry.store.people import Known, facts_in, known_numbers, people_in, person_of, person_row
from services.registry.store.registered_people import person_registered
from services.registry.store.statements import Told, household_stated, person_stated
from services.registry.tables import ACCOUNT_HISTORY, HOUSEHOLD_VERSIONS, HOUSEHOLDS, PEOPLE, PRESENCES, STANDINGS
from shared.access import Access
from shared.clock import legal_date
from shared.db import Prepared, Transaction, among, among_given, copy_rows
from shared.events.registry import HouseholdClass, Standing
from shared.http import FieldProblem, Problem
from shared.http.problems import pointer
from shared.ids import new_id
from shared.keys import Keys, keys_of
from shared.messaging.outbox import EncodedEvent, publish, publish_many

_MANY = 200  # people; to open more takes too long for the event loop


async def register(
    session: Transaction,
    registrations: Sequence[HouseholdRegistration],
    *,
    pointers: Sequence[str],
    by: str,
    now: datetime,
) -> Sequence[Household]:
    """Register households, all or none; return them in the order given. `pointers` say where each stood.

    Raises:
        Problem: 422 `households_refused`, an area is no commune on the day of registration or the day is not yet come;
            409 `person_registered`, somebody with that personal number is registered or stands there twice.
    """
    today = legal_date(now)
    days = [each.registered_on or today for each in registrations]
    await _refuse_wrong_places(session, registrations, days, today=today, pointers=pointers)
    await _refuse_known_people(session, registrations, pointers, by=by, now=now)
    households = [with_ids(each, day) for each, day in zip(registrations, days, strict=True)]
    return await write(session, households, by=by, now=now)


def with_ids(registration: HouseholdRegistration, registered_on: date) -> Household:
    """Return the household that a registration makes, with new ids."""
    people = [new_id() for _ in registration.members]
    return registered(registration, household_id=new_id(), person_ids=people, registered_on=registered_on)


async def write(
    session: Transaction, households: Sequence[Household], *, by: str, now: datetime
) -> Sequence[Household]:
    """Write new households with their members, and tell of them: the one way in which people get into the registry.

    They are returned as written: without accounts of somebody else, which wait for another person.
    """
    households = await propose_accounts_of_others(session, households, by=by, now=now)
    rows = await asyncio.to_thread(_Rows.of, households, keys_of(session), by, now)
    await copy_rows(session, HOUSEHOLDS, rows.households)
    await copy_rows(session, PEOPLE, rows.people)
    await copy_rows(session, ACCOUNT_HISTORY, rows.accounts)
    await copy_rows(session, PRESENCES, rows.presences)
    await copy_rows(session, HOUSEHOLD_VERSIONS, rows.versions)
    await publish_many(session, "registry", rows.events)
    return households


@dataclass(frozen=True)
class _Rows:
    """What is written of new households."""

    households: Sequence[dict[str, Any]]
    people: Sequence[dict[str, Any]]
    accounts: Sequence[dict[str, Any]]
    presences: Sequence[dict[str, Any]]
    versions: Sequence[dict[str, Any]]
    events: Sequence[EncodedEvent]

    @classmethod
    def of(cls, households: Sequence[Household], keys: Keys, by: str, now: datetime) -> "_Rows":
        """Return the rows, sealed; thousands of them take too long for the event loop."""
        people = [
            as_text({**person_row(person, keys), "position": position}, "facts")
            for each in households
            for position, person in enumerate(each.members)
        ]
        presences = [
            first_presence(
                each.id, each.registered_on, len(each.members), each.area_code, cause="registered", by=by, now=now
            )
            for each in households
        ]
        homes = [as_text(household_row(each) | _registration(each, by, now), "facts", "former") for each in households]
        versions = [
            as_text(version_row(each.id, Version(each.state, each.registered_on), now), "state") for each in households
        ]
        events = [
            EncodedEvent.of(event)
            for each in households
            for event in (
                household_stated(each, now, _told(each)),
                *(person_stated(one, keys.people) for one in each.members),
            )
        ]
        accounts = [
            first_account(person, keys, by=by, now=now)
            for each in households
            for person in each.members
            if person.account is not None
        ]
        return cls(homes, people, accounts, presences, versions, events)


def _told(household: Household) -> Told:
    return Told("registration", household.registered_on)


async def _refuse_wrong_places(
    session: Transaction,
    registrations: Sequence[HouseholdRegistration],
    days: Sequence[date],
    *,
    today: date,
    pointers: Sequence[str],
) -> None:
    codes = {code for each in registrations for code in (each.area_code, each.village_code) if code is not None}
    known = await communes(session, codes)
    errors: list[FieldProblem] = []
    for at, each, day in zip(pointers, registrations, days, strict=True):
        late = not_yet(each, today)
        errors += [FieldProblem(at + pointer(place), "not_yet") for place in late]
        errors += [FieldProblem(at + pointer(place), code) for place, code in unpayable(each, today)]
        if ("registered_on",) not in late and known.on(each.area_code, day) is None:
            errors.append(FieldProblem(f"{at}/area_code", "not_a_commune_then"))
        if each.village_code is not None and known.village(each.village_code, each.area_code, day) is None:
            errors.append(FieldProblem(f"{at}/village_code", "not_a_village_then"))
    if errors:
        raise Problem(422, "households_refused", errors=errors, count=len(errors))


async def _refuse_known_people(
    session: Transaction,
    registrations: Sequence[HouseholdRegistration],
    pointers: Sequence[str],
    *,
    by: str,
    now: datetime,
) -> None:
    numbers = [m.personal_number for each in registrations for m in each.members if m.personal_number is not None]
    known = await known_numbers(session, numbers)
    taken: dict[tuple[int, int], Known | None] = dict.fromkeys(repeated_personal_numbers(registrations))
    taken |= {
        (household, member): known[person.personal_number]
        for household, each in enumerate(registrations)
        for member, person in enumerate(each.members)
        if person.personal_number in known
    }
    if taken:
        placed = {
            f"{pointers[household]}/members/{member}/personal_number": taken[household, member]
            for household, member in sorted(taken)
        }
        raise await person_registered(session, placed, by=by, now=now)


def household_row(household: Household) -> dict[str, Any]:
    """Return what changes in the row of a household."""
    return {
        "id": household.id,
        "area_code": household.area_code,
        "village_code": household.village_code,
        "address": household.address,
        "facts": household.facts.model_dump(mode="json", exclude_none=True),
        "former": [each.model_dump(mode="json") for each in household.former],
        "ended_on": household.ended and household.ended.on,
        "ended_reason": household.ended and household.ended.reason,
        "continued_in": household.ended and household.ended.continued_in,
        "version": household.version,
    }


def _registration(household: Household, by: str, now: datetime) -> dict[str, Any]:
    return {"registered_on": household.registered_on, "registered_by": by, "recorded_at": now}


async def _people(session: Transaction, query: Select[Any]) -> list[Person]:
    """Return the people that a query of the table yields, in its order."""
    return await _decrypted(session, (await session.execute(query)).mappings().all())


async def _decrypted(session: Transaction, rows: Sequence[Mapping[Any, Any]]) -> list[Person]:
    """Return the people of rows of the table, in their order."""
    keys = keys_of(session)
    if len(rows) < _MANY:
        return people_in(rows, keys)
    return await asyncio.to_thread(people_in, rows, keys)


_HOUSEHOLDS_BY_ID = Prepared(select(HOUSEHOLDS).where(among_given(HOUSEHOLDS.c.id, "ids")))
_MEMBERS = Prepared(
    select(PEOPLE).where(among_given(PEOPLE.c.household_id, "ids")).order_by(PEOPLE.c.household_id, PEOPLE.c.position)
)
_STANDINGS_OF = Prepared(
    select(STANDINGS).where(among_given(STANDINGS.c.household_id, "ids")).order_by(STANDINGS.c.standard)
)


async def households_of(session: Transaction, ids: Collection[UUID]) -> dict[UUID, Household]:
    """Return households by id, with members in their order and standings by standard."""
    members: dict[UUID, list[Person]] = defaultdict(list)
    for each in await _decrypted(session, await _MEMBERS.rows(session, ids=list(ids))):
        members[each.household_id].append(each)
    standings = await standings_of(session, ids)
    return {
        row["id"]: Household(
            id=row["id"],
            area_code=row["area_code"],
            registered_on=row["registered_on"],
            version=row["version"],
            members=tuple(members[row["id"]]),
            standings=tuple(standings.get(row["id"], ())),
            village_code=row["village_code"],
            address=row["address"],
            facts=HomeFacts.model_validate(row["facts"]) if row["facts"] else HomeFacts(),
            former=tuple(FormerMember.model_validate(each) for each in row["former"]),
            ended=_ending(row),
        )
        for row in await _HOUSEHOLDS_BY_ID.rows(session, ids=list(ids))
    }


_OUTLINED = ("id", "area_code", "village_code", "version", "former", "ended_on", "ended_reason", "continued_in")
_OUTLINES = Prepared(select(*(HOUSEHOLDS.c[name] for name in _OUTLINED)).where(among_given(HOUSEHOLDS.c.id, "ids")))
_OUTLINED_MEMBERS = Prepared(
    select(PEOPLE.c.household_id, *(PEOPLE.c[each.name] for each in fields(OutlinedMember)))
    .where(among_given(PEOPLE.c.household_id, "ids"))
    .order_by(PEOPLE.c.household_id, PEOPLE.c.position)
)


async def outlines_of(session: Transaction, ids: Collection[UUID]) -> dict[UUID, Outline]:
    """Return households by id as others are told of them, with members in their order and standings by standard."""
    members: dict[UUID, list[OutlinedMember]] = defaultdict(list)
    for row in await _OUTLINED_MEMBERS.rows(session, ids=list(ids)):
        household_id = row.pop("household_id")
        members[household_id].append(OutlinedMember(**row | {"facts": facts_in(row["facts"])}))
    standings = await standings_of(session, ids)
    return {
        row["id"]: Outline(
            id=row["id"],
            area_code=row["area_code"],
            village_code=row["village_code"],
            version=row["version"],
            members=tuple(members[row["id"]]),
            standings=tuple(standings.get(row["id"], ())),
            former=tuple(FormerMember.model_validate(each) for each in row["former"]),
            ended=_ending(row),
        )
        for row in await _OUTLINES.rows(session, ids=list(ids))
    }


async def standings_of(session: Transaction, household_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Standing]]:
    """Return the classes that households have, by standard; of those that have none, nothing."""
    standings: dict[UUID, list[Standing]] = defaultdict(list)
    for row in await _STANDINGS_OF.rows(session, ids=list(household_ids)):
        standings[row["household_id"]].append(Standing.model_validate(row))
    return standings


async def people_of(session: Transaction, ids: Collection[UUID]) -> dict[UUID, tuple[Person, str]]:
    """Return people by id, each with the code of the commune where the household lives."""
    rows = (await session.execute(select(PEOPLE).where(among(PEOPLE.c.id, ids)))).mappings()
    keys = keys_of(session)
    return {row["id"]: (person_of(row, keys), row["area_code"]) for row in rows}


async def people_by_id(session: Transaction, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Return people by id, locked, whether they are members of a household or not."""
    query = select(PEOPLE).where(among(PEOPLE.c.id, ids)).order_by(PEOPLE.c.id).with_for_update()
    return {each.id: each for each in await _people(session, query)} if ids else {}


def _ending(row: Mapping[Any, Any]) -> Ending | None:
    if row["ended_on"] is None:
        return None
    return Ending(on=row["ended_on"], reason=row["ended_reason"], continued_in=row["continued_in"])


async def household(session: Transaction, household_id: UUID, access: Access) -> Household:
    """Return a household in the areas of an access.

    Raises:
        Problem: 404 `household_not_found`.
    """
    found = (await households_of(session, [household_id])).get(household_id)
    if found is None:
        raise Problem(404, "household_not_found")
    access.admit(found.area_code, Problem(404, "household_not_found"))
    return found


async def find_households(
    session: Transaction,
    access: Access,
    *,
    area_code: str | None,
    standing: tuple[str, HouseholdClass | None] | None,
    after: UUID | None,
    limit: int,
) -> list[Household]:
    """Return households of an access's areas by id; those that ended are left out.

    With `standing`, those that have a class (or that class) under a standard.
    """
    living = HOUSEHOLDS.c.ended_on.is_(None)
    query = select(HOUSEHOLDS.c.id).where(access.within(HOUSEHOLDS.c.area_code), living)
    query = query.order_by(HOUSEHOLDS.c.id).limit(limit)
    if area_code is not None:
        query = query.where(HOUSEHOLDS.c.area_code == area_code)
    if standing is not None:
        standard, household_class = standing
        query = query.join(STANDINGS, STANDINGS.c.household_id == HOUSEHOLDS.c.id)
        query = query.where(STANDINGS.c.standard == standard)
        if household_class is not None:
            query = query.where(STANDINGS.c.household_class == household_class)
    if after is not None:
        query = query.where(HOUSEHOLDS.c.id > after)
    ids = list((await session.execute(query)).scalars())
    found = await households_of(session, ids)
    return [found[each] for each in ids]


async def person(session: Transaction, person_id: UUID, *, lock: bool = False) -> Person:
    """Return a person; with `lock`, after the row of the household is locked for a change.

    Raises:
        Problem: 404 `person_not_found`.
    """
    if lock:
        home = select(func.coalesce(PEOPLE.c.household_id, PEOPLE.c.left_household_id))
        home = home.where(PEOPLE.c.id == person_id)
        row_lock = select(HOUSEHOLDS.c.id).where(HOUSEHOLDS.c.id == home.scalar_subquery())
        await session.execute(row_lock.with_for_update())
    row = (await session.execute(select(PEOPLE).where(PEOPLE.c.id == person_id))).mappings().one_or_none()
    if row is None:
        raise Problem(404, "person_not_found")
    return person_of(row, keys_of(session))


async def area_of_person(session: Transaction, person_id: UUID) -> str | None:
    """Return the code of the commune where a person's household lives, or the one that was left; None for nobody."""
    home = func.coalesce(PEOPLE.c.household_id, PEOPLE.c.left_household_id)
    query = select(HOUSEHOLDS.c.area_code).join(PEOPLE, home == HOUSEHOLDS.c.id)
    return (await session.execute(query.where(PEOPLE.c.id == person_id))).scalar_one_or_none()


async def save_person(session: Transaction, changed: Person) -> None:
    """Write a changed person, whose household's row the caller has locked, and tell of it."""
    keys = keys_of(session)
    row = {name: value for name, value in person_row(changed, keys).items() if name != "household_id"}
    await session.execute(update(PEOPLE).where(PEOPLE.c.id == changed.id).values(row))
    await publish(session, "registry", [person_stated(changed, keys.people)])
