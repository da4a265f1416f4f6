"""What is registered about a household."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.registry.domain.identity import Account, FullName, Mobile, PersonalNumber
from shared.events.registry import Sex

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
    members: tuple[MemberRegistration, ...] = Field(min_length=1, max_length=60)

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
