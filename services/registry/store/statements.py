"""What the registry tells others of a household: its state without names, and people for whoever may know them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.registry.domain.accounts import Account
from services.registry.domain.banks import banks
from services.registry.domain.households import Household, Outline, Person
from services.registry.domain.priority_groups import held_groups
from shared.clock import legal_date
from shared.encryption import Keyring
from shared.events.people import OpenAccount, sealed_account, sealed_phone
from shared.events.registry import HouseholdStated, Left, Member, PaymentAccount, PersonStated


@dataclass(frozen=True)
class Told:
    """Which change a statement tells of: its kind, its id where it has one, and the day from which on it is so."""

    change: str
    effective_on: date
    change_id: UUID | None = None


def household_stated(
    household: Household | Outline, recorded_at: datetime, told: Told | None = None
) -> HouseholdStated:
    """Return the state of a household; nothing in it names anybody."""
    groups = held_groups(household.members, legal_date(recorded_at))
    return HouseholdStated(
        household_id=household.id,
        version=household.version,
        area_code=household.area_code,
        members=tuple(
            Member(
                person_id=member.id,
                sex=member.sex,
                birth_year=member.birth_date.year,
                ethnicity=member.ethnicity,
                is_head=member.is_head,
                priority_groups=tuple(groups.persons.get(member.id, ())),
            )
            for member in household.members
        ),
        standings=household.standings,
        recorded_at=recorded_at,
        effective_on=told and told.effective_on,
        change=told and told.change,
        change_id=told and told.change_id,
        village_code=household.village_code,
        priority_groups=tuple(groups.household),
        left=tuple(
            Left(person_id=each.person_id, left_on=each.left_on, reason=each.reason) for each in household.former
        ),
        ended_on=household.ended and household.ended.on,
        continued_in=household.ended and household.ended.continued_in,
    )


def person_stated(person: Person, ring: Keyring) -> PersonStated:
    """Return the state of a person: name, and sealed by the topic's key, contact and account."""
    return PersonStated(
        household_id=person.household_id,
        person_id=person.id,
        version=person.version,
        full_name=person.full_name,
        is_head=person.is_head,
        birth_date=person.birth_date,
        phone=sealed_phone(ring, person.id, person.phone),
        account=person.account and _account(person.account, person.id, ring),
    )


def _account(account: Account, person_id: UUID, ring: Keyring) -> PaymentAccount:
    opened = OpenAccount(account.bank_bin, account.number, account.holder_name)
    told: dict[str, Any] = {"kind": banks().kind_of(account.bank_bin)}
    if account.authorised is not None:
        period = account.authorised.model_dump(include={"valid_from", "valid_to"})
        told |= {"authorised": True, **period}
    return sealed_account(ring, person_id, opened, **told)
