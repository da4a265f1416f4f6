"""Households and people: registering many at once, reading, changing a person."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, update

from services.registry.domain.households import (
    Household,
    HouseholdRegistration,
    Person,
    not_yet,
    registered,
    repeated_personal_numbers,
)
from services.registry.domain.identity import Account
from services.registry.store.areas import communes
from services.registry.store.ledger import first_presence
from services.registry.store.statements import household_stated, person_stated
from services.registry.tables import HOUSEHOLDS, PEOPLE, PRESENCES, STANDINGS
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among, copy_rows
from shared.events.registry import HouseholdClass, Standing
from shared.http import FieldProblem, Problem
from shared.http.problems import pointer
from shared.ids import new_id
from shared.messaging.outbox import EncodedEvent, publish, publish_many
from shared.names import name_key, search_words


async def register(
    session: Transaction,
    registrations: Sequence[HouseholdRegistration],
    *,
    pointers: Sequence[str],
    by: str,
    now: datetime,
) -> list[Household]:
    """Register households, all or none; return them in the order given. `pointers` say where each stood.

    Raises:
        Problem: 422 `households_refused`, an area is no commune on the day of registration or the day is not yet come;
            409 `person_registered`, somebody with that personal number is registered or stands there twice.
    """
    today = legal_date(now)
    days = [each.registered_on or today for each in registrations]
    await _refuse_wrong_places(session, registrations, days, today=today, pointers=pointers)
    await _refuse_known_people(session, registrations, pointers)
    households = [with_ids(each, day) for each, day in zip(registrations, days, strict=True)]
    await write(session, households, by=by, now=now)
    return households


def with_ids(registration: HouseholdRegistration, registered_on: date) -> Household:
    """Return the household that a registration makes, with new ids."""
    people = [new_id() for _ in registration.members]
    return registered(registration, household_id=new_id(), person_ids=people, registered_on=registered_on)


async def write(session: Transaction, households: Sequence[Household], *, by: str, now: datetime) -> None:
    """Write new households with their members, and tell of them: the one way in which people get into the registry."""
    rows = await asyncio.to_thread(_Rows.of, households, by, now)
    await copy_rows(session, HOUSEHOLDS, rows.households)
    await copy_rows(session, PEOPLE, rows.people)
    await copy_rows(session, PRESENCES, rows.presences)
    await publish_many(session, "registry", rows.events)


@dataclass(frozen=True)
class _Rows:
    """What is written of new households."""

    households: Sequence[dict[str, Any]]
    people: Sequence[dict[str, Any]]
    presences: Sequence[dict[str, Any]]
    events: Sequence[EncodedEvent]

    @classmethod
    def of(cls, households: Sequence[Household], by: str, now: datetime) -> "_Rows":
        """Return the rows; thousands of them take too long for the event loop."""
        people = [
            {**_person_row(person), "position": position}
            for each in households
            for position, person in enumerate(each.members)
        ]
        presences = [
            first_presence(
                each.id, each.registered_on, len(each.members), each.area_code, cause="registered", by=by, now=now
            )
            for each in households
        ]
        events = [
            EncodedEvent.of(event)
            for each in households
            for event in (household_stated(each, now), *map(person_stated, each.members))
        ]
        return cls([_household_row(each, by, now) for each in households], people, presences, events)


async def _refuse_wrong_places(
    session: Transaction,
    registrations: Sequence[HouseholdRegistration],
    days: Sequence[date],
    *,
    today: date,
    pointers: Sequence[str],
) -> None:
    known = await communes(session, (each.area_code for each in registrations))
    errors: list[FieldProblem] = []
    for at, each, day in zip(pointers, registrations, days, strict=True):
        late = not_yet(each, today)
        errors += [FieldProblem(at + pointer(place), "not_yet") for place in late]
        if ("registered_on",) not in late and known.on(each.area_code, day) is None:
            errors.append(FieldProblem(f"{at}/area_code", "not_a_commune_then"))
    if errors:
        raise Problem(422, "households_refused", errors=errors, count=len(errors))


async def _refuse_known_people(
    session: Transaction, registrations: Sequence[HouseholdRegistration], pointers: Sequence[str]
) -> None:
    numbers = [m.personal_number for each in registrations for m in each.members if m.personal_number is not None]
    known = await known_numbers(session, numbers)
    taken = set(repeated_personal_numbers(registrations)) | {
        (household, member)
        for household, each in enumerate(registrations)
        for member, person in enumerate(each.members)
        if person.personal_number in known
    }
    if taken:
        errors = [
            FieldProblem(f"{pointers[household]}/members/{member}/personal_number", "personal_number_taken")
            for household, member in sorted(taken)
        ]
        raise Problem(409, "person_registered", errors=errors)


async def known_numbers(session: Transaction, numbers: Collection[str]) -> set[str]:
    """Return those of some personal numbers that belong to somebody in the registry."""
    query = select(PEOPLE.c.personal_number).where(among(PEOPLE.c.personal_number, numbers))
    return set((await session.execute(query)).scalars()) if numbers else set()


def _household_row(household: Household, by: str, now: datetime) -> dict[str, Any]:
    return {
        "id": household.id,
        "area_code": household.area_code,
        "registered_on": household.registered_on,
        "registered_by": by,
        "recorded_at": now,
        "version": household.version,
    }


def _person_row(person: Person) -> dict[str, Any]:
    account = person.account
    return {
        "id": person.id,
        "household_id": person.household_id,
        "full_name": person.full_name,
        "name_words": " ".join(search_words(person.full_name)),
        "name_key": name_key(person.full_name),
        "sex": person.sex,
        "birth_date": person.birth_date,
        "ethnicity": person.ethnicity,
        "relationship": person.relationship,
        "phone": person.phone,
        "personal_number": person.personal_number,
        "bank_bin": account and account.bank_bin,
        "account_number": account and account.number,
        "account_holder": account and account.holder_name,
        "version": person.version,
    }


def _person(row: RowMapping) -> Person:
    account = None
    if row["account_number"] is not None:
        account = Account(bank_bin=row["bank_bin"], number=row["account_number"], holder_name=row["account_holder"])
    return Person(
        id=row["id"],
        household_id=row["household_id"],
        full_name=row["full_name"],
        sex=row["sex"],
        birth_date=row["birth_date"],
        ethnicity=row["ethnicity"],
        relationship=row["relationship"],
        phone=row["phone"],
        personal_number=row["personal_number"],
        account=account,
        version=row["version"],
    )


async def households_of(session: Transaction, ids: Collection[UUID]) -> dict[UUID, Household]:
    """Return households by id, with members in their order and standings by standard."""
    members: dict[UUID, list[Person]] = defaultdict(list)
    query = select(PEOPLE).where(among(PEOPLE.c.household_id, ids)).order_by(PEOPLE.c.household_id, PEOPLE.c.position)
    for row in (await session.execute(query)).mappings():
        members[row["household_id"]].append(_person(row))
    standings = await standings_of(session, ids)
    rows = (await session.execute(select(HOUSEHOLDS).where(among(HOUSEHOLDS.c.id, ids)))).mappings()
    return {
        row["id"]: Household(
            id=row["id"],
            area_code=row["area_code"],
            registered_on=row["registered_on"],
            version=row["version"],
            members=tuple(members[row["id"]]),
            standings=tuple(standings.get(row["id"], ())),
        )
        for row in rows
    }


async def standings_of(session: Transaction, household_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Standing]]:
    """Return the classes that households have, by standard; of those that have none, nothing."""
    standings: dict[UUID, list[Standing]] = defaultdict(list)
    query = select(STANDINGS).where(among(STANDINGS.c.household_id, household_ids)).order_by(STANDINGS.c.standard)
    for row in (await session.execute(query)).mappings():
        standings[row["household_id"]].append(Standing.model_validate(dict(row)))
    return standings


async def people_of(session: Transaction, ids: Collection[UUID]) -> dict[UUID, tuple[Person, str]]:
    """Return people by id, each with the code of the commune where the household lives."""
    rows = (await session.execute(select(PEOPLE).where(among(PEOPLE.c.id, ids)))).mappings()
    return {row["id"]: (_person(row), row["area_code"]) for row in rows}


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
    """Return households of an access's areas by id.

    With `standing`, those that have a class (or that class) under a standard.
    """
    query = select(HOUSEHOLDS.c.id).where(access.within(HOUSEHOLDS.c.area_code)).order_by(HOUSEHOLDS.c.id).limit(limit)
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
        home = select(PEOPLE.c.household_id).where(PEOPLE.c.id == person_id).scalar_subquery()
        await session.execute(select(HOUSEHOLDS.c.id).where(HOUSEHOLDS.c.id == home).with_for_update())
    row = (await session.execute(select(PEOPLE).where(PEOPLE.c.id == person_id))).mappings().one_or_none()
    if row is None:
        raise Problem(404, "person_not_found")
    return _person(row)


async def area_of_person(session: Transaction, person_id: UUID) -> str | None:
    """Return the code of the commune where a person's household lives, None when nobody has the id."""
    query = select(HOUSEHOLDS.c.area_code).join(PEOPLE, PEOPLE.c.household_id == HOUSEHOLDS.c.id)
    return (await session.execute(query.where(PEOPLE.c.id == person_id))).scalar_one_or_none()


async def save_person(session: Transaction, changed: Person) -> None:
    """Write a changed person, whose household's row the caller has locked, and tell of it."""
    await session.execute(update(PEOPLE).where(PEOPLE.c.id == changed.id).values(**_person_row(changed)))
    await publish(session, "registry", [person_stated(changed)])
