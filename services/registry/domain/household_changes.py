"""What happens to a household: each change says from which day on, and what it makes of the household's state."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.registry.domain.areas import cleaned
from services.registry.domain.facts import HomeFacts, MemberFacts, with_news
from services.registry.domain.household_state import (
    Ending,
    EndReason,
    HouseholdState,
    Joining,
    Leaving,
    MemberState,
    Relationship,
)
from services.registry.domain.households import Address, BirthDate, EthnicCode, MemberRegistration, OtherPhones
from services.registry.domain.identity import FullName, Mobile, PersonalNumber
from shared.events.registry import Sex

MAX_MEMBERS = 60
# Sealed, and without a history of their own.
STANDS_APART = ("phone", "other_phones", "personal_number")
Note = Annotated[str, Field(max_length=500), BeforeValidator(cleaned)]


class ChangeRefused(ValueError):
    """A change cannot be made: `field` and `code` say why."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(code)
        self.field = field
        self.code = code


class Related(BaseModel):
    """Somebody's relationship to the head from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person_id: UUID
    relationship: Relationship


Relationships = Annotated[
    tuple[Related, ...],
    Field(max_length=MAX_MEMBERS, description="to the head from now on; of everybody where the head is another"),
]


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    effective_on: date = Field(description="first day on which it is so", examples=["2026-11-02"])
    note: Note | None = None


class _OwnChange(_Change, ABC):
    """A change that says itself what it makes of the household; the others need what is not in them."""

    @abstractmethod
    def changed(self, state: HouseholdState) -> HouseholdState:
        """Return what the change makes of a state.

        Raises:
            ChangeRefused: it cannot be.
        """


class Move(_OwnChange):
    """The household lives elsewhere: in another commune or village, or at another address."""

    kind: Literal["move"]
    area_code: str = Field(max_length=12, examples=["08593"])
    village_code: str | None = Field(default=None, max_length=12)
    address: Address | None = None

    def changed(self, state: HouseholdState) -> HouseholdState:
        return state.model_copy(update=self.model_dump(include={"area_code", "village_code", "address"}))


class _NewMember(_Change):
    member: MemberRegistration

    @model_validator(mode="after")
    def _has_no_account(self) -> Self:
        if self.member.account is not None:
            raise PydanticCustomError("account_not_here", "accounts are proposed, and approved by another person")
        return self

    def admitted(self, state: HouseholdState, person_id: UUID) -> HouseholdState:
        """Return the household with the new person among its members."""
        return _with_member(state, member_state(self.member, person_id, self.effective_on), "member/relationship")


class Birth(_NewMember):
    """A child is born into the household."""

    kind: Literal["birth"]

    @model_validator(mode="after")
    def _is_of_the_day(self) -> Self:
        if self.member.birth_date != self.effective_on:
            raise PydanticCustomError("birth_on_another_day", "a birth holds from the day of birth")
        return self


class NewArrival(_NewMember):
    """Somebody who is not in the book becomes a member."""

    kind: Literal["arrival"]
    reason: Joining = "other"


class Join(_Change):
    """Somebody who is in the book becomes a member; whoever is a member elsewhere leaves there on that day."""

    kind: Literal["join"]
    person_id: UUID
    relationship: Relationship
    reason: Joining = "transferred"


class Leave(_OwnChange):
    """A member leaves. Where it is the head, `relationships` name the new one."""

    kind: Literal["leave"]
    person_id: UUID
    reason: Literal["marriage", "work_elsewhere", "moved_out_of_province", "prison", "other"]
    relationships: Relationships = ()

    def changed(self, state: HouseholdState) -> HouseholdState:
        if len(_known(state, self.person_id).members) == 1:
            raise ChangeRefused("person_id", "last_member")
        return _after_leaving(state, self.person_id, self.effective_on, self.reason, self.relationships)


class Death(_OwnChange):
    """A member dies. Of a head, `relationships` name the next one; with the last member the household ends."""

    kind: Literal["death"]
    person_id: UUID
    relationships: Relationships = ()

    def changed(self, state: HouseholdState) -> HouseholdState:
        if len(_known(state, self.person_id).members) == 1:
            return state.finished(Ending(on=self.effective_on, reason="all_died"), "died")
        return _after_leaving(state, self.person_id, self.effective_on, "died", self.relationships)


class NewHead(_OwnChange):
    """Another member heads the household."""

    kind: Literal["head"]
    relationships: Relationships

    def changed(self, state: HouseholdState) -> HouseholdState:
        return rearranged(state, self.relationships)


class NewFacts(_OwnChange):
    """What is known of the household and its people from now on; a null takes back what was established."""

    kind: Literal["facts"]
    home: HomeFacts | None = None
    members: tuple[MemberFacts, ...] = Field(default=(), max_length=MAX_MEMBERS)

    def changed(self, state: HouseholdState) -> HouseholdState:
        return with_facts(state, self.home, self.members, erase=True)


class Details(_OwnChange):
    """What is written about a member; what is absent stays. A personal number is added, or corrected by the papers.

    Who has left since is left alone in the versions after that.
    """

    kind: Literal["details"]
    person_id: UUID
    full_name: FullName = ""
    sex: Sex = "unknown"
    birth_date: BirthDate = date(1900, 1, 1)
    ethnicity: EthnicCode = ""
    phone: Mobile | None = None
    other_phones: OtherPhones = ()
    personal_number: PersonalNumber = ""

    def changed(self, state: HouseholdState) -> HouseholdState:
        if state.member(self.person_id) is None and not state.had(self.person_id):
            raise ChangeRefused("person_id", "not_a_member")
        written = self.model_fields_set & {*MemberState.model_fields} - {"person_id"}
        return _replaced(state, {self.person_id: {name: getattr(self, name) for name in written}})

    @property
    def apart(self) -> dict[str, Any]:
        """What is stated of numbers that stand with the person alone."""
        return {name: getattr(self, name) for name in STANDS_APART if name in self.model_fields_set}


class Split(_OwnChange):
    """Members leave together and found a household of their own. Where the head is among them, `remaining` says anew
    who is who in the old one."""

    kind: Literal["split"]
    members: Annotated[tuple[Related, ...], Field(min_length=1, max_length=MAX_MEMBERS)]
    remaining: Relationships = ()
    area_code: str | None = Field(default=None, max_length=12, description="where the new one lives; else the same")
    village_code: str | None = Field(default=None, max_length=12)
    address: Address | None = None

    def founded(self, state: HouseholdState) -> HouseholdState:
        """Return the new household."""
        leaving = [each.person_id for each in self.members]
        joined = {"joined_on": self.effective_on}
        members = tuple(_known(state, each).member(each).model_copy(update=joined) for each in leaving)  # type: ignore[union-attr]
        place = {"area_code": state.area_code, "village_code": state.village_code}
        if self.area_code is not None:
            place = {"area_code": self.area_code, "village_code": self.village_code}
        founded = HouseholdState(members=members, address=self.address, **place)
        return rearranged(founded, self.members, field="members")

    def changed(self, state: HouseholdState) -> HouseholdState:
        leaving = {each.person_id for each in self.members}
        if leaving >= {each.person_id for each in state.members}:
            raise ChangeRefused("members", "last_member")
        rest = state.without(leaving, self.effective_on, "split")
        return rearranged(rest, self.remaining, field="remaining")


class End(_OwnChange):
    """The household is no longer one."""

    kind: Literal["end"]
    reason: Literal["moved_out_of_province", "dissolved", "registered_in_error"]

    def changed(self, state: HouseholdState) -> HouseholdState:
        left: Mapping[EndReason, Leaving] = {"moved_out_of_province": "moved_out_of_province"}
        ending = Ending(on=self.effective_on, reason=self.reason)
        return state.finished(ending, left.get(self.reason, "household_ended"))


class Merger(BaseModel):
    """A household takes in all members of another, which ends. It takes two people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    effective_on: date
    absorbed_id: UUID = Field(description="the household that ends")
    relationships: tuple[Related, ...] = Field(
        max_length=MAX_MEMBERS, description="of the members who come, to the head of the household that stays"
    )
    note: Note = Field(min_length=10, examples=["Hai sổ hộ của cùng một hộ, kiểm tra thực địa ngày 02/11/2026"])

    def merged(self, staying: HouseholdState, absorbed: HouseholdState) -> HouseholdState:
        """Return the household that stays, with everybody.

        Raises:
            ChangeRefused: the relationships are not those of all who come, or one of them is to be head.
        """
        if {each.person_id for each in self.relationships} != {each.person_id for each in absorbed.members}:
            raise ChangeRefused("relationships", "relationships_incomplete")
        if len(staying.members) + len(absorbed.members) > MAX_MEMBERS:
            raise ChangeRefused("relationships", "household_full")
        for each in self.relationships:
            coming = absorbed.member(each.person_id)
            assert coming is not None  # noqa: S101 - the sets are equal
            update = {"relationship": each.relationship, "joined_on": self.effective_on}
            staying = _with_member(staying, coming.model_copy(update=update), "relationships")
        return staying

    def ended(self, absorbed: HouseholdState, staying_id: UUID) -> HouseholdState:
        """Return the household that ends."""
        ending = Ending(on=self.effective_on, reason="merged", continued_in=staying_id)
        return absorbed.finished(ending, "merged")


class SamePerson(BaseModel):
    """Two records are of one person: one is kept, the other leaves its household, with it a household of nobody else.

    Nothing of the kept record changes. It takes two people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    effective_on: date
    kept_id: UUID = Field(description="the record that stays")
    relationships: Relationships = Field(default=(), description="where the other record is a head: who is who there")
    note: Note = Field(min_length=10, examples=["Một người lập sổ hai lần, đã đối chiếu căn cước ngày 02/11/2026"])

    def without(self, state: HouseholdState, absorbed_id: UUID, continued_in: UUID) -> HouseholdState:
        """Return the household of the record that goes.

        Raises:
            ChangeRefused: it is no member, or a head and the relationships do not name another.
        """
        if len(_known(state, absorbed_id).members) == 1:
            return state.finished(Ending(on=self.effective_on, reason="merged", continued_in=continued_in), "merged")
        return _after_leaving(state, absorbed_id, self.effective_on, "merged", self.relationships)


Change = Annotated[
    Move | Birth | NewArrival | Join | Leave | Death | NewHead | NewFacts | Details | Split | End,
    Field(discriminator="kind"),
]
ChangeKind = Literal[
    "move", "birth", "arrival", "join", "leave", "death", "head", "facts", "details", "contact", "split", "end",
    "merge", "same_person", "survey", "reorganisation", "placement", "undo",
]  # fmt: skip


def of_a_living_household(state: HouseholdState) -> HouseholdState:
    """Pass for a household that has not ended.

    Raises:
        ChangeRefused: `household_ended`.
    """
    if state.ended is not None:
        raise ChangeRefused("effective_on", "household_ended")
    return state


def guarded(change: Callable[[HouseholdState], HouseholdState]) -> Callable[[HouseholdState], HouseholdState]:
    """Return a change that an ended household refuses."""
    return lambda state: change(of_a_living_household(state))


def member_state(member: MemberRegistration, person_id: UUID, joined_on: date) -> MemberState:
    """Return a new member as the book holds one."""
    known: dict[str, Any] = {name: getattr(member, name) for name in MemberState.model_fields if hasattr(member, name)}
    return MemberState(**known | {"person_id": person_id, "joined_on": member.joined_on or joined_on})


def with_facts(
    state: HouseholdState, home: HomeFacts | None, members: Sequence[MemberFacts], *, erase: bool
) -> HouseholdState:
    """Return a household with what is newly established; with `erase` a null takes back what was.

    Raises:
        ChangeRefused: facts are about somebody who is no member.
    """
    for index, each in enumerate(members):
        if state.member(each.person_id) is None and not state.had(each.person_id):
            raise ChangeRefused(f"members/{index}/person_id", "not_a_member")
    news = {each.person_id: each for each in members}
    people = tuple(
        each.model_copy(update={"facts": with_news(each.facts, news[each.person_id], erase=erase)})
        if each.person_id in news
        else each
        for each in state.members
    )
    facts = state.facts if home is None else with_news(state.facts, home, erase=erase)
    return state.model_copy(update={"facts": facts, "members": people})


def rearranged(
    state: HouseholdState, relationships: Sequence[Related], *, field: str = "relationships"
) -> HouseholdState:
    """Return a household with relationships as stated; where the head is another, everybody's must be.

    Raises:
        ChangeRefused: somebody is no member, stands there twice or is missing, or there is not one head.
    """
    stated = {each.person_id: each.relationship for each in relationships}
    if len(stated) != len(relationships):
        raise ChangeRefused(field, "member_twice")
    if not stated.keys() <= {each.person_id for each in state.members}:
        raise ChangeRefused(field, "not_a_member")
    known_head = next((each for each in state.members if each.relationship == "head"), None)
    changed = _replaced(state, {person: {"relationship": value} for person, value in stated.items()})
    heads = [each.person_id for each in changed.members if each.relationship == "head"]
    if not heads:
        raise ChangeRefused(field, "head_missing")
    if len(heads) > 1:
        raise ChangeRefused(field, "one_head")
    same_head = known_head is not None and heads == [known_head.person_id]
    if not same_head and stated.keys() != {each.person_id for each in state.members}:
        raise ChangeRefused(field, "relationships_incomplete")
    return changed


def joined(state: HouseholdState, member: MemberState) -> HouseholdState:
    """Return a household with one member more. Raises ChangeRefused."""
    return _with_member(state, member, "relationship")


def departed(state: HouseholdState, person_id: UUID, on: date) -> HouseholdState:
    """Return a household that somebody leaves for another one.

    Raises:
        ChangeRefused: it is the head or the only member; that household is changed or merged first.
    """
    member = state.member(person_id)
    if member is not None and (member.relationship == "head" or len(state.members) == 1):
        raise ChangeRefused("person_id", "heads_another_household")
    return state.without([person_id], on, "transferred")


def _known(state: HouseholdState, person_id: UUID) -> HouseholdState:
    if state.member(person_id) is None:
        raise ChangeRefused("person_id", "not_a_member")
    return state


def _replaced(state: HouseholdState, values: Mapping[UUID, Mapping[str, Any]]) -> HouseholdState:
    people: Iterable[MemberState] = (each.model_copy(update=values.get(each.person_id, {})) for each in state.members)
    return state.model_copy(update={"members": tuple(people)})


def _with_member(state: HouseholdState, member: MemberState, field: str) -> HouseholdState:
    if member.relationship == "head":
        raise ChangeRefused(field, "one_head")
    if state.member(member.person_id) is not None:
        raise ChangeRefused("person_id", "member_already")
    if len(state.members) >= MAX_MEMBERS:
        raise ChangeRefused(field, "household_full")
    return state.model_copy(update={"members": (*state.members, member)})


def _after_leaving(
    state: HouseholdState, person_id: UUID, on: date, reason: Leaving, relationships: Sequence[Related]
) -> HouseholdState:
    return rearranged(state.without([person_id], on, reason), relationships)
