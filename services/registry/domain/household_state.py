"""What the book holds of a household from one day to another: where it lives, who its members are, what is known of it.

Phones, identity and account numbers are no part of it: they stand sealed with the person alone.
"""

from collections.abc import Iterable
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.facts import HomeFacts, PersonFacts
from shared.events.registry import Sex

Relationship = Literal["head", "spouse", "child", "parent", "grandparent", "grandchild", "other"]
Joining = Literal["born", "marriage", "adopted", "returned", "transferred", "other"]
Leaving = Literal[
    "died", "marriage", "work_elsewhere", "moved_out_of_province", "prison", "transferred", "split", "merged",
    "household_ended", "other",
]  # fmt: skip
EndReason = Literal["all_died", "moved_out_of_province", "dissolved", "registered_in_error", "merged"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class MemberState(_Part):
    """A member as known in a period."""

    person_id: UUID
    full_name: str
    sex: Sex
    birth_date: date
    ethnicity: str
    relationship: Relationship
    joined_on: date
    facts: PersonFacts = PersonFacts()

    @property
    def id(self) -> UUID:
        """The person's id."""
        return self.person_id


class FormerMember(_Part):
    """Who was a member before; not anymore from the day `left_on`."""

    person_id: UUID
    full_name: str
    joined_on: date
    left_on: date
    reason: Leaving


class Ending(_Part):
    """When and why a household ended; `continued_in` is the one that took its members in."""

    on: date
    reason: EndReason
    continued_in: UUID | None = None


class HouseholdState(_Part):
    """A household as known in a period."""

    area_code: str
    village_code: str | None = None
    address: str | None = None
    facts: HomeFacts = HomeFacts()
    members: tuple[MemberState, ...] = Field(default=())
    former: tuple[FormerMember, ...] = ()
    ended: Ending | None = None

    def member(self, person_id: UUID) -> MemberState | None:
        """Return the member of an id."""
        return next((each for each in self.members if each.person_id == person_id), None)

    def had(self, person_id: UUID) -> bool:
        """Return whether somebody was a member before."""
        return any(each.person_id == person_id for each in self.former)

    def without(self, person_ids: Iterable[UUID], on: date, reason: Leaving) -> "HouseholdState":
        """Return the household after some of its members left."""
        gone = set(person_ids)
        left = tuple(
            FormerMember(
                person_id=each.person_id,
                full_name=each.full_name,
                joined_on=each.joined_on,
                left_on=on,
                reason=reason,
            )
            for each in self.members
            if each.person_id in gone
        )
        stay = tuple(each for each in self.members if each.person_id not in gone)
        return self.model_copy(update={"members": stay, "former": (*self.former, *left)})

    def finished(self, ending: Ending, reason: Leaving) -> "HouseholdState":
        """Return the household as it is once it ended: nobody is a member any more."""
        emptied = self.without([each.person_id for each in self.members], ending.on, reason)
        return emptied.model_copy(update={"ended": ending})
