"""Hands queued messages to the gateway, each under its own id: what may have arrived is simply sent again."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.notifications.domain.progress import LEASE, Attempted, after_attempt
from services.notifications.domain.quiet_hours import QuietHours, allowed_from
from services.notifications.gateway import Gateway
from services.notifications.store import messages
from shared.audit import Entry, counted, write
from shared.db import Database
from shared.keys import keys_of

_BATCH = 40
_AT_ONCE = 10


@dataclass(frozen=True)
class Sending:
    """A process that dies between claim and record leaves an attempt without outcome; after its lease comes another."""

    gateway: Gateway
    quiet: Sequence[QuietHours]
    now: Callable[[], datetime]

    async def step(self, database: Database) -> bool:
        """Claim a batch, commit, send it, and record what came of it. At night nothing is claimed."""
        now = self.now()
        if allowed_from(now, self.quiet) > now:
            return False
        async with database.transaction() as session:
            claimed = await messages.claim(session, now, now + LEASE, _BATCH)
            if claimed:  # names and telephone numbers leave the platform
                sent = counted(session, [row.id for row in claimed])
                await write(session, Entry("system:notifications.send", "send_messages", "message", details=sent))
            keys = keys_of(session)
            going = [(row.id, messages.phone_of(row, keys), row.content) for row in claimed]
        if not claimed:
            return False
        attempted = await self._send(going)
        await self._record(database, claimed, attempted)
        return any(attempt.outcome != "unknown" for attempt in attempted)

    async def _send(self, going: Sequence[tuple[UUID, str, str]]) -> list[Attempted]:
        slots = asyncio.Semaphore(_AT_ONCE)
        async with self.gateway.line() as line:

            async def send(message_id: UUID, phone: str, content: str) -> Attempted:
                async with slots:
                    return await line.send(message_id, phone, content)

            return list(await asyncio.gather(*(send(*each) for each in going)))

    async def _record(self, database: Database, claimed: Sequence[Row[Any]], attempted: Sequence[Attempted]) -> None:
        now = self.now()
        outcomes = {row.id: (row.attempts, attempt) for row, attempt in zip(claimed, attempted, strict=True)}
        ended = [(key, number, attempt.outcome, attempt.detail) for key, (number, attempt) in outcomes.items()]
        async with database.transaction() as session:
            rows = await messages.locked(session, list(outcomes), "queued")
            moved = []
            for row in rows:
                number, attempt = outcomes[row.id]
                moved.append((row, after_attempt(attempt, number, row.occurred_at, now, self.quiet)))
            await messages.end_attempts(session, sorted(ended), now)
            await messages.move(session, moved, now)
