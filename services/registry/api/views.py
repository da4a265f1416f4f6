"""What clients see of households and people: of identity and account numbers the last three characters."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.registry.domain.accounts import Account, Authorisation, DocumentKind, is_of_another
from services.registry.domain.banks import BankKind, banks
from services.registry.domain.facts import HomeFacts, PersonFacts
from services.registry.domain.household_state import Ending, FormerMember, Relationship
from services.registry.domain.households import Household, HouseholdRegistration, Person
from services.registry.domain.identity import ending, personal_number_doubts
from services.registry.domain.priority_groups import PriorityGroup, priority_groups
from services.registry.store.people_search import Found
from shared import clock
from shared.events.registry import Sex, Standing
from shared.texts import Language, text


class AuthorisationView(BaseModel):
    """Who may receive somebody's money, by which document and from when to when."""

    full_name: str
    personal_number_ends: str | None = Field(examples=["123"])
    document: DocumentKind
    document_number: str
    document_date: date
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, authorised: Authorisation) -> Self:
        """Return the view of an authorisation."""
        return cls(
            **authorised.model_dump(exclude={"personal_number"}),
            personal_number_ends=ending(authorised.personal_number),
        )


class AccountView(BaseModel):
    """An account or wallet with the end of its number; `bank` is the name that its number stands for today."""

    bank_bin: str
    bank: str | None = Field(description="null where nobody has the number today: the bank is closed")
    kind: BankKind | None
    number_ends: str = Field(examples=["456"])
    holder_name: str
    authorised: AuthorisationView | None

    @classmethod
    def of(cls, account: Account) -> Self:
        """Return the view of an account."""
        bank = banks().on(account.bank_bin, clock.today())
        return cls(
            bank_bin=account.bank_bin,
            bank=bank and bank.short_name,
            kind=banks().kind_of(account.bank_bin),
            number_ends=account.number[-3:],
            holder_name=account.holder_name,
            authorised=None if account.authorised is None else AuthorisationView.of(account.authorised),
        )


class PersonView(BaseModel):
    """A member of a household."""

    id: UUID
    household_id: UUID
    full_name: str
    sex: Sex
    birth_date: date
    ethnicity: str
    relationship: Relationship
    joined_on: date
    phone: str | None = Field(description="E.164")
    other_phones: tuple[str, ...]
    facts: PersonFacts
    personal_number_ends: str | None = Field(examples=["123"])
    account: AccountView | None
    version: int

    @classmethod
    def of(cls, person: Person) -> Self:
        """Return the view of a person."""
        return cls(
            id=person.id,
            household_id=person.household_id,
            full_name=person.full_name,
            sex=person.sex,
            birth_date=person.birth_date,
            ethnicity=person.ethnicity,
            relationship=person.relationship,
            joined_on=person.joined_on,
            phone=person.phone,
            other_phones=person.other_phones,
            facts=person.facts,
            personal_number_ends=ending(person.personal_number),
            account=None if person.account is None else AccountView.of(person.account),
            version=person.version,
        )


class PersonFound(BaseModel):
    """A person in a list, with the commune and the classes of the household."""

    id: UUID
    household_id: UUID
    area_code: str
    full_name: str
    sex: Sex
    birth_date: date
    relationship: Relationship
    phone: str | None = Field(description="E.164")
    personal_number_ends: str | None = Field(examples=["123"])
    standings: list[Standing]

    @classmethod
    def of(cls, found: Found) -> Self:
        """Return the view of a person that was found."""
        person = found.person
        return cls(
            id=person.id,
            household_id=person.household_id,
            area_code=found.area_code,
            full_name=person.full_name,
            sex=person.sex,
            birth_date=person.birth_date,
            relationship=person.relationship,
            phone=person.phone,
            personal_number_ends=ending(person.personal_number),
            standings=list(found.standings),
        )


class HouseholdView(BaseModel):
    """A household with its members, what is known of it, and the class it has under each standard."""

    id: UUID
    area_code: str
    village_code: str | None
    address: str | None
    facts: HomeFacts
    registered_on: date
    version: int
    members: list[PersonView]
    former: list[FormerMember]
    ended: Ending | None
    standings: list[Standing]
    priority_groups: list[PriorityGroup] = Field(description="with their reasons; those undecided name what is missing")

    @classmethod
    def of(cls, household: Household, on: date | None = None) -> Self:
        """Return the view of a household, with the groups it is of on a day or today."""
        return cls(
            id=household.id,
            area_code=household.area_code,
            village_code=household.village_code,
            address=household.address,
            facts=household.facts,
            registered_on=household.registered_on,
            version=household.version,
            members=[PersonView.of(member) for member in household.members],
            former=list(household.former),
            ended=household.ended,
            standings=list(household.standings),
            priority_groups=priority_groups(household.members, on or clock.today()),
        )


class HouseholdSummary(BaseModel):
    """A household in a list."""

    id: UUID
    area_code: str
    head_name: str
    people: int
    standings: list[Standing]

    @classmethod
    def of(cls, household: Household) -> Self:
        """Return the summary of a household."""
        return cls(
            id=household.id,
            area_code=household.area_code,
            head_name=household.head.full_name,
            people=len(household.members),
            standings=list(household.standings),
        )


class Doubt(BaseModel):
    """Something to look at that was taken as it came."""

    pointer: str = Field(examples=["/body/members/0/personal_number"])
    code: str = Field(examples=["personal_number_sex"])
    message: str


def doubts_about(household: Household, pointer: str, language: Language) -> list[Doubt]:
    """Return what does not agree in a household just registered, which stood at `pointer` of the request."""
    return [
        _doubt(f"{pointer}/members/{index}/personal_number", doubt, language)
        for index, member in enumerate(household.members)
        if member.personal_number is not None
        for doubt in personal_number_doubts(member.personal_number, sex=member.sex, birth_date=member.birth_date)
    ]


def accounts_waiting(registration: HouseholdRegistration, pointer: str, language: Language) -> list[Doubt]:
    """Return which accounts of a registration, which stood at `pointer` of the request, wait for another person."""
    return [
        _doubt(f"{pointer}/members/{index}/account", "account_waits", language)
        for index, member in enumerate(registration.members)
        if is_of_another(member.account)
    ]


def _doubt(pointer: str, code: str, language: Language) -> Doubt:
    return Doubt(pointer=pointer, code=code, message=text(f"warning.{code}", language))
