"""The copy of who can be reached how, by versions: an older statement never replaces a newer one."""

from collections.abc import Sequence

from services.notifications.tables import households, people
from shared.db import Transaction, upsert
from shared.events.people import phone_of
from shared.events.registry import HouseholdStated, PersonStated
from shared.keys import keys_of
from shared.text import clean


async def keep_people(session: Transaction, stated: Sequence[PersonStated]) -> None:
    """Keep names and telephone numbers."""
    keys = keys_of(session)
    rows = [
        {
            "person_id": person.person_id,
            "full_name": clean(person.full_name),
            "phone": keys.data.seal(phone_of(keys.people, person), "people.phone", person.person_id),
            "version": person.version,
        }
        for person in stated
    ]
    await upsert(session, people, rows, newer_by="version")


async def keep_households(session: Transaction, stated: Sequence[HouseholdStated]) -> None:
    """Keep who heads which household, and where it lives."""
    rows = [
        {
            "household_id": household.household_id,
            "head_id": next((member.person_id for member in household.members if member.is_head), None),
            "area_code": household.area_code,
            "version": household.version,
        }
        for household in stated
    ]
    await upsert(session, households, rows, newer_by="version")
