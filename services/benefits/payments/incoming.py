"""What banks send, however it comes: stored raw in a transaction of its own, then read apart, then applied once.

What does not fit is quarantined with its reason and changes nothing; what comes too early waits for what it follows.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import structlog

from services.benefits.payments.bank import lists
from services.benefits.payments.bank.port import Inbound, MessageKind, RawStatement
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.iso20022 import camt029, camt053, camt054, pain002
from services.benefits.payments.iso20022.reading import Unreadable
from services.benefits.payments.store import accounts, advices, lines, messages, recalls, statements, unpaid
from services.benefits.payments.store.statuses import ReportRefused, apply_report
from shared import clock
from shared.audit import Entry, write
from shared.db import Database, Transaction

_SYSTEM = "system:benefits.payments"

T = TypeVar("T")
log = structlog.get_logger(__name__)


async def _read_apart(read: Callable[[bytes], T], content: bytes) -> T:
    return await asyncio.to_thread(read, content)


async def _keep(
    database: Database, bank: str, kind: MessageKind, external_id: str, content: bytes, signature: str | None = None
) -> messages.StoredMessage:
    async with database.transaction() as session:
        return await messages.keep(
            session,
            bank=bank,
            kind=kind,
            external_id=external_id,
            content=content,
            now=clock.now(),
            signature=signature,
        )


async def take_inbound(database: Database, bank: str, inbound: Inbound) -> messages.StoredMessage:
    """Store what a bank left for us; statements are known by our code of the account, as those that we ask for are."""
    subject = inbound.subject
    if inbound.kind in ("camt.053", "camt.054", "list"):
        number, _, sequence = subject.partition("/")
        async with database.transaction() as session:
            payers = await accounts.payers(session, bank)
        code = next((payer.code for payer in payers if payer.number == number), None)
        subject = f"{code or '?'}/{sequence}"  # the account of nobody stands in the content alone
    return await _keep(database, bank, inbound.kind, subject, inbound.content, inbound.signature)


async def take_by_hand(
    database: Database, bank: str, kind: MessageKind, content: bytes, subject: str | None
) -> messages.StoredMessage:
    """Store what somebody carried here from a bank, and apply it; what it is about is read from it unless it is said.

    Raises:
        Unreadable: it does not say what it is about, so that it cannot even be filed; nothing was stored.
    """
    about = subject if subject is not None else await _read_apart(lambda raw: _subject(kind, raw), content)
    inbound = Inbound("", kind, about, content, None)
    stored = await take_inbound(database, bank, inbound)
    if not stored.applied:
        await apply_stored(database, stored)
    return stored


def _subject(kind: MessageKind, content: bytes) -> str:
    if kind == "pain.002":
        return pain002.read(content).original_message_id
    if kind == "camt.053":
        statement = camt053.read(content).statement
        return f"{statement.account}/{statement.sequence}"
    if kind == "list":
        statement = lists.read(content).statement
        return f"{statement.account}/{statement.sequence}"
    if kind == "camt.054":
        return f"{camt054.read(content).account}/0"
    raise Unreadable("an answer to a request that is not named")


async def apply_stored(database: Database, stored: messages.StoredMessage, *, exceptions_only: bool = False) -> bool:
    """Apply a stored message that did not take effect yet; return whether it did now."""
    if stored.kind == "pain.002":
        return await _apply_report(database, stored, exceptions_only=exceptions_only)
    if stored.kind == "camt.053":
        return await _apply_statement(database, stored)
    if stored.kind == "camt.054":
        return await _apply_advice(database, stored)
    if stored.kind == "camt.029":
        return await _apply_answer(database, stored)
    if stored.kind == "list":
        return await _apply_list(database, stored)
    return False


async def take_report(
    database: Database, bank: str, message_id: str, content: bytes, *, exceptions_only: bool = False
) -> bool:
    """Store and apply a pain.002; return whether it told anything new."""
    stored = await _keep(database, bank, "pain.002", message_id, content)
    if not stored.applied:
        await _apply_report(database, stored, exceptions_only=exceptions_only)
    return stored.new


async def take_answer(database: Database, bank: str, request_id: str, content: bytes) -> None:
    """Store and apply a camt.029."""
    stored = await _keep(database, bank, "camt.029", request_id, content)
    if not stored.applied:
        await _apply_answer(database, stored)


async def take_advice(database: Database, bank: str, payer: str, raw: RawStatement) -> None:
    """Store and keep a camt.054."""
    stored = await _keep(database, bank, "camt.054", f"{payer}/{raw.sequence}", raw.content)
    if not stored.applied:
        await _apply_advice(database, stored)


async def take_statement(database: Database, bank: str, payer: str, raw: RawStatement) -> bool:
    """Store and apply a camt.053; return whether the account is reconciled up to it now."""
    stored = await _keep(database, bank, "camt.053", f"{payer}/{raw.sequence}", raw.content)
    return False if stored.applied else await _apply_statement(database, stored)


async def _apply_report(database: Database, stored: messages.StoredMessage, *, exceptions_only: bool) -> bool:
    try:
        report = await _read_apart(pain002.read, stored.content)
        now = clock.now()
        async with database.transaction() as session:
            faults = await apply_report(
                session, stored.bank, stored.external_id, report, now, exceptions_only=exceptions_only
            )
            await _settle(session, stored, "apply_bank_report", "payment_file", faults, now)
    except (Unreadable, ReportRefused) as error:
        await _quarantine(database, stored, str(error))
        return False
    return True


async def _apply_statement(database: Database, stored: messages.StoredMessage) -> bool:
    payer, _, sequence = stored.external_id.partition("/")
    try:
        message = await _read_apart(camt053.read, stored.content)
        if sequence != str(message.statement.sequence):
            raise Unreadable(f"came as statement {sequence} and is statement {message.statement.sequence}")
        now = clock.now()
        async with database.transaction() as session:
            faults = await statements.apply_statement(session, payer, stored.id, message.statement, now)
            await _settle(session, stored, "apply_bank_statement", "statement", faults, now)
    except statements.StatementEarly as error:
        await _wait(database, stored, str(error))
        return False
    except (Unreadable, statements.StatementRefused) as error:
        await _quarantine(database, stored, str(error))
        return False
    await _apply_waiting(database, stored.bank, stored.kind, payer)
    return True


async def _apply_advice(database: Database, stored: messages.StoredMessage) -> bool:
    payer_code = stored.external_id.partition("/")[0]
    try:
        advice = await _read_apart(camt054.read, stored.content)
        now = clock.now()
        async with database.transaction() as session:
            payer = await accounts.payer(session, payer_code)
            if payer is None or payer.number != advice.account:
                raise Unreadable("an advice of another account")
            await advices.keep_advice(session, payer_code, stored.id, advice)
            faults = [LineFault(one.ordinal, one.end_to_end_id, one.fault) for one in advice.entries if one.fault]
            await _settle(session, stored, "keep_bank_advice", "bank_message", faults, now)
    except Unreadable as error:
        await _quarantine(database, stored, str(error))
        return False
    await _apply_waiting(database, stored.bank, "camt.053", payer_code)
    return True


async def _apply_answer(database: Database, stored: messages.StoredMessage) -> bool:
    try:
        resolution = await _read_apart(camt029.read, stored.content)
        now = clock.now()
        async with database.transaction() as session:
            faults = await recalls.apply_answer(session, stored.bank, stored.external_id, resolution, now)
            await _settle(session, stored, "apply_recall_answer", "payment_recall", faults, now)
    except (Unreadable, recalls.RecallRefused) as error:
        await _quarantine(database, stored, str(error))
        return False
    return True


async def _apply_list(database: Database, stored: messages.StoredMessage) -> bool:
    """Apply the report of who pays by a list."""
    payer = stored.external_id.partition("/")[0]
    try:
        paid = await _read_apart(lists.read, stored.content)
        async with database.transaction() as session:
            await take_list(session, stored, paid, clock.now())
    except statements.StatementEarly as error:
        await _wait(database, stored, str(error))
        return False
    except (Unreadable, statements.StatementRefused) as error:
        await _quarantine(database, stored, str(error))
        return False
    await _apply_waiting(database, stored.bank, stored.kind, payer)
    return True


async def take_list(
    session: Transaction, stored: messages.StoredMessage, paid: lists.PaidList, now: datetime
) -> Sequence[LineFault]:
    """Let a stored list take effect: the statement of the money that was given, and who was not paid.

    Returns the lines that were put aside.

    Raises:
        StatementRefused, StatementEarly: as `apply_statement` says.
    """
    payer = stored.external_id.partition("/")[0]
    faults = [
        *paid.faults,
        *await statements.apply_statement(session, payer, stored.id, paid.statement, now),
        *await unpaid.apply_unpaid(session, payer, paid.unpaid, now),
    ]
    await _settle(session, stored, "apply_paid_list", "statement", faults, now)
    return faults


async def _settle(
    session: Transaction,
    stored: messages.StoredMessage,
    operation: str,
    kind: str,
    faults: Sequence[LineFault],
    now: datetime,
) -> None:
    """Note that a message took effect, and which of its lines did not."""
    fresh = await lines.put_aside(session, stored.id, faults, now)
    await write(session, Entry(_SYSTEM, operation, kind, stored.external_id, details={"lines_aside": len(faults)}))
    await messages.settle(session, stored.id)
    if fresh:
        log.error("bank_message_lines_aside", kind=stored.kind, message=str(stored.id), lines=fresh)


async def _apply_waiting(database: Database, bank: str, kind: str, payer: str) -> None:
    """Apply the first statement of an account that waits: for one just applied, or for details that have come."""
    async with database.transaction() as session:
        waiting = await messages.first_waiting(session, bank, kind, payer)
    if waiting is not None:
        await apply_stored(database, waiting)


async def _wait(database: Database, stored: messages.StoredMessage, reason: str) -> None:
    async with database.transaction() as session:
        await messages.settle(session, stored.id, state="waiting", reason=reason)
    if stored.new:
        log.warning("bank_message_waits", kind=stored.kind, message=str(stored.id), reason=reason)


async def _quarantine(database: Database, stored: messages.StoredMessage, reason: str) -> None:
    async with database.transaction() as session:
        await messages.settle(session, stored.id, state="quarantined", reason=reason)
        if stored.new:
            await write(session, Entry(_SYSTEM, "quarantine_bank_message", "bank_message", str(stored.id)))
    if stored.new:
        log.error("bank_message_quarantined", kind=stored.kind, message=str(stored.id), reason=reason)
