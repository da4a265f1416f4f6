"""What is registered about a household."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.registry.domain.identity import Account, FullName, Mobile, PersonalNumber
from shared.events.registry import Sex, Standing

Relationship = Literal["head", "spouse", "child", "parent", "grandparent", "grandchild", "other"]

# The list of ethnic groups (Decision 121-TCTK/PPCĐ of 1979): 01 to 54, 55 a foreigner, 56 unknown.
_ETHNICITIES = frozenset(f"{number:02}" for number in range(1, 57))
_OLDEST = date(1900, 1, 1)


class MemberRegistration(BaseModel):
    """A member of a household to be registered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_name: FullName
    sex: Sex
    birth_date: date = Field(ge=_OLDEST, examples=["1985-03-12"])
    ethnicity: str = Field(description="two-digit code of the list of ethnic groups", examples=["06"])
    relationship: Relationship = Field(description="to the head of the household")
    phone: Mobile | None = None
    personal_number: PersonalNumber | None = None
    account: Account | None = None

    @field_validator("ethnicity")
    @classmethod
    def _is_listed(cls, code: str) -> str:
        if code not in _ETHNICITIES:
            raise PydanticCustomError("ethnicity", "not a code of the list of ethnic groups")
        return code


class HouseholdRegistration(BaseModel):
    """A household to be registered, in the commune where it lives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area_code: str = Field(max_length=12, description="code of the commune", examples=["08566"])
    registered_on: date | None = Field(default=None, description="today where absent")
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


def not_yet(registration: HouseholdRegistration, today: date) -> list[tuple[str | int, ...]]:
    """Return the places in a registration whose day has not come yet."""
    places: list[tuple[str | int, ...]] = [
        ("members", index, "birth_date")
        for index, member in enumerate(registration.members)
        if member.birth_date > today
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

    @property
    def head(self) -> Person:
        """The head of the household."""
        return next(member for member in self.members if member.is_head)

    @property
    def revision(self) -> int:
        """A number that grows with every change of the household or of one of its members."""
        return self.version + sum(member.version for member in self.members)

    def with_standing(self, standing: Standing) -> "Household":
        """Return the household in its next version, with the standing in place of the one of the same standard."""
        others = [each for each in self.standings if each.standard != standing.standard]
        standings = tuple(sorted([*others, standing], key=lambda each: each.standard))
        return replace(self, version=self.version + 1, standings=standings)


class PersonChange(BaseModel):
    """What an officer may change about a person alone; what is absent stays, a phone of null is removed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_name: FullName = Field(default="")
    phone: Mobile | None = None

    def applied_to(self, person: Person) -> Person:
        """Return the person as changed, with the next version; the same person when nothing differs."""
        changed = replace(person, **{name: getattr(self, name) for name in self.model_fields_set})
        return person if changed == person else replace(changed, version=person.version + 1)


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
        )
        for person_id, member in zip(person_ids, registration.members, strict=True)
    )
    return Household(household_id, registration.area_code, registered_on, version=1, members=tuple(members))
