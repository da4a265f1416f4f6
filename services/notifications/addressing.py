"""Gives messages their telephone number and words as soon as the household's contact is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifications.domain.progress import with_contact, without_contact
from services.notifications.domain.quiet_hours import QuietHours
from services.notifications.domain.sms import size
from services.notifications.domain.templates import Template, choose, render
from services.notifications.store import messages
from shared.clock import legal_date
from shared.db import Database
from shared.keys import keys_of

_BATCH = 500


@dataclass(frozen=True)
class Addressing:
    """`marks`: word messages with diacritics. Between topics there is no order: a contact may come after its event."""

    templates: Sequence[Template]
    quiet: Sequence[QuietHours]
    marks: bool
    now: Callable[[], datetime]

    async def step(self, database: Database) -> bool:
        """Look up the contacts that are due, all in one query."""
        now = self.now()
        async with database.transaction() as session:
            found = await messages.awaiting_contact(session, now, _BATCH)
            keys, moved, worded = keys_of(session), [], []
            for row in found:
                phone = messages.contact_of(row, keys)
                if phone is None:
                    moved.append((row, without_contact(row.occurred_at, row.created_at, now)))
                    continue
                template = choose(self.templates, row.purpose, legal_date(now))
                text = render(template, {**row.facts, "name": row.full_name}, marks=self.marks)
                worded.append((row.id, phone, text, template.version, size(text).parts))
                moved.append((row, with_contact(row.occurred_at, now, self.quiet)))
            await messages.word(session, worded)
            await messages.move(session, moved, now)
        return bool(found)
