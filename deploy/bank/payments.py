"""Payment files: taken whole or not at all, once for each message id; their status; the truth for checkers."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from deploy.bank import callbacks, pain001, pain002, settings
from deploy.bank.book import balance, reference_of
from deploy.bank.faults import MUTE_ACCOUNT, MUTE_AMOUNT, FileFault, file_faults
from deploy.bank.hours import hours_of
from deploy.bank.pain001 import Block, PaymentFile
from deploy.bank.refusal import KeyConflict, Refused, TooLate
from deploy.bank.store import Bank
from deploy.counterpart.database import stamp


@dataclass(frozen=True)
class Receipt:
    """What the bank answers for a file it took; the same for good."""

    message_id: str
    bank_ref: str
    received_at: str
    sha256: str


@dataclass(frozen=True)
class Submission:
    """What became of a file: its receipt unless nothing was stored, and the fault that disturbs the answer."""

    receipt: Receipt | None
    replayed: bool = False
    fault: FileFault | None = None


def submit(bank: Bank, key: str, body: bytes, signed_at: int | None = None) -> Submission:
    """Take a payment file sent under the idempotency key `key`, which must be its message id.

    `signed_at` is the second at which its sender signed the delivery, where it did.

    Raises:
        Refused: the file is not taken; nothing was processed.
        KeyConflict: the message id was taken before with other bytes.
        TooLate: it was signed before its sender was told that this bank never received it.
    """
    digest = hashlib.sha256(body).hexdigest()
    with bank.database.transaction() as db:
        earlier = _earlier(db, key, digest)
    if earlier is not None:
        return Submission(earlier, replayed=True)
    file = pain001.read(body)
    if file.message_id != key:
        raise Refused("CH16", "the idempotency key is not the MsgId of the file")
    with bank.database.transaction() as db:
        earlier = _earlier(db, key, digest)
        if earlier is not None:
            return Submission(earlier, replayed=True)
        _check_not_told_absent(db, key, signed_at)
        _check_against_book(db, file)
        fault = _strike(db, file)
        receipt = _store(db, bank, file, body) if fault is None or fault.accepts else None
        return Submission(receipt, fault=fault)


def _check_not_told_absent(db: sqlite3.Connection, key: str, signed_at: int | None) -> None:
    told = db.execute("SELECT told_at FROM absence WHERE message_id = ?", (key,)).fetchone()
    if told is not None and signed_at is not None and signed_at <= datetime.fromisoformat(told["told_at"]).timestamp():
        raise TooLate(f"message {key} was signed before its sender was told that it never came")


def _earlier(db: sqlite3.Connection, key: str, digest: str) -> Receipt | None:
    row = db.execute("SELECT * FROM message WHERE id = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["sha256"] != digest:
        raise KeyConflict(f"message {key} was received before with other bytes")
    return Receipt(key, _bank_reference(row), row["received_at"], digest)


def _bank_reference(message: sqlite3.Row) -> str:
    return reference_of(message["number"], message["received_at"]).replace("FT", "BK", 1)


def _check_against_book(db: sqlite3.Connection, file: PaymentFile) -> None:
    for block in file.blocks:
        known = db.execute(
            "SELECT 1 FROM account WHERE id = ? AND kind = 'customer' AND registered", (block.debtor_account,)
        )
        if known.fetchone() is None:
            raise Refused("AC02", "the debtor account is not one of this bank's payers")
    for some in _in_parts([transfer.end_to_end_id for transfer in file.transfers], 500):
        marks = ",".join("?" * len(some))
        used = db.execute(f"SELECT 1 FROM payment WHERE end_to_end_id IN ({marks}) LIMIT 1", some)  # noqa: S608 - marks only
        if used.fetchone() is not None:
            raise Refused("DU04", "an EndToEndId was used in an earlier file")


def _in_parts(values: Sequence[str], size: int) -> Iterator[list[str]]:
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def _strike(db: sqlite3.Connection, file: PaymentFile) -> FileFault | None:
    struck = {row["fault"] for row in db.execute("SELECT fault FROM struck WHERE message_id = ?", (file.message_id,))}
    for fault in file_faults(transfer.amount for transfer in file.transfers):
        if fault.name not in struck:
            db.execute("INSERT INTO struck (message_id, fault) VALUES (?, ?)", (file.message_id, fault.name))
            return fault
    return None


def _store(db: sqlite3.Connection, bank: Bank, file: PaymentFile, body: bytes) -> Receipt:
    now = bank.clock()
    received_at, digest = stamp(now), hashlib.sha256(body).hexdigest()
    transfers = file.transfers
    db.execute(
        "INSERT INTO message (id, sha256, received_at, transactions, control_sum) VALUES (?, ?, ?, ?, ?)",
        (file.message_id, digest, received_at, len(transfers), file.control_sum),
    )
    db.execute("INSERT INTO body (message_id, content) VALUES (?, ?)", (file.message_id, body))
    db.executemany(
        "INSERT INTO payment (end_to_end_id, message_id, payment_information_id, instruction_id, uetr, amount,"
        " debtor_account, creditor_bin, creditor_account, creditor_name, purpose, due_at, next_at, date_reason, status)"
        " VALUES (:end_to_end_id, :message_id, :block, :instruction_id, :uetr, :amount, :debtor_account,"
        " :creditor_bin, :creditor_account, :creditor_name, :purpose, :due_at, :due_at, :date_reason, 'ACTC')",
        (
            vars(transfer) | {"message_id": file.message_id} | common
            for block in file.blocks
            for common in (_of_block(db, bank, block, now),)
            for transfer in block.transfers
        ),
    )
    db.executemany(
        "INSERT INTO status_change (end_to_end_id, message_id, status, at) VALUES (?, ?, 'ACTC', ?)",
        ((one.end_to_end_id, file.message_id, received_at) for one in transfers),
    )
    callbacks.note(db, "payment-file", file.message_id, now)
    stored = _earlier(db, file.message_id, digest)
    if stored is None:
        raise sqlite3.DatabaseError("a message was written and cannot be read")
    return stored


def _of_block(db: sqlite3.Connection, bank: Bank, block: Block, now: datetime) -> dict[str, str | None]:
    due, reason = now, None
    hours = hours_of(db)
    if hours is not None:
        due, reason = hours.execution(block.asked_for, now), hours.refusal(block.asked_for, now)
        due = now if reason else due
    due += timedelta(seconds=bank.terms.execution_delay)
    return {"block": block.id, "debtor_account": block.debtor_account, "due_at": stamp(due), "date_reason": reason}


def received(bank: Bank, account: str, after: int, limit: int = 500) -> list[dict[str, Any]]:
    """Return the files received that debit an account, after the bank's number of a file, oldest first.

    Raises:
        UnknownAccount: no such account here.
    """
    with bank.database.transaction() as db:
        balance(db, account)
        rows = db.execute(
            "SELECT number, id AS message_id, sha256, received_at, transactions, control_sum FROM message m"
            " WHERE number > ? AND EXISTS (SELECT 1 FROM payment p WHERE p.message_id = m.id AND p.debtor_account = ?)"
            " ORDER BY number LIMIT ?",
            (after, account, limit),
        ).fetchall()
    return [dict(row) for row in rows]


def copy(bank: Bank, message_id: str) -> bytes | None:
    """Return a file as it was received, or None when it never was."""
    with bank.database.transaction() as db:
        row = db.execute("SELECT content FROM body WHERE message_id = ?", (message_id,)).fetchone()
    return None if row is None else bytes(row["content"])


def is_mute(bank: Bank, message_id: str) -> bool:
    """Say whether this bank does not speak of a file now, though it has it."""
    with bank.database.transaction() as db:
        if settings.read(db, f"speaks_of:{message_id}") is not None:
            return False
        row = db.execute("SELECT received_at FROM message WHERE id = ?", (message_id,)).fetchone()
        mute = db.execute(
            "SELECT max(amount % 1000 = ?) AS long, max(substr(creditor_account, -5) = ?) AS short"
            " FROM payment WHERE message_id = ?",
            (MUTE_AMOUNT, MUTE_ACCOUNT, message_id),
        ).fetchone()
    hours = bank.days(1) / 12
    return bool(row) and bool(
        mute["long"] or (mute["short"] and bank.clock() < datetime.fromisoformat(row["received_at"]) + hours)
    )


def speak(bank: Bank) -> None:
    """Speak of every file received until now."""
    with bank.database.transaction() as db:
        for row in db.execute("SELECT id FROM message").fetchall():
            settings.write(db, f"speaks_of:{row['id']}", "yes")


def status_report(bank: Bank, message_id: str) -> bytes | None:
    """Return the newest pain.002 of a message, or None when it was never received; who is told so is told for good.

    Each change of a status makes a new report with an id of its own; without a change the bytes stay the same.
    """
    with bank.database.transaction() as db:
        message = db.execute("SELECT * FROM message WHERE id = ?", (message_id,)).fetchone()
        if message is None:
            db.execute(
                "INSERT INTO absence (message_id, told_at) VALUES (?, ?)"
                " ON CONFLICT (message_id) DO UPDATE SET told_at = excluded.told_at",
                (message_id, stamp(datetime.now(UTC))),
            )
            return None
        newest = db.execute(
            "SELECT number, at FROM status_change WHERE message_id = ? ORDER BY number DESC LIMIT 1", (message_id,)
        ).fetchone()
        rows = db.execute("SELECT * FROM payment WHERE message_id = ? ORDER BY number", (message_id,)).fetchall()
    report = pain002.StatusReport(
        id=f"STS-{_bank_reference(message)}-{newest['number']}",
        bic=bank.terms.bic,
        at=newest["at"],
        message_id=message_id,
        transfers=[_transfer_status(row) for row in rows],
    )
    return pain002.write(report)


def _transfer_status(row: sqlite3.Row) -> pain002.TransferStatus:
    return pain002.TransferStatus(
        payment_information_id=row["payment_information_id"],
        end_to_end_id=row["end_to_end_id"],
        instruction_id=row["instruction_id"],
        uetr=row["uetr"],
        amount=row["amount"],
        status=row["status"],
        reason=row["reason"],
        own_reason=bool(row["own_reason"]),
        reference=row["reference"],
    )


_BOOKED = """
SELECT p.number, p.end_to_end_id, p.message_id, p.debtor_account, p.amount, p.status, p.reason,
    coalesce(-sum(l.amount) FILTER (WHERE o.kind = 'payment'), 0) AS debited,
    coalesce(sum(l.amount) FILTER (WHERE o.kind = 'return'), 0) AS returned,
    coalesce(-sum(l.amount) FILTER (WHERE o.kind = 'payment' AND l.statement IS NOT NULL), 0) AS shown_debited,
    coalesce(sum(l.amount) FILTER (WHERE o.kind = 'return' AND l.statement IS NOT NULL), 0) AS shown_returned
FROM payment p LEFT JOIN posting o ON o.end_to_end_id = p.end_to_end_id
    LEFT JOIN line l ON l.posting = o.id AND l.account = p.debtor_account
WHERE p.number > ? GROUP BY p.number ORDER BY p.number LIMIT ?
"""


def booked(bank: Bank, after: int, limit: int) -> list[dict[str, Any]]:
    """Return what the book holds of payments (VND), in the order in which they were taken, after a number.

    `shown_…` is what closed statements show of it.
    """
    with bank.database.transaction() as db:
        return [dict(row) for row in db.execute(_BOOKED, (after, limit))]


_TRUTH = """
SELECT p.end_to_end_id, p.message_id, p.amount, p.creditor_bin, p.creditor_account,
    coalesce(-sum(l.amount) FILTER (WHERE o.kind = 'payment'), 0) AS debited,
    coalesce(sum(l.amount) FILTER (WHERE o.kind = 'return'), 0) AS returned
FROM payment p JOIN message m ON m.id = p.message_id
    LEFT JOIN posting o ON o.end_to_end_id = p.end_to_end_id
    LEFT JOIN line l ON l.posting = o.id AND l.account = p.debtor_account
WHERE m.received_at >= ? GROUP BY p.number ORDER BY p.number
"""


def truth(bank: Bank, since: datetime | None) -> list[dict[str, Any]]:
    """Return what really happened with each payment of the files received since an instant; amounts in VND."""
    start = stamp(since) if since else ""
    history: dict[str, list[dict[str, str | None]]] = {}
    with bank.database.transaction() as db:
        payments = [dict(row) for row in db.execute(_TRUTH, (start,))]
        changes = db.execute("SELECT * FROM status_change WHERE at >= ? ORDER BY number", (start,)).fetchall()
    for change in changes:
        step = {"status": change["status"], "reason": change["reason"], "at": change["at"]}
        history.setdefault(change["end_to_end_id"], []).append(step)
    return [payment | {"history": history[payment["end_to_end_id"]]} for payment in payments]
