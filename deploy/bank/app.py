"""The bank as an application: its customers' channel, its switches, its work."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import structlog
from fastapi import FastAPI
from starlette.responses import JSONResponse

from deploy.bank import admin, channel
from deploy.bank.chance import Chance
from deploy.bank.clock import Clock
from deploy.bank.door import Door
from deploy.bank.folder import Folder
from deploy.bank.gate import Gate
from deploy.bank.keys import BankKeys, CustomerKeys
from deploy.bank.outage import Outage
from deploy.bank.problems import REFUSALS, answer
from deploy.bank.store import ADDED, SCHEMA, Bank, Terms
from deploy.bank.worker import exchange_files, tell, work
from deploy.counterpart.database import Database

_log = structlog.get_logger("bank")


def _now() -> datetime:
    return datetime.now(UTC)


def open_bank(folder: Path, terms: Terms, wall: Callable[[], datetime] = _now) -> Bank:
    """Open the bank whose store is in a folder; `wall` is the clock that its own one is ahead of.

    Raises:
        FolderTaken: another bank works on it.
        OSError: the folder cannot be made or written.
    """
    database = Database(folder, "bank", SCHEMA, added=ADDED)
    return Bank(database, terms, Clock(database, wall))


def create_app(
    bank: Bank, *, customer: CustomerKeys | None = None, folder: Path | None = None, gate: Gate | None = None
) -> FastAPI:
    """Return the application of a bank; while it runs it carries payments out and closes statements.

    Requests must be signed where `customer` says by whom. Files are exchanged in `folder`, which `gate` opens by SFTP.
    """
    called = asyncio.Event()
    outage, chance, keys = Outage(), Chance(bank.database), BankKeys(bank.database)
    tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        works: list[Coroutine[None, None, None]] = [work(bank, called)]
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            works.append(tell(bank, keys, client))
            if folder is not None:
                works.append(exchange_files(Folder(folder, bank, keys, customer), called))
                if gate is not None:
                    from deploy.bank.sftp import serve_folder  # only here: a bank by HTTP alone does without

                    works.append(serve_folder(folder, gate))
            for one in works:
                task = asyncio.create_task(one)
                task.add_done_callback(_report_end)
                tasks.append(task)
            yield
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    app = FastAPI(title="Simulated bank", lifespan=lifespan)
    for refusal in REFUSALS:
        app.add_exception_handler(refusal, answer)
    app.include_router(channel.file_routes(bank, called))
    app.include_router(channel.account_routes(bank))
    app.include_router(channel.key_routes(keys))
    app.include_router(admin.routes(bank, outage, chance, keys, called))
    app.add_middleware(Door, terms=bank.terms, keys=keys, customer=customer, outage=outage, chance=chance)

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        """Say whether the bank answers and does its work."""
        working = all(not task.done() for task in tasks)
        return JSONResponse({"status": "ok" if working else "work ended"}, 200 if working else 503)

    return app


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("work ended", exc_info=error)
