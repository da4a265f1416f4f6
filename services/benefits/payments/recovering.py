"""Finding out that our database, or the bank's, is older than what was sent, and reading what is missing.

Before files are sent, the bank's list of what it received is laid beside ours. A file that it has and nobody here
knows of means that our database was restored from a backup: nothing more is sent until two people say so.
"""

import asyncio
import time
from collections.abc import Sequence

import structlog

from services.benefits.payments.bank.port import BankAdapter, Found, QueryAnswer, Rejected, Unavailable
from services.benefits.payments.domain.statuses import REJECTED_CODE, inherited
from services.benefits.payments.iso20022 import pain002
from services.benefits.payments.iso20022.copies import Copied, payments_of
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

    async def obstacle(self, database: Database) -> str | None:
        """Return why a file must not be sent now, None when the bank's list was compared lately and nothing misses."""
        if self._compared_at is not None and time.monotonic() - self._compared_at <= _COMPARED_FOR:
            return None
        obstacle = await self._compare(database)
        self._compared_at = time.monotonic() if obstacle is None else None
        return obstacle

    async def _compare(self, database: Database) -> str | None:
        """Compare every payer account; return why that was not possible, or that files are missing here."""
        async with database.transaction() as session:
            payers = await recovery.payers_to_compare(session, self._adapter.bank)
        missing = False
        for payer in payers:
            listed = await self._adapter.received_files(payer.number, payer.bank_mark)
            if isinstance(listed, Unavailable):
                return listed.cause
            if not listed:
                continue
            async with database.transaction() as session:
                foreign = await recovery.compare(session, payer.code, listed, clock.now())
                if foreign:
                    missing = True
                    await self._stop(session, payer.code, foreign)
        return "being_recovered" if missing else None

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
        obstacle = await self._compare(database)
        async with database.transaction() as session:
            missing = await recovery.unread(session, found.id)
        if missing:
            return await self._read(database, missing[0])
        if obstacle is not None or not await self._statements_are_read(database):
            return False
        async with database.transaction() as session:
            await recovery.walked(session, found.id, clock.now())
        return False

    async def _read(self, database: Database, message_id: str) -> bool:
        copy = await self._adapter.copy_of(message_id)
        if copy is None or isinstance(copy, Unavailable):
            return False
        answer = await self._adapter.query(message_id)
        if isinstance(answer, Unavailable):
            return False
        try:
            payments = await asyncio.to_thread(payments_of, copy, message_id)
            refused = await asyncio.to_thread(_refused, payments, answer)
        except Unreadable as error:
            log.error("copy_unreadable", bank=self._adapter.bank, message_id=message_id, cause=str(error))
            return False
        async with database.transaction() as session:
            await recovery.keep(session, message_id, copy, payments, refused, clock.now())
            await write(session, Entry(SYSTEM, "read_recovered_file", "payment_file", message_id))
        return True

    async def _statements_are_read(self, database: Database) -> bool:
        async with database.transaction() as session:
            payers = await recovery.payers_to_compare(session, self._adapter.bank)
        for payer in payers:
            if await self._adapter.next_statement(payer.number, payer.reconciled_sequence or 0) is not None:
                return False
        return True


def _refused(payments: Sequence[Copied], answer: QueryAnswer) -> frozenset[str]:
    """Return the payments of a file that the bank says it did not carry out.

    Raises:
        Unreadable: its report cannot be read.
    """
    ids = frozenset(one.end_to_end_id for one in payments)
    if isinstance(answer, Rejected):
        return ids
    if not isinstance(answer, Found) or answer.report is None:
        return frozenset()
    report = pain002.read(answer.report)
    codes = inherited(report.group_status, report.codes, ids)
    return frozenset(one for one in ids if codes.get(one) == REJECTED_CODE)
