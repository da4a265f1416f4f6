"""What benefits copies from the registry's events."""

from collections.abc import Sequence

from services.benefits.beneficiaries.store import household_table, person_table
from shared.db import Transaction, upsert
from shared.events import Received
from shared.events.registry import HouseholdStated, PersonStated
from shared.messaging.consumers import Consumer


async def project(session: Transaction, received: Sequence[Received]) -> None:
    """Copy the states; an older version never replaces a newer one."""
    events = [one.event for one in received]
    households = [
        {
            "household_id": event.household_id,
            "version": event.version,
            "area_code": event.area_code,
            "members": [member.model_dump(mode="json") for member in event.members],
            "standings": [standing.model_dump(mode="json") for standing in event.standings],
        }
        for event in events
        if isinstance(event, HouseholdStated)
    ]
    await upsert(session, household_table, households, newer_by="version")
    people = [
        {
            "person_id": event.person_id,
            "household_id": event.household_id,
            "version": event.version,
            "full_name": event.full_name,
            "birth_date": event.birth_date,
            "bank_bin": event.account.bank_bin if event.account else None,
            "account_number": event.account.number if event.account else None,
            "account_holder": event.account.holder_name if event.account else None,
        }
        for event in events
        if isinstance(event, PersonStated)
    ]
    await upsert(session, person_table, people, newer_by="version")


BENEFICIARIES = Consumer(
    name="benefits.beneficiaries",
    kind="projector",
    handles=(HouseholdStated, PersonStated),
    handler=project,
    tables=(household_table, person_table),
)
