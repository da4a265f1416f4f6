"""What households were told, and whether it reached them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.notifications.domain.notices import Purpose
from services.notifications.domain.progress import STATES, State
from services.notifications.store import messages as store
from shared.access import Access
from shared.http import Page, Paging, Problem, Reads, Router, Tx, needs
from shared.keys import Keys, keys_of

Reading = Annotated[Access, needs("messages.read")]
_SHOWN_DIGITS = 3


class MessageOut(BaseModel):
    """A message. `phone` shows its last three digits; `text` is null until the contact is known."""

    id: UUID
    purpose: Purpose
    household_id: UUID
    event_id: UUID = Field(description="the event that the message tells of")
    state: State
    reason: str | None = Field(description="why it failed", examples=["invalid_number"])
    phone: str | None = Field(examples=["***678"])
    text: str | None = Field(examples=["UBND xa thong bao: ho Bui Thi Men la ho ngheo ..."])
    template: str | None = Field(examples=["household_classified/vi/2020-01-01"])
    parts: int | None = Field(description="short messages that the network charges", examples=[2])
    attempts: int
    occurred_at: datetime
    created_at: datetime
    due_at: datetime | None = Field(description="when it is attended to next; not in quiet hours")
    sent_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Row[Any], keys: Keys) -> Self:
        """Return a stored message as it is shown. Raises CannotOpen."""
        shown, phone = dict(row._mapping), store.phone_of(row, keys)
        shown["phone"] = None if phone is None else f"***{phone[-_SHOWN_DIGITS:]}"
        return cls.model_validate({**shown, "text": row.content})


class AttemptOut(BaseModel):
    """A call to the gateway. Without `outcome` it is running, or its process ended before it knew."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None = Field(examples=["accepted"])
    detail: str | None = Field(examples=["http_202"])


class MessageDetail(MessageOut):
    """A message with every attempt to send it."""

    log: list[AttemptOut]


class Summary(BaseModel):
    """How many messages are in each state, over all and by purpose."""

    total: dict[State, int] = Field(examples=[{"delivered": 120, "failed": 2}])
    by_purpose: dict[Purpose, dict[State, int]]


def messages_router() -> Router:
    """Return the routes of messages."""
    router = Router(prefix="/notifications/v1", tags=["messages"])

    @router.get("/messages")
    async def list_messages(
        tx: Tx,
        access: Reading,
        reads: Reads,
        paging: Paging,
        household_id: Annotated[UUID | None, Query()] = None,
        state: Annotated[State | None, Query()] = None,
        purpose: Annotated[Purpose | None, Query()] = None,
    ) -> Page[MessageOut]:
        """List messages, newest first."""
        after: Any = paging.after(datetime, UUID)
        rows = await store.page(
            tx, access, household_id=household_id, state=state, purpose=purpose, after=after, limit=paging.limit + 1
        )
        page = paging.page([MessageOut.of(row, keys_of(tx)) for row in rows], key=lambda out: (out.created_at, out.id))
        reads.many("message", [each.id for each in page.items])
        return page

    @router.get("/messages/summary")
    async def summarise_messages(tx: Tx, access: Reading) -> Summary:
        """Count messages by state."""
        by_purpose = await store.counts(tx, access)
        total = dict.fromkeys(STATES, 0)
        for states in by_purpose.values():
            for state, count in states.items():
                total[state] += count
        return Summary.model_validate({"total": total, "by_purpose": by_purpose})

    @router.get("/messages/{message_id}")
    async def get_message(tx: Tx, access: Reading, reads: Reads, message_id: UUID) -> MessageDetail:
        """Return a message with its attempts."""
        row = await store.one(tx, message_id)
        if row is None:
            raise Problem(404, "message_not_found")
        access.admit(row.area_code, Problem(404, "message_not_found"))
        reads.one("message", message_id)
        log = [dict(attempt._mapping) for attempt in await store.attempts_of(tx, message_id)]
        return MessageDetail.model_validate({**MessageOut.of(row, keys_of(tx)).model_dump(), "log": log})

    return router
