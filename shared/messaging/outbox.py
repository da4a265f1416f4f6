"""Writing events: rows in the same transaction as the change they tell of."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import insert

from shared import clock
from shared.db import Transaction, copy_rows
from shared.events import Event
from shared.ids import new_id
from shared.messaging.tables import outbox
from shared.tracing import current_traceparent

_FEW = 100  # from more on COPY is worth its preparation


class EncodedEvent(NamedTuple):
    """An event whose data is encoded already, in another process for instance."""

    topic: str
    key: str
    type: str
    data: bytes

    @classmethod
    def of(cls, event: Event) -> "EncodedEvent":
        """Return the event with its data encoded. Raises EventTooLarge."""
        return cls(event.TOPIC, event.key, event.TYPE, event.encode())


async def publish(session: Transaction, source: str, events: Sequence[Event]) -> None:
    """Write events to the outbox, in the order given. `source` is the service's name.

    Lock the rows of the households that the events speak of before you call this, in the order of their ids: the order
    of the outbox is the order of commits only among transactions that wait for each other.

    Raises:
        EventTooLarge: an event's data is over 512 kB; the transaction must be given up.
    """
    if not events:
        return
    encoded = [EncodedEvent.of(event) for event in events]
    if len(events) > _FEW:
        await publish_many(session, source, encoded)
    else:
        await (await session.connection()).execute(insert(outbox), _rows(source, encoded))


async def publish_many(session: Transaction, source: str, events: Sequence[EncodedEvent]) -> None:
    """Write thousands of encoded events to the outbox as `publish` does, by COPY."""
    await copy_rows(session, outbox, _rows(source, events))


def _rows(source: str, events: Sequence[EncodedEvent]) -> list[dict[str, Any]]:
    time, traceparent = clock.now(), current_traceparent()
    return [
        {
            "id": new_id(),
            **event._asdict(),
            "source": f"/{source}",
            "time": time,
            "traceparent": traceparent,
        }
        for event in events
    ]
