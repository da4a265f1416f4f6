"""Asks the gateway what became of the messages that it took."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.notifications.domain.progress import after_poll
from services.notifications.gateway import Gateway
from services.notifications.store import messages
from shared.db import Database

_BATCH = 200


@dataclass(frozen=True)
class Delivery:
    """Asks soon at first, then ever more seldom; what is unconfirmed after days counts as failed."""

    gateway: Gateway
    now: Callable[[], datetime]

    async def step(self, database: Database) -> bool:
        """Ask for a batch in one call and record the answers.

        Raises:
            httpx.HTTPError: the gateway gave no usable answer; nothing was recorded.
        """
        async with database.transaction() as session:
            ids = await messages.to_poll(session, self.now(), _BATCH)
        if not ids:
            return False
        async with self.gateway.line() as line:
            states = await line.states(ids)
        now = self.now()
        async with database.transaction() as session:
            rows = await messages.locked(session, ids, "sent")
            await messages.move(session, [(row, after_poll(states.get(row.id), row.sent_at, now)) for row in rows], now)
        return True
