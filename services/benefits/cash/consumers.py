"""What happens to awards when the registry finds that two records are of one person, or that they are not after all."""

from collections.abc import Sequence
from itertools import groupby

from services.benefits.cash.store.awards import hold_of_merged, release_of_unmerged
from shared.db import Transaction
from shared.events import Received
from shared.events.registry import PeopleMerged, PeopleMergeUndone
from shared.messaging.consumers import Consumer


async def _follow(session: Transaction, received: Sequence[Received]) -> None:
    """Hold and let go in the order in which it was told: a person may be both in one batch."""
    told = [one.event for one in received if isinstance(one.event, PeopleMerged | PeopleMergeUndone)]
    for kind, events in groupby(told, key=type):
        people = [each.person_id for each in events]
        await (hold_of_merged if kind is PeopleMerged else release_of_unmerged)(session, people)


MERGED_PEOPLE = Consumer(
    name="benefits.merged_people", kind="reactor", handles=(PeopleMerged, PeopleMergeUndone), handler=_follow
)
