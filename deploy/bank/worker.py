"""The bank's own work beside its requests: what falls due, statements at intervals, callbacks, files."""

import asyncio
from contextlib import suppress

import httpx
import structlog

from deploy.bank import callbacks
from deploy.bank.folder import Folder
from deploy.bank.hours import do_due, next_due
from deploy.bank.keys import BankKeys
from deploy.bank.statements import close_all_with_entries
from deploy.bank.store import Bank

_CALLBACK_PAUSE = 0.1
_FOLDER_PAUSE = 0.1
_log = structlog.get_logger("bank")


async def work(bank: Bank, called: asyncio.Event) -> None:
    """Work until cancelled; look again when `called`, when something falls due and when statements are to close."""
    loop = asyncio.get_running_loop()
    every = bank.terms.statement_every
    next_close = loop.time() + every
    while True:
        called.clear()
        if done := await asyncio.to_thread(do_due, bank):
            _log.info("done what was due", count=done)
        if every and loop.time() >= next_close:
            if closed := await asyncio.to_thread(close_all_with_entries, bank):
                _log.info("statements closed", count=closed)
            next_close = loop.time() + every
        waits = [next_close - loop.time()] if every else []
        if (due := await asyncio.to_thread(next_due, bank)) is not None:
            waits.append((due - bank.clock()).total_seconds())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, min(waits)) if waits else None):
                await called.wait()


async def tell(bank: Bank, keys: BankKeys, client: httpx.AsyncClient) -> None:
    """Send callbacks until cancelled."""
    while True:
        progress = await callbacks.send_due(bank, keys, client)
        if not progress.tried:
            await asyncio.sleep(_CALLBACK_PAUSE)


async def exchange_files(folder: Folder, called: asyncio.Event) -> None:
    """Take and leave files until cancelled."""
    while True:
        if await asyncio.to_thread(folder.exchange):
            called.set()
        await asyncio.sleep(_FOLDER_PAUSE)
