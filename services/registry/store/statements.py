"""What the registry tells others of a household: its state without names, and people for whoever may know them."""

from datetime import datetime

from services.registry.domain.households import Household, Person
from shared.encryption import Keyring
from shared.events.people import sealed_account, sealed_phone
from shared.events.registry import HouseholdStated, Member, PersonStated


def household_stated(household: Household, recorded_at: datetime) -> HouseholdStated:
    """Return the state of a household; nothing in it names anybody."""
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
            )
            for member in household.members
        ),
        standings=household.standings,
        recorded_at=recorded_at,
    )


def person_stated(person: Person, ring: Keyring) -> PersonStated:
    """Return the state of a person: name, and sealed by the topic's key, contact and account."""
    account = person.account
    return PersonStated(
        household_id=person.household_id,
        person_id=person.id,
        version=person.version,
        full_name=person.full_name,
        is_head=person.is_head,
        birth_date=person.birth_date,
        phone=sealed_phone(ring, person.id, person.phone),
        account=account and sealed_account(ring, person.id, account.bank_bin, account.number, account.holder_name),
    )
