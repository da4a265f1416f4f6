"""The work with the bank that goes on by itself: sending files, asking for their status, reading statements.

No step holds a transaction while the bank is asked. What was to be done is committed before the call, what came of it
after; a process that dies in between leaves an unknown outcome, which a query resolves.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from services.benefits.payments.bank.port import (
    BankAdapter,
    Found,
    NotFound,
    NotSent,
    RawStatement,
    Rejected,
    Unavailable,
    Unknown,
    Unusable,
)
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.domain.verification import Verification
from services.benefits.payments.incoming import (
    apply_stored,
    take_advice,
    take_answer,
    take_inbound,
    take_report,
    take_statement,
)
from services.benefits.payments.recovering import SYSTEM, RecoveryWork
from services.benefits.payments.store import account_checks, accounts, channels, files, messages, recalls, recovery
from services.benefits.payments.store.resealing import reseal
from shared import clock
from shared.audit import Entry, write
from shared.db import Database
from shared.workers import Worker

_CHECKED_AT_ONCE = 16

log = structlog.get_logger(__name__)


class BankWork:
    """The steps of one bank's workers. `lease` is how long an attempt may last before its sender counts as dead.

    `exceptions_only` is how the bank reports, as `apply_report` says.
    """

    def __init__(self, adapter: BankAdapter, *, lease: timedelta, exceptions_only: bool = False) -> None:
        self._adapter = adapter
        self._lease = lease
        self._exceptions_only = exceptions_only
        self._recovery = RecoveryWork(adapter)
        self.recover = self._recovery.walk

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
            waiting = await files.some_wait(session, self._adapter.bank)
        obstacle = await self._recovery.obstacle(database) if waiting else None
        if obstacle is None and await self._reseal(database):
            return True
        async with database.transaction() as session:
            claimed = await files.claim_to_send(session, self._adapter.bank, now, self._lease)
            if claimed is not None:  # names and accounts leave the platform
                await write(session, Entry(SYSTEM, "send_payment_file", "payment_file", claimed.message_id))
        if claimed is None:
            return False
        outcome = NotSent(obstacle) if obstacle else await self._adapter.submit(claimed.message_id, claimed.content)
        log.info("payment_file_sent", message_id=claimed.message_id, outcome=type(outcome).__name__)
        async with database.transaction() as session:
            await files.finish_attempt(session, claimed, outcome, clock.now())
            failure = outcome.cause if isinstance(outcome, NotSent | Unknown) else None
            await channels.note_call(session, self._adapter.bank, failure, clock.now())
        return True

    async def _reseal(self, database: Database) -> bool:
        async with database.transaction() as session:
            old = await reseal(session, self._adapter.bank, clock.now())
            if old is not None:
                await write(session, Entry(SYSTEM, "reseal_file", "payment_file", old))
        return old is not None

    async def _resolve(self, database: Database, unknown: files.Claimed) -> None:
        answer = await self._adapter.query(unknown.message_id)
        async with database.transaction() as session:
            if isinstance(answer, Found | Rejected) or (isinstance(answer, NotFound) and answer.final):
                found = not isinstance(answer, NotFound)
                await files.resolve_unknown(session, unknown.message_id, found=found, now=clock.now())
            else:
                await files.still_unknown(session, unknown, clock.now())
            if isinstance(answer, Rejected):
                await files.reject_sent(session, unknown.message_id, answer.code, clock.now())
        if isinstance(answer, Found) and answer.report is not None:
            await self._report(database, unknown.message_id, answer.report)

    async def _report(self, database: Database, message_id: str, report: bytes) -> bool:
        return await take_report(
            database, self._adapter.bank, message_id, report, exceptions_only=self._exceptions_only
        )

    async def status(self, database: Database) -> bool:
        """Ask for the status of one file that is not ended, or that the bank never reported on."""
        async with database.transaction() as session:
            due = await files.status_due(session, self._adapter.bank, clock.now())
        if due is None:
            return False
        answer = await self._adapter.query(due.message_id)
        news = False
        if isinstance(answer, Found) and answer.report is not None:
            news = await self._report(database, due.message_id, answer.report)
        async with database.transaction() as session:
            if isinstance(answer, Rejected):
                await files.reject_sent(session, due.message_id, answer.code, clock.now())
            if isinstance(answer, NotFound) and answer.final:
                await recovery.lose(session, self._adapter.bank, due.message_id, SYSTEM, clock.now())
            await files.polled(session, due, news=news, now=clock.now())
        return True

    async def statements(self, database: Database) -> bool:
        """Fetch and apply the next statement of every payer account at this bank."""
        async with database.transaction() as session:
            payers = await accounts.payers(session, self._adapter.bank)
        progress = False
        for payer in payers:
            await self._advices(database, payer.code, payer.number)
            raw = await self._adapter.next_statement(payer.number, payer.reconciled_sequence or 0)
            if raw is not None and not isinstance(raw, Unavailable):
                progress |= await take_statement(database, self._adapter.bank, payer.code, raw)
        return progress

    async def _advices(self, database: Database, payer: str, number: str) -> None:
        """Fetch what the bank told of an account beside its statements, before they are read."""
        async with database.transaction() as session:
            after = await messages.last_number(session, self._adapter.bank, "camt.054", payer)
        while isinstance(raw := await self._adapter.next_advice(number, after), RawStatement):
            await take_advice(database, self._adapter.bank, payer, raw)
            after = raw.sequence

    async def recall(self, database: Database) -> bool:
        """Send the next request to cancel or call back, or ask what became of one."""
        now = clock.now()
        async with database.transaction() as session:
            due = await recalls.due(session, self._adapter.bank, now, self._lease)
        if due is None:
            return False
        if due.to_send:
            outcome = await self._adapter.cancel(due.id, due.content)
            async with database.transaction() as session:
                await recalls.sent(session, due, outcome, clock.now())
                await write(session, Entry(SYSTEM, "send_recall", "payment_recall", due.id))
            return True
        answer = await self._adapter.cancellation(due.id)
        refused = answer.code if isinstance(answer, Rejected) else None
        async with database.transaction() as session:
            await recalls.asked(
                session,
                due,
                found=isinstance(answer, Found),
                absent=isinstance(answer, NotFound) and answer.final,
                refused=refused,
                now=clock.now(),
            )
        if isinstance(answer, Found) and answer.report is not None:
            await take_answer(database, self._adapter.bank, due.id, answer.report)
        return True

    async def inbound(self, database: Database) -> bool:
        """Store the next message that the bank left for us, tell it so, and apply it."""
        inbound = await self._adapter.next_inbound()
        if inbound is None or isinstance(inbound, Unavailable):
            return False
        if isinstance(inbound, Unusable):
            log.error("bank_message_unusable", bank=self._adapter.bank, cause=inbound.cause)
            async with database.transaction() as session:
                details = {"cause": inbound.cause}
                entry = Entry(SYSTEM, "refuse_bank_message", "bank", self._adapter.bank, details=details)
                await write(session, entry)
            await self._adapter.acknowledge(inbound.name, usable=False)
            return True
        stored = await take_inbound(database, self._adapter.bank, inbound)
        await self._adapter.acknowledge(inbound.name, usable=True)
        if not stored.applied:
            await apply_stored(database, stored, exceptions_only=self._exceptions_only)
        return True

    async def check_accounts(self, database: Database) -> bool:
        """Ask whose the accounts are that prepared runs would pay, some at a time, and keep what the bank says."""
        async with database.transaction() as session:
            wanted = await account_checks.unchecked(session, self._adapter.bank, clock.now(), _CHECKED_AT_ONCE)
            if wanted:  # names and accounts leave the platform
                await write(session, Entry(SYSTEM, "check_accounts", "bank", self._adapter.bank))
        answers = await asyncio.gather(*(self._adapter.verify_account(one.payee) for one in wanted))
        said = {
            one.account_id: answer
            for one, answer in zip(wanted, answers, strict=True)
            if isinstance(answer, Verification)
        }
        async with database.transaction() as session:
            await account_checks.keep_checks(session, self._adapter.bank, said, clock.now())
        return bool(said)


def bank_workers(
    adapter: BankAdapter, *, timeout: float, poll: float, exceptions_only: bool = False
) -> Sequence[Worker]:
    """Return the workers of a bank; `timeout` is how long a call lasts at most, `poll` the pause between looks (s)."""
    work = BankWork(adapter, lease=timedelta(seconds=timeout + 10), exceptions_only=exceptions_only)
    senders = terms_of(adapter.bank, clock.today()).senders
    return (
        *(Worker(f"benefits.payments.{adapter.bank}.send.{number}", work.send, poll) for number in range(senders)),
        Worker(f"benefits.payments.{adapter.bank}.accounts", work.check_accounts, poll),
        Worker(f"benefits.payments.{adapter.bank}.status", work.status, poll),
        Worker(f"benefits.payments.{adapter.bank}.statements", work.statements, poll),
        Worker(f"benefits.payments.{adapter.bank}.inbound", work.inbound, poll),
        Worker(f"benefits.payments.{adapter.bank}.recall", work.recall, poll),
        Worker(f"benefits.payments.{adapter.bank}.recovery", work.recover, poll),
    )
