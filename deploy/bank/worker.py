"""The bank's own work beside its requests: carrying out what is due, closing statements at intervals."""

import asyncio
from contextlib import suppress

import structlog

from deploy.bank.execution import execute_due
from deploy.bank.statements import close_all_with_entries
from deploy.bank.store import Bank

_log = structlog.get_logger("bank")


async def work(bank: Bank, called: asyncio.Event) -> None:
    """Work until cancelled; look again when `called`, when a payment falls due and when statements are to close."""
    loop = asyncio.get_running_loop()
    every = bank.terms.statement_every
    next_close = loop.time() + every
    while True:
        called.clear()
        progress = await asyncio.to_thread(execute_due, bank)
        if progress.executed:
            _log.info("payments executed", count=progress.executed)
        if every and loop.time() >= next_close:
            if closed := await asyncio.to_thread(close_all_with_entries, bank):
                _log.info("statements closed", count=closed)
            next_close = loop.time() + every
        waits = [next_close - loop.time()] if every else []
        if progress.next_due is not None:
            waits.append((progress.next_due - bank.clock()).total_seconds())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, min(waits)) if waits else None):
                await called.wait()
