"""The work with the bank that goes on by itself: sending files, asking for their status, reading statements.

No step holds a transaction while the bank is asked. What was to be done is committed before the call, what came of it
after; a process that dies in between leaves an unknown outcome, which a query resolves.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import structlog

from services.benefits.payments.bank.port import BankAdapter, Found, NotFound, RawStatement, Unavailable
from services.benefits.payments.iso20022 import camt053, pain002
from services.benefits.payments.iso20022.reading import Unreadable
from services.benefits.payments.store import accounts, files, messages, statements
from services.benefits.payments.store.statuses import ReportRefused, apply_report
from shared import clock
from shared.audit import Entry, write
from shared.db import Database
from shared.workers import Worker

_SYSTEM = "system:benefits.payments"

T = TypeVar("T")
log = structlog.get_logger(__name__)


async def _read_apart(read: Callable[[bytes], T], content: bytes) -> T:
    return await asyncio.to_thread(read, content)


async def take_report(database: Database, bank: str, message_id: str, content: bytes) -> bool:
    """Store and apply a pain.002; return whether it told anything new."""
    async with database.transaction() as session:
        stored = await messages.keep(
            session, bank=bank, kind="pain.002", external_id=message_id, content=content, now=clock.now()
        )
    if stored.applied:
        return False
    try:
        report = await _read_apart(pain002.read, content)
        async with database.transaction() as session:
            await apply_report(session, message_id, report, clock.now())
            await write(session, Entry(_SYSTEM, "apply_bank_report", "payment_file", message_id))
            await messages.settle(session, stored.id)
    except (Unreadable, ReportRefused) as error:
        await _quarantine(database, stored, "pain.002", str(error))
    return stored.new


async def take_statement(database: Database, bank: str, payer: str, raw: RawStatement) -> bool:
    """Store and apply a camt.053; return whether the account is reconciled up to it now."""
    async with database.transaction() as session:
        stored = await messages.keep(
            session,
            bank=bank,
            kind="camt.053",
            external_id=f"{payer}/{raw.sequence}",
            content=raw.content,
            now=clock.now(),
        )
    if stored.applied:
        return False
    try:
        message = await _read_apart(camt053.read, raw.content)
        async with database.transaction() as session:
            await statements.apply_statement(session, payer, stored.id, message.statement, clock.now())
            await write(session, Entry(_SYSTEM, "apply_bank_statement", "statement", f"{payer}/{raw.sequence}"))
            await messages.settle(session, stored.id)
    except (Unreadable, statements.StatementRefused) as error:
        await _quarantine(database, stored, "camt.053", str(error))
        return False
    return True


async def _quarantine(database: Database, stored: messages.StoredMessage, kind: str, reason: str) -> None:
    async with database.transaction() as session:
        await messages.settle(session, stored.id, quarantined=reason)
        if stored.new:
            await write(session, Entry(_SYSTEM, "quarantine_bank_message", "bank_message", str(stored.id)))
    if stored.new:
        log.error("bank_message_quarantined", kind=kind, message=str(stored.id), reason=reason)


class BankWork:
    """The steps of one bank's workers. `lease` is how long an attempt may last before its sender counts as dead."""

    def __init__(self, adapter: BankAdapter, *, lease: timedelta) -> None:
        self._adapter = adapter
        self._lease = lease

    async def send(self, database: Database) -> bool:
        """Resolve one file of unknown outcome, or send one that waits."""
        now = clock.now()
        async with database.transaction() as session:
            await files.lose_interrupted(session, now)
            unknown = await files.unknown_due(session, self._adapter.bank, now)
        if unknown is not None:
            await self._resolve(database, unknown)
            return True
        async with database.transaction() as session:
            claimed = await files.claim_to_send(session, self._adapter.bank, now, self._lease)
            if claimed is not None:  # names and accounts leave the platform
                await write(session, Entry(_SYSTEM, "send_payment_file", "payment_file", claimed.message_id))
        if claimed is None:
            return False
        outcome = await self._adapter.submit(claimed.message_id, claimed.content)
        log.info("payment_file_sent", message_id=claimed.message_id, outcome=type(outcome).__name__)
        async with database.transaction() as session:
            await files.finish_attempt(session, claimed, outcome, clock.now())
        return True

    async def _resolve(self, database: Database, unknown: files.Claimed) -> None:
        answer = await self._adapter.query(unknown.message_id)
        async with database.transaction() as session:
            if isinstance(answer, Found) or (isinstance(answer, NotFound) and answer.final):
                found = isinstance(answer, Found)
                await files.resolve_unknown(session, unknown.message_id, found=found, now=clock.now())
            else:
                await files.still_unknown(session, unknown, clock.now())
        if isinstance(answer, Found):
            await take_report(database, self._adapter.bank, unknown.message_id, answer.report)

    async def status(self, database: Database) -> bool:
        """Ask for the status of one file that is not ended, or that the bank never reported on."""
        async with database.transaction() as session:
            due = await files.status_due(session, self._adapter.bank, clock.now())
        if due is None:
            return False
        answer = await self._adapter.query(due.message_id)
        news = False
        if isinstance(answer, Found):
            news = await take_report(database, self._adapter.bank, due.message_id, answer.report)
        async with database.transaction() as session:
            await files.polled(session, due, news=news, now=clock.now())
        return True

    async def statements(self, database: Database) -> bool:
        """Fetch and apply the next statement of every payer account at this bank."""
        async with database.transaction() as session:
            payers = await accounts.payers(session, self._adapter.bank)
        progress = False
        for payer in payers:
            raw = await self._adapter.next_statement(payer.number, payer.reconciled_sequence or 0)
            if raw is not None and not isinstance(raw, Unavailable):
                progress |= await take_statement(database, self._adapter.bank, payer.code, raw)
        return progress


def bank_workers(adapter: BankAdapter, *, timeout: float, poll: float) -> Sequence[Worker]:
    """Return the workers of a bank; `timeout` is how long a call lasts at most, `poll` the pause between looks (s)."""
    work = BankWork(adapter, lease=timedelta(seconds=timeout + 10))
    return (
        Worker("benefits.payments.send", work.send, poll),
        Worker("benefits.payments.status", work.status, poll),
        Worker("benefits.payments.statements", work.statements, poll),
    )
