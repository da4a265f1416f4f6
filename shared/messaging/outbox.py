"""Writing events: rows in the same transaction as the change they tell of."""

from collections.abc import Sequence

from sqlalchemy import insert

from shared import clock
from shared.db import Transaction
from shared.events import Event
from shared.ids import new_id
from shared.messaging.tables import outbox
from shared.tracing import current_traceparent


async def publish(session: Transaction, source: str, events: Sequence[Event]) -> None:
    """Write events to the outbox, in the order given. `source` is the service's name.

    Lock the rows of the households that the events speak of before you call this, in the order of their ids: the order
    of the outbox is the order of commits only among transactions that wait for each other.

    Raises:
        EventTooLarge: an event's data is over 512 kB; the transaction must be given up.
    """
    if not events:
        return
    time, traceparent = clock.now(), current_traceparent()
    rows = [
        {
            "id": new_id(),
            "topic": event.TOPIC,
            "key": event.key,
            "type": event.TYPE,
            "source": f"/{source}",
            "time": time,
            "traceparent": traceparent,
            "data": event.encode(),
        }
        for event in events
    ]
    await (await session.connection()).execute(insert(outbox), rows)
