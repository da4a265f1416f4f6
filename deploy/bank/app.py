"""The bank as an application: its customers' channel, its switches, its worker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from fastapi import FastAPI
from starlette.responses import JSONResponse

from deploy.bank import admin, channel
from deploy.bank.outage import Outage
from deploy.bank.problems import REFUSALS, answer
from deploy.bank.store import SCHEMA, Bank, Terms
from deploy.bank.worker import work
from deploy.counterpart.database import Database

_log = structlog.get_logger("bank")


def _now() -> datetime:
    return datetime.now(UTC)


def open_bank(folder: Path, terms: Terms, clock: Callable[[], datetime] = _now) -> Bank:
    """Open the bank whose store is in a folder.

    Raises:
        FolderTaken: another bank works on it.
        OSError: the folder cannot be made or written.
    """
    return Bank(Database(folder, "bank", SCHEMA), terms, clock)


def create_app(bank: Bank) -> FastAPI:
    """Return the application of a bank; while it runs it carries payments out and closes statements."""
    called = asyncio.Event()
    outage = Outage()
    worker: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(work(bank, called))
        task.add_done_callback(_report_end)
        worker.append(task)
        yield
        task.cancel()
        await asyncio.wait([task])

    app = FastAPI(title="Simulated bank", lifespan=lifespan)
    for refusal in REFUSALS:
        app.add_exception_handler(refusal, answer)
    app.include_router(channel.routes(bank, called, outage))
    app.include_router(admin.routes(bank, outage))

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        """Say whether the bank answers and its worker works."""
        working = all(not task.done() for task in worker)
        return JSONResponse({"status": "ok" if working else "worker ended"}, 200 if working else 503)

    return app


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("the worker ended", exc_info=error)
