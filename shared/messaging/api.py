"""What a service shows of its events: the journal, and what was put aside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, Uuid, and_, case, cast, exists, false, func, or_, select
from starlette.responses import JSONResponse, Response

from shared.access import Access
from shared.events import asyncapi
from shared.events.registry import AreaStated, GrantStated, PersonStated
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About, Reads
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


def journal_router(service: str, homes: Select[Any] | None) -> Router:
    """Return `GET /<service>/v1/changes`.

    `homes` yields `household_id` and `area_code` of the households that the service knows: an event of a household is
    shown where the household is now. Without it the journal takes a grant without an area.
    """
    router = Router(prefix=f"/{service}/v1", tags=["events"])

    @router.get("/changes")
    async def list_changes(
        tx: Tx,
        access: Annotated[Access, needs("changes.read")],
        reads: Reads,
        since: Annotated[int, Query(ge=0, description="the `next` of the answer before; 0 for all")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Changes:
        """Return what happened after a position in the areas granted, oldest first; nothing that names a person."""
        newest = (await tx.execute(select(func.max(outbox.c.position)))).scalar_one() or 0
        query = select(outbox).where(outbox.c.position > since, outbox.c.position <= newest, _shown_to(access, homes))
        rows = (await tx.execute(query.order_by(outbox.c.position).limit(limit))).mappings().all()
        changes = [Change(**{**row, "subject": row["key"], "data": orjson.loads(row["data"])}) for row in rows]
        follows = changes[-1].position if len(changes) == limit else max(since, newest)
        reads.many("event", [change.id for change in changes])
        return Changes(changes=changes, next=follows, newest=newest)

    @router.get("/asyncapi", response_class=JSONResponse, dependencies=[needs("reference.read")])
    async def get_asyncapi() -> Response:
        """Return the AsyncAPI 3 document of every event that the platform publishes."""
        return Response(asyncapi.FILE.read_bytes(), media_type="application/json")

    return router


def _shown_to(access: Access, homes: Select[Any] | None) -> ColumnElement[bool]:
    """Return the condition that an event of the journal is for who reads it: those of people are for nobody."""
    topic = outbox.c.topic
    if access.areas is None:
        return topic != PersonStated.TOPIC
    # Only keys of households are ids of households: elsewhere the cast must not be tried.
    of_household = topic.not_in([PersonStated.TOPIC, AreaStated.TOPIC, GrantStated.TOPIC])
    in_area: ColumnElement[bool] = false()
    if homes is not None:
        home = homes.subquery()
        household = cast(case((of_household, outbox.c.key)), Uuid)
        in_area = exists().where(home.c.household_id == household, access.within(home.c.area_code))
    return or_(topic == AreaStated.TOPIC, and_(of_household, in_area))


def dead_letter_router(service: str, consumers: Sequence[Consumer]) -> Router:
    """Return `/<service>/v1/dead-letters`: list, show, replay, discard."""
    router = Router(prefix=f"/{service}/v1/dead-letters", tags=["events"])
    by_name = {consumer.name: consumer for consumer in consumers}

    @router.get("", dependencies=[needs("dead_letters.read")])
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

    @router.get("/{letter_id}", dependencies=[needs("dead_letters.read")])
    async def get_dead_letter(tx: Tx, letter_id: int) -> Letter:
        """Return one letter."""
        return Letter.model_validate(await _found(tx, letter_id))

    @router.post("/{letter_id}/replay", dependencies=[needs("dead_letters.administer")])
    async def replay_dead_letter(request: Request, tx: Tx, actor: Actor, about: About, letter_id: int) -> Replayed:
        """Handle the letter's key again, from its first letter up to the first that fails again."""
        letter = await _found(tx, letter_id)
        about.one("dead_letter", letter_id)
        if letter.consumer not in by_name:
            raise Problem(404, "not_found")
        database, consumer = request.app.state.database, by_name[letter.consumer]
        handled, waiting = await dead_letters.replay(database, consumer, letter.key, actor=actor)
        return Replayed(handled=handled, waiting=waiting)

    @router.post("/{letter_id}/discard", status_code=204, dependencies=[needs("dead_letters.administer")])
    async def discard_dead_letter(tx: Tx, actor: Actor, about: About, letter_id: int, body: Discard) -> None:
        """Give a letter up; those behind it are handled at the next replay of the key."""
        await _found(tx, letter_id)
        if not await dead_letters.discard(tx, letter_id, actor=actor, reason=body.reason):
            raise Problem(409, "dead_letter_resolved")
        about.one("dead_letter", letter_id)
        about.note_personal(reason=body.reason)

    return router


async def _found(session: Tx, letter_id: int) -> dead_letters.DeadLetter:
    letter = await dead_letters.find(session, letter_id)
    if letter is None:
        raise Problem(404, "not_found")
    return letter
