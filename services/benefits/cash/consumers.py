"""What happens to awards when the registry finds that two records are of one person."""

from collections.abc import Sequence

from services.benefits.cash.store.awards import hold_of_merged
from shared.db import Transaction
from shared.events import Received
from shared.events.registry import PeopleMerged
from shared.messaging.consumers import Consumer


async def _hold(session: Transaction, received: Sequence[Received]) -> None:
    merged = [one.event for one in received if isinstance(one.event, PeopleMerged)]
    await hold_of_merged(session, [each.person_id for each in merged])


MERGED_PEOPLE = Consumer(name="benefits.merged_people", kind="reactor", handles=(PeopleMerged,), handler=_hold)
