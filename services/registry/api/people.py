"""Members of households, one by one."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel

from services.registry.api.views import PersonFound, PersonView
from services.registry.domain.household_changes import Details
from services.registry.domain.households import Person, PersonChange
from services.registry.domain.identity import Mobile
from services.registry.domain.priority_groups import GroupRule, group_rules, rule_on
from services.registry.store import household_book as book
from services.registry.store import households, people_search
from services.registry.store.people import Number, index_of
from services.registry.store.people_search import Wanted
from shared import clock
from shared.access import Access
from shared.db import Transaction
from shared.events.registry import HouseholdClass
from shared.http import (
    About,
    Actor,
    FieldProblem,
    IfMatch,
    IfNoneMatch,
    Page,
    Paging,
    Problem,
    Reads,
    Router,
    Tx,
    etag,
    needs,
)
from shared.http.purpose import Purpose
from shared.keys import keys_of
from shared.names import typed_words

router = Router(prefix="/registry/v1", tags=["people"])


class PersonNumbers(BaseModel):
    """Numbers in full."""

    personal_number: str | None
    account_number: str | None


Reading = Annotated[Access, needs("people.read")]
Changing = Annotated[Access, needs("people.change")]


async def admitted(tx: Transaction, access: Access, person_id: UUID, *, lock: bool = False) -> tuple[Person, str]:
    """Return a person in the areas of an access, and the area. Raises 404 `person_not_found`."""
    person = await households.person(tx, person_id, lock=lock)
    area_code = await households.area_of_person(tx, person_id) or ""
    access.admit(area_code, Problem(404, "person_not_found"))
    return person, area_code


def standing_wanted(
    standard: str | None, household_class: HouseholdClass | None
) -> tuple[str, HouseholdClass | None] | None:
    """Return which class under which standard a list is to be of. Raises 422 where the standard is not named."""
    if household_class is not None and standard is None:
        raise Problem(422, "validation_failed", errors=[FieldProblem("/query/standard", "missing")], count=1)
    return None if standard is None else (standard, household_class)


async def _searched(
    tx: Tx,
    access: Reading,
    name: Annotated[str | None, Query(min_length=1, max_length=100, examples=["ha thi man"])] = None,
    area_code: Annotated[str | None, Query(max_length=12)] = None,
    standard: Annotated[str | None, Query(max_length=40, description="only people with a class under it")] = None,
    household_class: Annotated[HouseholdClass | None, Query(description="under `standard`")] = None,
    heads: Annotated[bool, Query(description="only heads of households")] = False,
    priority_group: Annotated[
        str | None,
        Query(
            max_length=40, description="code of a group: who is of it today, or whose household is", examples=["merit"]
        ),
    ] = None,
    personal_number: Annotated[str | None, Query(pattern=r"^[0-9]{12}$")] = None,
    phone: Annotated[Mobile | None, Query(description="as people write it")] = None,
    account_number: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z]{6,19}$")] = None,
) -> Wanted:
    if name is not None and not typed_words(name):
        raise Problem(422, "validation_failed", errors=[FieldProblem("/query/name", "no_letters")], count=1)
    if area_code is not None:
        access.note_attempt([area_code])
    written: Mapping[Number, str | None] = {
        "personal_number": personal_number, "phone": phone, "account_number": account_number,
    }  # fmt: skip
    indexes = {number: index_of(keys_of(tx), number, value) for number, value in written.items()}
    return Wanted(
        name=name,
        area_code=area_code,
        standing=standing_wanted(standard, household_class),
        heads=heads,
        numbers={number: index for number, index in indexes.items() if index is not None},
        group=None if priority_group is None else _group(priority_group),
    )


def _group(code: str) -> tuple[GroupRule, date]:
    rule = rule_on(code, clock.today())
    if rule is None:
        known = ", ".join(each.code for each in group_rules() if each.in_force(clock.today()))
        errors = [FieldProblem("/query/priority_group", "priority_group_unknown", {"known": known})]
        raise Problem(422, "validation_failed", errors=errors, count=1)
    return rule, clock.today()


Searched = Annotated[Wanted, Depends(_searched, scope="function")]


@router.get("/people")
async def find_people(tx: Tx, access: Reading, reads: Reads, paging: Paging, wanted: Searched) -> Page[PersonFound]:
    """Find people, in the Vietnamese order of given names.

    Each word of `name` is a word of the person's name or the beginning of one, with or without marks, in any order.
    """
    after = paging.after(UUID)
    found = await people_search.find_people(
        tx, access, wanted, after=after[0] if after else None, limit=paging.limit + 1
    )
    page = paging.page([PersonFound.of(each) for each in found], key=lambda each: (str(each.id),))
    reads.many("person", [each.id for each in page.items], area=wanted.area_code)
    return page


@router.get("/people/{person_id}")
async def get_person(
    tx: Tx, access: Reading, reads: Reads, response: Response, known: IfNoneMatch, person_id: UUID
) -> PersonView:
    """Show a person."""
    found, _ = await admitted(tx, access, person_id)
    response.headers["ETag"] = known.check(found.version)
    reads.one("person", found.id)
    return PersonView.of(found)


@router.get("/people/{person_id}/numbers")
async def get_person_numbers(
    tx: Tx, access: Annotated[Access, needs("numbers.read")], reads: Reads, person_id: UUID, purpose: Purpose
) -> PersonNumbers:
    """Show a person's identity and account numbers in full; what for stands in the record."""
    found, area_code = await admitted(tx, access, person_id)
    reads.one("person", found.id, area=area_code)
    reads.for_purpose(purpose)
    return PersonNumbers(personal_number=found.personal_number, account_number=found.account and found.account.number)


@router.patch("/people/{person_id}")
async def change_person(
    tx: Tx,
    actor: Actor,
    access: Changing,
    about: About,
    response: Response,
    expected: IfMatch,
    person_id: UUID,
    change: PersonChange,
) -> PersonView:
    """Change a member's name or phone from today on; what is absent stays, a phone of null is removed."""
    person, _ = await admitted(tx, access, person_id, lock=True)
    expected.check(person.version)
    about.note(fields=",".join(sorted(change.model_fields_set)))
    home = await households.household(tx, person.household_id, access)
    stated = change.model_dump(exclude_unset=True)
    if any(getattr(person, name) != value for name, value in stated.items()):
        details = Details(kind="details", effective_on=clock.today(), person_id=person_id, **stated)
        await book.record(tx, access, home, details, by=actor, now=clock.now())
    changed = await households.person(tx, person_id)
    response.headers["ETag"] = etag(changed.version)
    return PersonView.of(changed)
