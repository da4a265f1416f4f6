"""What is registered about a household."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.registry.domain.accounts import Account, refusals_of
from services.registry.domain.areas import cleaned
from services.registry.domain.ethnic_groups import ethnic_groups
from services.registry.domain.facts import HomeFacts, PersonFacts
from services.registry.domain.household_state import (
    Ending,
    FormerMember,
    HouseholdState,
    MemberState,
    Relationship,
)
from services.registry.domain.identity import FullName, Mobile, PersonalNumber
from shared.events.registry import Sex, Standing

_OLDEST = date(1900, 1, 1)
_NO_FACTS, _NO_HOME_FACTS = PersonFacts(), HomeFacts()


def _listed(code: str) -> str:
    if code not in ethnic_groups():
        raise PydanticCustomError("ethnicity", "not a code of the list of ethnic groups")
    return code


EthnicCode = Annotated[
    str,
    AfterValidator(_listed),
    Field(description="two-digit code of the list of ethnic groups", examples=["06"]),
]
Address = Annotated[str, Field(min_length=1, max_length=200, examples=["Nhà số 3, ngõ 2"]), BeforeValidator(cleaned)]
OtherPhones = Annotated[tuple[Mobile, ...], Field(max_length=5)]
BirthDate = Annotated[date, Field(ge=_OLDEST, examples=["1985-03-12"])]


class MemberRegistration(BaseModel):
    """A member of a household to be registered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_name: FullName
    sex: Sex
    birth_date: BirthDate
    ethnicity: EthnicCode
    relationship: Relationship = Field(description="to the head of the household")
    phone: Mobile | None = None
    other_phones: OtherPhones = ()
    personal_number: PersonalNumber | None = None
    account: Account | None = None
    joined_on: date | None = Field(default=None, description="the day of registration where absent")
    facts: PersonFacts = PersonFacts()


class HouseholdRegistration(BaseModel):
    """A household to be registered, in the commune where it lives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area_code: str = Field(max_length=12, description="code of the commune", examples=["08566"])
    village_code: str | None = Field(default=None, max_length=12, examples=["08566-01"])
    address: Address | None = None
    registered_on: date | None = Field(default=None, description="today where absent")
    facts: HomeFacts = HomeFacts()
    members: list[MemberRegistration] = Field(min_length=1, max_length=60)

    @model_validator(mode="after")
    def _has_one_head(self) -> Self:
        if sum(member.relationship == "head" for member in self.members) != 1:
            raise PydanticCustomError("one_head", "a household has exactly one head")
        return self


def repeated_personal_numbers(households: Sequence[HouseholdRegistration]) -> list[tuple[int, int]]:
    """Return (household, member) places whose personal number stands at another place of the same list too."""
    places = [
        (household_index, member_index, member.personal_number)
        for household_index, household in enumerate(households)
        for member_index, member in enumerate(household.members)
        if member.personal_number is not None
    ]
    times = Counter(number for _, _, number in places)
    return [(household, member) for household, member, number in places if times[number] > 1]


def unpayable(registration: HouseholdRegistration, day: date) -> list[tuple[tuple[str | int, ...], str]]:
    """Return the places in a registration of accounts that cannot be paid from a day on, and why.

    An account in another's name takes the document that authorises them, here as in a change of account.
    """
    return [
        (("members", index, "account", *place.split("/")), code)
        for index, member in enumerate(registration.members)
        if member.account is not None
        for place, code in refusals_of(member.account, member.full_name, day)
    ]


def not_yet(registration: HouseholdRegistration, today: date) -> list[tuple[str | int, ...]]:
    """Return the places in a registration whose day has not come yet."""
    places: list[tuple[str | int, ...]] = [
        ("members", index, name)
        for index, member in enumerate(registration.members)
        for name in ("birth_date", "joined_on")
        if (day := getattr(member, name)) is not None and day > today
    ]
    if registration.registered_on is not None and registration.registered_on > today:
        places.insert(0, ("registered_on",))
    return places


@dataclass(frozen=True)
class Person:
    """A registered member of a household; `version` counts what was stated about the person."""

    id: UUID
    household_id: UUID
    full_name: str
    sex: Sex
    birth_date: date
    ethnicity: str
    relationship: Relationship
    phone: str | None
    personal_number: str | None
    account: Account | None
    version: int
    joined_on: date
    other_phones: tuple[str, ...] = ()
    facts: PersonFacts = _NO_FACTS

    @property
    def state(self) -> MemberState:
        """The person as the book's versions hold a member."""
        return MemberState(
            person_id=self.id, **{name: getattr(self, name) for name in MemberState.model_fields if name != "person_id"}
        )

    @property
    def is_head(self) -> bool:
        """Whether the person heads the household."""
        return self.relationship == "head"


@dataclass(frozen=True)
class Household:
    """A registered household; `version` counts what was stated about it. Standings: one a standard."""

    id: UUID
    area_code: str
    registered_on: date
    version: int
    members: tuple[Person, ...]
    standings: tuple[Standing, ...] = ()
    village_code: str | None = None
    address: str | None = None
    facts: HomeFacts = _NO_HOME_FACTS
    former: tuple[FormerMember, ...] = ()
    ended: Ending | None = None

    @property
    def state(self) -> HouseholdState:
        """The household as the book's versions hold it."""
        known = {name: getattr(self, name) for name in HouseholdState.model_fields if name != "members"}
        return HouseholdState(members=tuple(each.state for each in self.members), **known)

    @property
    def head(self) -> Person:
        """The head of a household that has not ended."""
        return next(member for member in self.members if member.is_head)

    @property
    def revision(self) -> int:
        """A number that grows with every change of the household or of one of its members."""
        return self.version + sum(member.version for member in self.members)


@dataclass(frozen=True, slots=True)
class OutlinedMember:
    """A member as others are told of one: nothing names the person."""

    id: UUID
    sex: Sex
    birth_date: date
    ethnicity: str
    relationship: Relationship
    facts: PersonFacts

    @property
    def is_head(self) -> bool:
        """Whether the person heads the household."""
        return self.relationship == "head"


@dataclass(frozen=True, slots=True)
class Outline:
    """A household as others are told of it. To read it nothing sealed is opened."""

    id: UUID
    area_code: str
    village_code: str | None
    version: int
    members: tuple[OutlinedMember, ...]
    standings: tuple[Standing, ...]
    former: tuple[FormerMember, ...]
    ended: Ending | None


class PersonChange(BaseModel):
    """What an officer may change about a person alone; what is absent stays, a phone of null is removed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_name: FullName = Field(default="")
    phone: Mobile | None = None


class AccountChange(BaseModel):
    """Where a person is to be paid from now on; null means in cash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account | None

    def applied_to(self, person: Person) -> Person:
        """Return the person with the account, in the next version."""
        return replace(person, account=self.account, version=person.version + 1)


def registered(
    registration: HouseholdRegistration, *, household_id: UUID, person_ids: Sequence[UUID], registered_on: date
) -> Household:
    """Return the household that a registration makes, in its first version."""
    members = (
        Person(
            id=person_id,
            household_id=household_id,
            full_name=member.full_name,
            sex=member.sex,
            birth_date=member.birth_date,
            ethnicity=member.ethnicity,
            relationship=member.relationship,
            phone=member.phone,
            personal_number=member.personal_number,
            account=member.account,
            version=1,
            joined_on=member.joined_on or registered_on,
            other_phones=member.other_phones,
            facts=member.facts,
        )
        for person_id, member in zip(person_ids, registration.members, strict=True)
    )
    return Household(
        household_id,
        registration.area_code,
        registered_on,
        version=1,
        members=tuple(members),
        village_code=registration.village_code,
        address=registration.address,
        facts=registration.facts,
    )


def as_of(
    now: Household, state: HouseholdState, people: Mapping[UUID, Person], standings: Sequence[Standing]
) -> Household:
    """Return a household in another state; `people` are its members of then as they are known today."""
    members = []
    for each in state.members:
        values = {name: getattr(each, name) for name in MemberState.model_fields if name != "person_id"}
        members.append(replace(people[each.person_id], household_id=now.id, account=None, **values))
    kept = {name: getattr(state, name) for name in HouseholdState.model_fields if name != "members"}
    return replace(now, members=tuple(members), standings=tuple(standings), **kept)
