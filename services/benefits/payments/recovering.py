"""Finding out that our database, or the bank's, is older than what was sent, and reading what is missing.

Before files are sent, the bank's list of what it received is laid beside ours. A file that it has and nobody here
knows of means that our database was restored from a backup: nothing more is sent until two people say so.
"""

import asyncio
import time
from collections.abc import Sequence

import structlog

from services.benefits.payments.bank.port import BankAdapter, Unavailable
from services.benefits.payments.iso20022.copies import payments_of
from services.benefits.payments.iso20022.reading import Unreadable
from services.benefits.payments.store import recovery
from shared import clock
from shared.audit import Entry, write
from shared.db import Database, Transaction

SYSTEM = "system:benefits.payments"
_COMPARED_FOR = 30.0  # seconds

log = structlog.get_logger(__name__)


class RecoveryWork:
    """What one bank's workers do about restores."""

    def __init__(self, adapter: BankAdapter) -> None:
        self._adapter = adapter
        self._compared_at: float | None = None

    async def may_send(self, database: Database) -> bool:
        """Say whether files may be sent: the bank's list was compared lately, and nothing is being recovered."""
        async with database.transaction() as session:
            if await recovery.open_recovery(session, self._adapter.bank) is not None:
                self._compared_at = None
                return False
        if self._compared_at is None or time.monotonic() - self._compared_at > _COMPARED_FOR:
            if not await self._compare(database):
                return False
            self._compared_at = time.monotonic()
        return True

    async def _compare(self, database: Database) -> bool:
        """Compare every payer account; return whether all could be compared and nothing was missing here."""
        async with database.transaction() as session:
            payers = await recovery.payers_to_compare(session, self._adapter.bank)
        whole = True
        for payer in payers:
            listed = await self._adapter.received_files(payer.number, payer.bank_mark)
            if isinstance(listed, Unavailable):
                return False
            if not listed:
                continue
            async with database.transaction() as session:
                foreign = await recovery.compare(session, payer.code, listed)
                if foreign:
                    whole = False
                    await self._stop(session, payer.code, foreign)
        return whole

    async def _stop(self, session: Transaction, payer: str, foreign: Sequence[str]) -> None:
        now = clock.now()
        new = await recovery.stop(session, self._adapter.bank, "foreign_files", SYSTEM, now)
        found = await recovery.open_recovery(session, self._adapter.bank)
        if found is None:
            raise AssertionError("a recovery was opened and is not there")
        await recovery.note(session, found.id, payer, foreign)
        if new:
            details = {"files": len(foreign), "payer_account": payer}
            await write(session, Entry(SYSTEM, "stop_sending", "bank", self._adapter.bank, details=details))
            log.error("sending_stopped", bank=self._adapter.bank, payer_account=payer, files=len(foreign))

    async def walk(self, database: Database) -> bool:
        """Read one missing file from the bank, or note that all was read; return whether there may be more to do."""
        async with database.transaction() as session:
            found = await recovery.open_recovery(session, self._adapter.bank)
            if found is None or found.walked_at is not None:
                return False
        compared = await self._compare(database)
        async with database.transaction() as session:
            missing = await recovery.unread(session, found.id)
        if missing:
            return await self._read(database, missing[0])
        if not compared or not await self._statements_are_read(database):
            return False
        async with database.transaction() as session:
            await recovery.walked(session, found.id, clock.now())
        return False

    async def _read(self, database: Database, message_id: str) -> bool:
        copy = await self._adapter.copy_of(message_id)
        if copy is None or isinstance(copy, Unavailable):
            return False
        try:
            payments = await asyncio.to_thread(payments_of, copy, message_id)
        except Unreadable as error:
            log.error("copy_unreadable", bank=self._adapter.bank, message_id=message_id, cause=str(error))
            return False
        async with database.transaction() as session:
            await recovery.keep(session, message_id, payments, clock.now())
            await write(session, Entry(SYSTEM, "read_recovered_file", "payment_file", message_id))
        return True

    async def _statements_are_read(self, database: Database) -> bool:
        async with database.transaction() as session:
            payers = await recovery.payers_to_compare(session, self._adapter.bank)
        for payer in payers:
            if await self._adapter.next_statement(payer.number, payer.reconciled_sequence or 0) is not None:
                return False
        return True
