"""What banks sent, for people: looked at, put in by hand, tried again, or set aside with a reason."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.benefits.payments.bank.channels import Bank
from services.benefits.payments.bank.port import MessageKind
from services.benefits.payments.incoming import apply_stored, take_by_hand
from services.benefits.payments.iso20022.reading import Unreadable
from services.benefits.payments.store import lines, messages
from shared import clock
from shared.db import Database
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About, Reads
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

BY_HAND = "/benefits/v1/bank-messages"
# What may be applied twice: a status of the same rank changes nothing, a loan that is matched stays so.
_AGAIN = ("pain.002", "camt.029", "loan-report")
_MEDIA = {"callback": "application/json", "list": "text/csv", "loan-report": "text/csv"}

MessageState = Literal["received", "waiting", "applied", "quarantined", "set_aside"]


class MessageOut(BaseModel):
    """A message: what it is about, whether it took effect, and how many of its lines wait for somebody."""

    id: UUID
    bank: str
    kind: str = Field(examples=["pain.002"])
    external_id: str = Field(description="the file, request or statement that it is about", examples=["PHUTHO-01/17"])
    sha256: str
    received_at: datetime
    state: MessageState
    reason: str | None
    open_lines: int = 0


class LineOut(BaseModel):
    """A line that could not be used, while the others were."""

    ordinal: int
    end_to_end_id: str | None
    reason: str
    state: Literal["open", "applied", "set_aside"]
    note: str | None
    settled_by: str | None
    settled_at: datetime | None


class MessageWithLines(MessageOut):
    """A message with the lines that were put aside. `retriable`: to try it again may change something."""

    lines: list[LineOut]
    retriable: bool


class SetAsideIn(BaseModel):
    """Why nothing is to be done with it."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=3, max_length=500, examples=["Ngân hàng xác nhận gửi nhầm, công văn 12/NHNo"])


Take = Callable[[Database, messages.StoredMessage], Awaitable[None]]
"""What lets a stored message take effect, once; one that had, only in those of its lines that wait."""


def bank_messages_router(banks: Mapping[str, Bank], others: Mapping[str, Take]) -> Router:
    """Return the routes; `banks` are those that are known, by code, `others` take the kinds that are no payments'."""
    router = Router(prefix="/benefits/v1", tags=["banks"])
    _reading(router)
    _handling(router, banks, others)
    return router


async def _whole(tx: Tx, message_id: UUID) -> MessageWithLines:
    row = await messages.message(tx, message_id)
    if row is None:
        raise Problem(404, "bank_message_not_found")
    aside = [LineOut.model_validate(dict(line._mapping)) for line in await messages.lines_of(tx, message_id)]
    waiting = sum(line.state == "open" for line in aside)
    again = row.state == "applied" and waiting > 0 and row.kind in _AGAIN
    retriable = row.kind != "callback" and (again or row.state in ("received", "waiting", "quarantined"))
    shown = {"open_lines": waiting, "lines": aside, "retriable": retriable}
    return MessageWithLines.model_validate(dict(row._mapping) | shown)


def _reading(router: Router) -> None:
    @router.get("/bank-messages", dependencies=[needs("bank_messages.read")])
    async def list_bank_messages(
        tx: Tx,
        paging: Paging,
        bank: str | None = None,
        kind: MessageKind | None = None,
        state: MessageState | None = None,
        open_lines: bool = False,
    ) -> Page[MessageOut]:
        """List what banks sent, newest first; with `open_lines`, what has lines that wait for somebody."""
        after = paging.after(UUID)
        rows = await messages.page_of_messages(
            tx,
            bank=bank,
            kind=kind,
            state=state,
            open_lines=open_lines,
            after=after[0] if after else None,
            limit=paging.limit + 1,
        )
        found = [MessageOut.model_validate(dict(row._mapping)) for row in rows]
        return paging.page(found, key=lambda out: (out.id,))

    @router.get("/bank-messages/{message_id}", dependencies=[needs("bank_messages.read")])
    async def get_bank_message(tx: Tx, message_id: UUID) -> MessageWithLines:
        """Look at a message and at the lines of it that were put aside."""
        return await _whole(tx, message_id)

    @router.get("/bank-messages/{message_id}/content", dependencies=[needs("bank_messages.read")])
    async def get_bank_message_content(tx: Tx, reads: Reads, message_id: UUID) -> Response:
        """Return a message as it came; it has names and accounts."""
        stored = await messages.stored(tx, message_id)
        if stored is None:
            raise Problem(404, "bank_message_not_found")
        reads.one("bank_message", message_id)
        return Response(stored.content, media_type=_MEDIA.get(stored.kind, "application/xml"))


def _handling(router: Router, banks: Mapping[str, Bank], others: Mapping[str, Take]) -> None:
    @router.post("/bank-messages", status_code=201, dependencies=[needs("bank_messages.handle", beforehand=True)])
    async def put_in_bank_message(
        request: Request, tx: Tx, about: About, bank: str, kind: MessageKind, subject: str | None = None
    ) -> MessageWithLines:
        """Put in what a bank gave by hand, the body as it is; the same bytes take effect once, however they come.

        `subject` is needed of a camt.029 alone: the id of the request that it answers.
        """
        if bank not in banks:
            raise Problem(422, "bank_code_unknown")
        database: Database = request.app.state.database
        try:
            stored = await take_by_hand(database, bank, kind, await request.body(), subject)
        except Unreadable as error:
            raise Problem(422, "bank_message_unreadable", reason=str(error)) from error
        about.one("bank_message", stored.id)
        return await _whole(tx, stored.id)

    @router.post("/bank-messages/{message_id}/retry", status_code=201, dependencies=[needs("bank_messages.handle")])
    async def retry_bank_message(request: Request, tx: Tx, message_id: UUID) -> MessageWithLines:
        """Try a message again that waits or is quarantined, or the lines of one that were put aside."""
        found = await _whole(tx, message_id)
        if not found.retriable:
            raise Problem(409, "bank_message_settled")
        stored = await messages.stored(tx, message_id)
        assert stored is not None  # noqa: S101 - it was read above
        known = banks.get(found.bank)
        database: Database = request.app.state.database
        if found.kind in others:
            await others[found.kind](database, stored)
        else:
            await apply_stored(database, stored, exceptions_only=known is not None and known.exceptions_only)
        return await _whole(tx, message_id)

    @router.post("/bank-messages/{message_id}/set-aside", status_code=201, dependencies=[needs("bank_messages.handle")])
    async def set_aside_bank_message(tx: Tx, actor: Actor, message_id: UUID, body: SetAsideIn) -> MessageWithLines:
        """Set a message aside that never took effect, or all lines of it that wait, with the reason."""
        await _whole(tx, message_id)
        whole = await messages.set_aside(tx, message_id, body.note)
        closed = await lines.set_aside(tx, message_id, None, note=body.note, actor=actor, now=clock.now())
        if not (whole or closed):
            raise Problem(409, "bank_message_settled")
        return await _whole(tx, message_id)

    @router.post(
        "/bank-messages/{message_id}/lines/{ordinal}/set-aside",
        status_code=201,
        dependencies=[needs("bank_messages.handle")],
    )
    async def set_aside_bank_message_line(
        tx: Tx, actor: Actor, about: About, message_id: UUID, ordinal: int, body: SetAsideIn
    ) -> MessageWithLines:
        """Set one line aside, with the reason."""
        await _whole(tx, message_id)
        about.one("bank_message", message_id)
        about.note(line=ordinal)
        if not await lines.set_aside(tx, message_id, ordinal, note=body.note, actor=actor, now=clock.now()):
            raise Problem(409, "bank_message_settled")
        return await _whole(tx, message_id)
