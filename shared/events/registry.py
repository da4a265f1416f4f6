"""Events of the beneficiary registry."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.contract import AreaEvent, Event, HouseholdEvent, Kind

HouseholdClass = Literal["poor", "near_poor", "not_poor"]
AreaLevel = Literal["province", "district", "commune", "village"]
Setting = Literal["urban", "rural"]
Sex = Literal["male", "female", "unknown"]
Transition = Literal[
    "new_poor",
    "re_poor",
    "escaped_to_near_poor",
    "escaped_above_near_poor",
    "new_near_poor",
    "re_near_poor",
    "near_poor_to_poor",
    "rose_above_near_poor",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AreaStated(AreaEvent):
    """An administrative unit as it is in a period. A unit is a code AND a validity: codes are reused."""

    TYPE: ClassVar[str] = "vn.ansinh.registry.area.stated.v1"
    TOPIC: ClassVar[str] = "registry.areas"
    KIND: ClassVar[Kind] = "state"

    version: int
    valid_from: date
    valid_to: date | None = Field(default=None, description="last day of validity, inclusive")
    name: str
    level: AreaLevel
    kind: str = Field(description="legal kind in Vietnamese: tỉnh, xã, phường, …")
    setting: Setting | None = Field(default=None, description="urban for ward and township, rural for commune")
    parent_code: str | None = None


class TotalsPart(_Part):
    """Households and people of a part of a unit."""

    households: int
    people: int


class AreaTotalsStated(AreaEvent):
    """The published number of households and people of a unit in a year: the denominator of every rate.

    A code may name two units in the year in which it is reused: `valid_from` is the first day of the one meant.
    """

    TYPE: ClassVar[str] = "vn.ansinh.registry.area.totals-stated.v1"
    TOPIC: ClassVar[str] = "registry.areas"
    KIND: ClassVar[Kind] = "state"

    version: int
    year: int
    households: int
    people: int
    source: str
    urban: TotalsPart | None = None
    rural: TotalsPart | None = None
    ethnicities: dict[str, TotalsPart] = Field(default={}, description="by the two-digit code of the ethnic group")
    valid_from: date | None = Field(
        default=None, description="first day of the unit; where absent the last one that had the code in the year"
    )


class AreaSuccessionStated(AreaEvent):
    """A unit (`code`) is taken over by another, or with others in parts, from a day on; `withdrawn`: it is not."""

    TYPE: ClassVar[str] = "vn.ansinh.registry.area.succession-stated.v1"
    TOPIC: ClassVar[str] = "registry.areas"
    KIND: ClassVar[Kind] = "state"

    version: int
    new_code: str
    effective: date
    withdrawn: bool = False


class Member(_Part):
    """A member of a household without anything that names the person."""

    person_id: UUID
    sex: Sex
    birth_year: int
    ethnicity: str = Field(description="two-digit code of the statistics office's list of ethnic groups")
    is_head: bool = False
    priority_groups: tuple[str, ...] = ()


class Left(_Part):
    """Who is no member of the household any more, from a day on."""

    person_id: UUID
    left_on: date
    reason: str


class Standing(_Part):
    """The class of a household under one standard, by a decision."""

    standard: str
    household_class: HouseholdClass
    decided_on: date
    newly_escaped_until: date | None = Field(
        default=None, description="last day on which the household counts as newly escaped from both lists"
    )


class HouseholdStated(HouseholdEvent):
    """A household as it is now, members pseudonymous."""

    TYPE: ClassVar[str] = "vn.ansinh.registry.household.stated.v1"
    TOPIC: ClassVar[str] = "registry.households"
    KIND: ClassVar[Kind] = "state"

    version: int
    area_code: str
    members: tuple[Member, ...]
    standings: tuple[Standing, ...] = ()
    recorded_at: datetime
    effective_on: date | None = Field(
        default=None, description="the day from which on it is so, where a change of the household is told"
    )
    change: str | None = Field(default=None, description="what changed: registration, move, split, reorganisation, …")
    change_id: UUID | None = None
    village_code: str | None = None
    priority_groups: tuple[str, ...] = Field(default=(), description="of the household, as of `recorded_at`")
    left: tuple[Left, ...] = Field(default=(), description="everybody who was a member before")
    ended_on: date | None = Field(default=None, description="there is no such household from this day on")
    continued_in: UUID | None = Field(default=None, description="the household that took its members in")


class PeopleMerged(HouseholdEvent):
    """Two records are of one person: that of `person_id`, of this household, is gone; the other stays."""

    TYPE: ClassVar[str] = "vn.ansinh.registry.people.merged.v1"
    TOPIC: ClassVar[str] = "registry.households"
    KIND: ClassVar[Kind] = "fact"

    change_id: UUID = Field(description="undoing it is told by the state of the households, `change` being `undo`")
    person_id: UUID
    kept_person_id: UUID
    kept_household_id: UUID
    area_code: str
    merged_on: date


class PeopleMergeUndone(HouseholdEvent):
    """Two records that were merged are of two people after all: that of `person_id` is a member here again."""

    TYPE: ClassVar[str] = "vn.ansinh.registry.people.merge-undone.v1"
    TOPIC: ClassVar[str] = "registry.households"
    KIND: ClassVar[Kind] = "fact"

    change_id: UUID = Field(description="the change by which they had been merged")
    person_id: UUID
    area_code: str
    undone_on: date


class HouseholdClassified(HouseholdEvent):
    """The commune's decision gave the household a class under a standard, from `decided_on` on.

    `previous_class` and `transition` are told from what was known when the decision was recorded. A decision that comes
    late, dated before others, or that corrects one restates the past: of several classes of one day, the last told
    holds.
    """

    TYPE: ClassVar[str] = "vn.ansinh.registry.household.classified.v1"
    TOPIC: ClassVar[str] = "registry.households"
    KIND: ClassVar[Kind] = "fact"

    decision_id: UUID
    decision_number: str
    standard: str
    household_class: HouseholdClass
    previous_class: HouseholdClass | None
    transition: Transition | None
    area_code: str
    people: int
    b1_points: int | None
    b2_points: int
    deprivations: tuple[str, ...]
    decided_on: date
    corrects_decision_id: UUID | None = Field(
        default=None, description="the decision of the same day in whose place this one stands for the household"
    )
    in_force: bool = Field(default=True, description="false when a decision of a later date was known already")


class PaymentAccount(_Part):
    """Where to pay: an account at a bank, by the bank's NAPAS number. Number and holder are sealed."""

    bank_bin: str
    number: str = Field(description="sealed for `account.number` and the person's id")
    holder_name: str = Field(description="sealed for `account.holder_name` and the person's id")
    kind: Literal["bank", "wallet"] | None = Field(default=None, description="what stands behind the number")
    authorised: bool = Field(default=False, description="it is of whom a document authorises, not the person's own")
    valid_from: date | None = Field(default=None, description="first day on which it may be paid; null is always")
    valid_to: date | None = Field(default=None, description="last day on which it may be paid; null is for good")


class PersonStated(HouseholdEvent):
    """A person as registered now: name, contact, account. Only benefits and notifications may read this topic.

    Telephone and account are sealed by the key that the registry shares with them (`shared/encryption.py`).
    """

    TYPE: ClassVar[str] = "vn.ansinh.registry.person.stated.v1"
    TOPIC: ClassVar[str] = "registry.people"
    KIND: ClassVar[Kind] = "state"

    person_id: UUID
    version: int
    full_name: str
    is_head: bool
    birth_date: date | None = Field(default=None, description="decides an age that the birth year alone leaves open")
    phone: str | None = Field(default=None, description="E.164, sealed for `phone` and the person's id")
    account: PaymentAccount | None = None


class AccountChanged(HouseholdEvent):
    """Where a person is paid has changed, by two people. The family hears of it where it could be reached before."""

    TYPE: ClassVar[str] = "vn.ansinh.registry.account.changed.v1"
    TOPIC: ClassVar[str] = "registry.people"
    KIND: ClassVar[Kind] = "fact"

    person_id: UUID
    person_version: int
    number_ends: str | None = Field(description="last three characters of the number; null is in cash")
    replaced_number_ends: str | None
    changed_on: date
    contacts: tuple[str, ...] = Field(
        default=(),
        description="telephones of the family before the change, those replaced lately too; each sealed for `contact` "
        "and the person's id",
    )


class GrantStated(Event):
    """Who holds which role where, from day to day. Other services know no area tree: the communes come with it."""

    TYPE: ClassVar[str] = "vn.ansinh.registry.grant.stated.v1"
    TOPIC: ClassVar[str] = "registry.access"
    KIND: ClassVar[Kind] = "state"

    grant_id: UUID
    version: int
    subject: str = Field(description="the name of a person or machine, as the issuer of tokens vouches for it")
    role: str = Field(description="a role of the permission table; one that a reader does not know gives it nothing")
    area_code: str | None = Field(description="the unit as granted; null is everywhere")
    everywhere: bool
    communes: tuple[str, ...] = Field(description="codes of the communes that the unit covers now")
    valid_from: date
    valid_to: date | None = Field(default=None, description="last day, inclusive")
    revoked: bool = False

    @property
    def key(self) -> str:
        return str(self.grant_id)
