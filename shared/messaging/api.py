"""What a service shows of its events: the journal, and what was put aside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from starlette.responses import JSONResponse, Response

from shared.events import asyncapi
from shared.http.actor import Actor
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.messaging import dead_letters
from shared.messaging.consumers import Consumer
from shared.messaging.tables import outbox


class Change(BaseModel):
    """An event of the journal. `position` counts up in the order in which events reached the log."""

    position: int
    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    data: dict[str, Any]


class Changes(BaseModel):
    """A part of the journal; ask again with `since=next`. `newest` is how far the journal reaches now."""

    changes: list[Change]
    next: int
    newest: int


class Letter(BaseModel):
    """An event that a consumer could not handle, or that waits behind one. Its data is not shown."""

    model_config = {"from_attributes": True}

    id: int
    consumer: str
    key: str
    event_id: UUID
    type: str
    time: datetime
    state: str
    error: str | None
    attempts: int
    first_seen: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    reason: str | None


class Letters(BaseModel):
    """Dead letters in the order they were put aside; ask again with `after=next`."""

    letters: list[Letter]
    next: int | None


class Replayed(BaseModel):
    """How many letters of the key were handled, and how many still wait."""

    handled: int
    waiting: int


class Discard(BaseModel):
    """Why a letter is given up."""

    reason: str = Field(min_length=10, max_length=500)


def journal_router(service: str) -> Router:
    """Return `GET /<service>/v1/changes`."""
    router = Router(prefix=f"/{service}/v1", tags=["events"])

    @router.get("/changes")
    async def list_changes(
        tx: Tx,
        since: Annotated[int, Query(ge=0, description="the `next` of the answer before; 0 for all")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Changes:
        """Return what happened after a position, oldest first."""
        query = select(outbox).where(outbox.c.position > since).order_by(outbox.c.position).limit(limit)
        rows = (await tx.execute(query)).mappings().all()
        changes = [Change(**{**row, "subject": row["key"], "data": orjson.loads(row["data"])}) for row in rows]
        newest = (await tx.execute(select(func.max(outbox.c.position)))).scalar_one()
        return Changes(changes=changes, next=changes[-1].position if changes else since, newest=newest or 0)

    @router.get("/asyncapi", response_class=JSONResponse)
    async def get_asyncapi() -> Response:
        """Return the AsyncAPI 3 document of every event that the platform publishes."""
        return Response(asyncapi.FILE.read_bytes(), media_type="application/json")

    return router


def dead_letter_router(service: str, consumers: Sequence[Consumer]) -> Router:
    """Return `/<service>/v1/dead-letters`: list, show, replay, discard."""
    router = Router(prefix=f"/{service}/v1/dead-letters", tags=["events"])
    by_name = {consumer.name: consumer for consumer in consumers}

    @router.get("")
    async def list_dead_letters(
        tx: Tx,
        consumer: str | None = None,
        waiting: Annotated[bool, Query(description="only those not yet resolved")] = True,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Letters:
        """Return what was put aside."""
        found = await dead_letters.list_letters(tx, after=after, limit=limit, consumer=consumer, waiting=waiting)
        letters = [Letter.model_validate(letter) for letter in found]
        return Letters(letters=letters, next=letters[-1].id if len(letters) == limit else None)

    @router.get("/{letter_id}")
    async def get_dead_letter(tx: Tx, letter_id: int) -> Letter:
        """Return one letter."""
        return Letter.model_validate(await _found(tx, letter_id))

    @router.post("/{letter_id}/replay")
    async def replay_dead_letter(request: Request, actor: Actor, letter_id: int) -> Replayed:
        """Handle the letter's key again, from its first letter up to the first that fails again."""
        database = request.app.state.database
        async with database.transaction() as session:
            letter = await _found(session, letter_id)
        if letter.consumer not in by_name:
            raise Problem(404, "not_found")
        handled, waiting = await dead_letters.replay(database, by_name[letter.consumer], letter.key, actor=actor)
        return Replayed(handled=handled, waiting=waiting)

    @router.post("/{letter_id}/discard", status_code=204)
    async def discard_dead_letter(tx: Tx, actor: Actor, letter_id: int, body: Discard) -> None:
        """Give a letter up; those behind it are handled at the next replay of the key."""
        await _found(tx, letter_id)
        if not await dead_letters.discard(tx, letter_id, actor=actor, reason=body.reason):
            raise Problem(409, "dead_letter_resolved")

    return router


async def _found(session: Tx, letter_id: int) -> dead_letters.DeadLetter:
    letter = await dead_letters.find(session, letter_id)
    if letter is None:
        raise Problem(404, "not_found")
    return letter
