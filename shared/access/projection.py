"""The consumer that keeps a service's copy of the grants."""

from collections.abc import Sequence

from shared.access.tables import access_grants
from shared.db import Transaction, upsert
from shared.events import Received
from shared.events.registry import GrantStated
from shared.messaging.consumers import Consumer
from shared.settings import ServiceName


async def keep_grants(session: Transaction, received: Sequence[Received]) -> None:
    """Keep grants as last stated."""
    stated = [item.event for item in received if isinstance(item.event, GrantStated)]
    rows = [event.model_dump() | {"communes": list(event.communes)} for event in stated]
    await upsert(session, access_grants, rows, newer_by="version")


def access_consumer(service: ServiceName) -> Consumer:
    """Return the projector `<service>.access`."""
    return Consumer(
        name=f"{service}.access",
        kind="projector",
        handles=(GrantStated,),
        handler=keep_grants,
        tables=(access_grants,),
    )
