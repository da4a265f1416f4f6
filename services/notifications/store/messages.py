"""Messages on their way. A message's state and the event that tells of its end are written in one transaction.

Every transition locks its rows first, in the order of their ids, and looks at the state again under the lock: of two
processes that believe they hold the same message one moves it, and its end is told once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, exists, func, select, true, tuple_, update
from sqlalchemy.sql import Select

from services.notifications.domain.notices import Notice, message_id
from services.notifications.domain.progress import STATES, Change, State
from services.notifications.tables import attempts, households, messages, people
from shared.access import Access
from shared.db import Transaction, insert_new
from shared.events import Event
from shared.events.notifications import MessageDelivered, MessageFailed
from shared.keys import Keys, keys_of
from shared.messaging.outbox import publish

_MOVE = (
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(
        state=bindparam("to_state"),
        due_at=bindparam("next_due_at"),
        reason=bindparam("because"),
        sent_at=func.coalesce(messages.c.sent_at, bindparam("sent_now")),
        ended_at=bindparam("ended_now"),
    )
)
_WORD = (
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(
        phone=bindparam("to_phone"),
        content=bindparam("text"),
        template=bindparam("worded_by"),
        parts=bindparam("in_parts"),
    )
)


@dataclass(frozen=True)
class ToAdd:
    """What an event causes to be told. `phones`: where the event itself says that it is told; else wherever the head
    of the household can be reached."""

    event_id: UUID
    occurred_at: datetime
    notice: Notice
    phones: Sequence[str] = ()


async def add(session: Transaction, wanted: Sequence[ToAdd], now: datetime) -> None:
    """Add the messages of events; one that exists stays as it is."""
    ring = keys_of(session).data
    rows = [
        {
            "id": known_as,
            "event_id": each.event_id,
            "purpose": each.notice.purpose,
            "contact": contact,
            "household_id": each.notice.household_id,
            "facts": dict(each.notice.values),
            "state": "awaiting_contact",
            "phone": ring.seal(phone, "messages.phone", known_as),
            "attempts": 0,
            "occurred_at": each.occurred_at,
            "created_at": now,
            "due_at": now,
        }
        for each in wanted
        for contact, phone in _contacts(each)
        for known_as in (message_id(each.event_id, each.notice.purpose, contact),)
    ]
    await insert_new(session, messages, rows)


def _contacts(wanted: ToAdd) -> Sequence[tuple[int, str | None]]:
    return [*enumerate(wanted.phones, 1)] or [(0, None)]


def _due(columns: Select[Any], state: str, now: datetime, limit: int) -> Select[Any]:
    return columns.where(messages.c.state == state, messages.c.due_at <= now).order_by(messages.c.due_at).limit(limit)


async def awaiting_contact(session: Transaction, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Lock and return messages whose contact is to be looked up, with `full_name`, `head_id` and `head_phone` (sealed)
    where known.
    """
    known = messages.outerjoin(households, households.c.household_id == messages.c.household_id).outerjoin(
        people, people.c.person_id == households.c.head_id
    )
    head = (people.c.full_name, people.c.person_id.label("head_id"), people.c.phone.label("head_phone"))
    columns = select(messages, *head).select_from(known)
    statement = _due(columns, "awaiting_contact", now, limit).with_for_update(of=messages, skip_locked=True)
    return list((await session.execute(statement)).all())


def contact_of(row: Row[Any], keys: Keys) -> Any:
    """Return where a row of `awaiting_contact` is to be told: its own telephone, else that of the household's head.

    None while neither is known, or not how the head is called. Raises CannotOpen.
    """
    if row.full_name is None:
        return None
    return phone_of(row, keys) or keys.data.open(row.head_phone, "people.phone", row.head_id)


def phone_of(row: Row[Any], keys: Keys) -> Any:
    """Return the telephone that a message goes to, None while none is known. Raises CannotOpen."""
    return keys.data.open(row.phone, "messages.phone", row.id)


async def claim(session: Transaction, now: datetime, lease_until: datetime, limit: int) -> Sequence[Row[Any]]:
    """Take queued messages that are due: note the attempt that is about to be made and keep others off until the lease
    ends. Returns them with the number of that attempt in `attempts`.
    """
    chosen = _due(select(messages.c.id), "queued", now, limit).with_for_update(skip_locked=True).cte("chosen")
    statement = (
        update(messages)
        .where(messages.c.id == chosen.c.id)
        .values(due_at=lease_until, attempts=messages.c.attempts + 1)
        .returning(messages)
    )
    rows = list((await session.execute(statement)).all())
    begun = [{"message_id": row.id, "number": row.attempts, "started_at": now} for row in rows]
    await insert_new(session, attempts, begun)
    return rows


async def to_poll(session: Transaction, now: datetime, limit: int) -> Sequence[UUID]:
    """Return sent messages whose delivery is to be asked for."""
    return list((await session.execute(_due(select(messages.c.id), "sent", now, limit))).scalars())


async def locked(session: Transaction, ids: Sequence[UUID], state: str) -> Sequence[Row[Any]]:
    """Lock and return those of the messages that are in a state."""
    statement = select(messages).where(messages.c.id.in_(ids), messages.c.state == state)
    return (await session.execute(statement.order_by(messages.c.id).with_for_update())).all()


async def word(session: Transaction, worded: Sequence[tuple[UUID, str, str, str, int]]) -> None:
    """Keep (message id, telephone, text, template, parts); every attempt sends just this."""
    names = ("message_id", "to_phone", "text", "worded_by", "in_parts")
    ring = keys_of(session).data
    rows = [(known_as, ring.seal(phone, "messages.phone", known_as), *rest) for known_as, phone, *rest in worded]
    if rows:
        await (await session.connection()).execute(_WORD, [dict(zip(names, row, strict=True)) for row in rows])


async def end_attempts(session: Transaction, ended: Sequence[tuple[UUID, int, str, str]], now: datetime) -> None:
    """Keep (message id, number, outcome, detail) of attempts that were made."""
    statement = (
        update(attempts)
        .where(attempts.c.message_id == bindparam("of_message"), attempts.c.number == bindparam("of_number"))
        .values(outcome=bindparam("came_out"), detail=bindparam("in_detail"), ended_at=now)
    )
    names = ("of_message", "of_number", "came_out", "in_detail")
    if ended:
        await (await session.connection()).execute(statement, [dict(zip(names, row, strict=True)) for row in ended])


async def move(session: Transaction, moved: Sequence[tuple[Row[Any], Change]], now: datetime) -> None:
    """Change messages that this transaction has locked, and publish the end of those that ended."""
    if not moved:
        return
    rows = [
        {
            "message_id": row.id,
            "to_state": change.state,
            "next_due_at": change.due_at,
            "because": change.reason,
            "sent_now": now if change.state == "sent" else None,
            "ended_now": now if change.state in ("delivered", "failed") else None,
        }
        for row, change in moved
    ]
    await (await session.connection()).execute(_MOVE, rows)
    ends = [event for row, change in moved if (event := _end(row, change, now)) is not None]
    await publish(session, "notifications", ends)


def _end(row: Row[Any], change: Change, now: datetime) -> Event | None:
    if change.state == "delivered":
        return MessageDelivered(
            household_id=row.household_id, message_id=row.id, purpose=row.purpose, channel="sms", delivered_at=now
        )
    if change.state == "failed":
        return MessageFailed(
            household_id=row.household_id,
            message_id=row.id,
            purpose=row.purpose,
            channel="sms",
            reason=change.reason or "unknown",
        )
    return None


def homes() -> Select[Any]:
    """Return the query of where each household lives, as last stated."""
    return select(households.c.household_id, households.c.area_code)


def _to(access: Access) -> ColumnElement[bool]:
    """Return the condition that a message's household lives in the areas of an access."""
    if access.areas is None:
        return true()
    h = households.c
    return exists().where(h.household_id == messages.c.household_id, access.within(h.area_code))


async def page(
    session: Transaction,
    access: Access,
    *,
    household_id: UUID | None,
    state: str | None,
    purpose: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return messages to households of an access's areas, newest first."""
    statement = select(messages).where(_to(access))
    for column, value in (
        (messages.c.household_id, household_id),
        (messages.c.state, state),
        (messages.c.purpose, purpose),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(tuple_(messages.c.created_at, messages.c.id) < after)
    statement = statement.order_by(messages.c.created_at.desc(), messages.c.id.desc()).limit(limit)
    return (await session.execute(statement)).all()


async def one(session: Transaction, wanted: UUID) -> Row[Any] | None:
    """Return a message, with the area of its household."""
    home = households.c.household_id == messages.c.household_id
    statement = select(messages, households.c.area_code).outerjoin(households, home).where(messages.c.id == wanted)
    return (await session.execute(statement)).one_or_none()


async def attempts_of(session: Transaction, wanted: UUID) -> Sequence[Row[Any]]:
    """Return the attempts to send a message, in order."""
    statement = select(attempts).where(attempts.c.message_id == wanted).order_by(attempts.c.number)
    return (await session.execute(statement)).all()


async def counts(session: Transaction, access: Access) -> dict[str, dict[State, int]]:
    """Return how many messages of each purpose to households of an access's areas are in each state.

    A state without messages counts 0.
    """
    kinds = (messages.c.purpose, messages.c.state)
    statement = select(*kinds, func.count()).where(_to(access)).group_by(*kinds)
    found: dict[str, dict[State, int]] = {}
    for purpose, state, count in (await session.execute(statement)).all():
        found.setdefault(purpose, dict.fromkeys(STATES, 0))[state] = count
    return found
