"""What benefits copies from the registry's events."""

import asyncio
from collections.abc import Sequence
from typing import Any

from services.benefits.accounts.store import account_row, keep_accounts
from services.benefits.beneficiaries.store import household_table, person_table
from shared.db import Transaction, upsert
from shared.events import Received
from shared.events.people import account_of
from shared.events.registry import HouseholdStated, PersonStated
from shared.keys import Keys, keys_of
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
    stated = [event for event in events if isinstance(event, PersonStated)]
    people, accounts = await asyncio.to_thread(_people, stated, keys_of(session))
    # Accounts outlive a rebuild, for orders name them. The same account has the same id there, so adding is harmless.
    await keep_accounts(session, accounts)
    await upsert(session, person_table, people, newer_by="version")


def _people(stated: Sequence[PersonStated], keys: Keys) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of people and of their accounts; thousands of them take too long for the event loop."""
    people, accounts = [], []
    for event in stated:
        account = account_of(keys.people, event)
        if account is not None:
            accounts.append(account_row(account, keys))
        people.append(
            {
                "person_id": event.person_id,
                "household_id": event.household_id,
                "version": event.version,
                "full_name": event.full_name,
                "birth_date": event.birth_date,
                "account_id": None if account is None else accounts[-1]["id"],
                "account_valid_from": event.account and event.account.valid_from,
                "account_valid_to": event.account and event.account.valid_to,
                "account_authorised": event.account is not None and event.account.authorised,
            }
        )
    return people, accounts


BENEFICIARIES = Consumer(
    name="benefits.beneficiaries",
    kind="projector",
    handles=(HouseholdStated, PersonStated),
    handler=project,
    tables=(household_table, person_table),
)
