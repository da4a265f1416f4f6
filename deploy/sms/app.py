"""The SMS gateway as an application: messages in, states out, its carrier beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from deploy.counterpart.database import Database
from deploy.counterpart.server import NoAnswer
from deploy.sms import gateway as sms
from deploy.sms.gateway import SCHEMA, Gateway, IdTaken

_MOST_IDS = 1000
_LARGEST_CHANGE = 2**62
_log = structlog.get_logger("sms")

MessageId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


class Message(BaseModel):
    """A text for a phone in E.164 form of Vietnam."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(pattern=r"^\+84[0-9]{8,10}$")]
    text: Annotated[str, Field(min_length=1, max_length=1600)]


class Ids(BaseModel):
    """Which messages to tell of."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[str], Field(max_length=_MOST_IDS)]


def _now() -> datetime:
    return datetime.now(UTC)


def open_gateway(folder: FilePath, delivery_delay: float, clock: Callable[[], datetime] = _now) -> Gateway:
    """Open the gateway whose store is in a folder.

    Raises:
        FolderTaken: another gateway works on it.
        OSError: the folder cannot be made or written.
    """
    return Gateway(Database(folder, "sms", SCHEMA), delivery_delay, clock)


def create_app(gateway: Gateway) -> FastAPI:
    """Return the application of a gateway; while it runs it carries what was accepted to the phones."""
    called = asyncio.Event()
    carrier: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_carry(gateway, called))
        task.add_done_callback(_report_end)
        carrier.append(task)
        yield
        task.cancel()
        await asyncio.wait([task])

    app = FastAPI(title="Simulated SMS gateway", lifespan=lifespan)
    app.add_exception_handler(IdTaken, _answer_taken)
    _add_messages(app, gateway, called)

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        """Say whether the gateway answers and its carrier works."""
        working = all(not task.done() for task in carrier)
        return JSONResponse({"status": "ok" if working else "carrier ended"}, 200 if working else 503)

    return app


def _add_messages(app: FastAPI, gateway: Gateway, called: asyncio.Event) -> None:
    @app.put("/v1/messages/{id}", status_code=202)
    async def put_message(id: MessageId, body: Message) -> Response:
        """Take a message once by its id (202); 409 when the id was used for another phone or text."""
        acceptance = await asyncio.to_thread(sms.accept, gateway, id, body.to, body.text)
        called.set()
        _log.info("message", id=id, first=acceptance.first)
        if acceptance.first and body.to.endswith(sms.ANSWER_LOST):
            return NoAnswer()
        encoded = acceptance.encoded
        content = {"id": id, "state": "accepted", "parts": encoded.parts, "encoding": encoded.encoding}
        return JSONResponse(content, 202)

    @app.get("/v1/messages/{id}")
    def get_message(id: MessageId) -> Response:
        """Return the state of a message: accepted, delivered or failed."""
        found = sms.states(gateway, [id])
        if not found:
            return _problem(404, "not_found", "no message with this id was ever accepted")
        return JSONResponse(found[0])

    @app.get("/v1/messages")
    def list_changes(
        after: Annotated[int, Query(ge=0, le=_LARGEST_CHANGE)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 500
    ) -> dict[str, Any]:
        """Return the messages whose state changed after `after`; `next` is the value to ask with again."""
        changed = sms.changes(gateway, after, limit)
        return {"messages": changed, "next": changed[-1]["change"] if changed else after}

    @app.post("/v1/messages:query")
    def query_messages(body: Ids) -> dict[str, Any]:
        """Return the states of the named messages that are known."""
        return {"messages": sms.states(gateway, body.ids)}

    @app.get("/admin/truth")
    def read_truth() -> dict[str, Any]:
        """Return every message with how often its phone really got it. For checkers only."""
        return {"messages": sms.truth(gateway)}


async def _carry(gateway: Gateway, called: asyncio.Event) -> None:
    while True:
        called.clear()
        progress = await asyncio.to_thread(sms.carry_due, gateway)
        wait = max(0, (progress.next_due - gateway.clock()).total_seconds()) if progress.next_due else None
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await called.wait()


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("the carrier ended", exc_info=error)


def _problem(status: int, code: str, detail: str) -> JSONResponse:
    return JSONResponse(
        {"status": status, "code": code, "detail": detail}, status, media_type="application/problem+json"
    )


async def _answer_taken(_: Request, error: Exception) -> Response:
    return _problem(409, "id_taken", f"the id {error} was used for another phone or text")
