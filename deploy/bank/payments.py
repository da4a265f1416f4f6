"""Payment files: taken whole or not at all, once for each message id; their status; the truth for checkers."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from deploy.bank import pain001, pain002
from deploy.bank.book import reference_of
from deploy.bank.faults import FileFault, file_faults
from deploy.bank.pain001 import PaymentFile
from deploy.bank.refusal import KeyConflict, Refused
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


def submit(bank: Bank, key: str, body: bytes) -> Submission:
    """Take a payment file sent under the idempotency key `key`, which must be its message id.

    Raises:
        Refused: the file is not taken; nothing was processed.
        KeyConflict: the message id was taken before with other bytes.
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
        _check_against_book(db, file)
        fault = _strike(db, file)
        receipt = _store(db, bank, file, digest) if fault is None or fault.accepts else None
        return Submission(receipt, fault=fault)


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


def _store(db: sqlite3.Connection, bank: Bank, file: PaymentFile, digest: str) -> Receipt:
    now = bank.clock()
    due = stamp(now + timedelta(seconds=bank.terms.execution_delay))
    received_at = stamp(now)
    transfers = file.transfers
    db.execute(
        "INSERT INTO message (id, sha256, received_at, transactions, control_sum) VALUES (?, ?, ?, ?, ?)",
        (file.message_id, digest, received_at, len(transfers), file.control_sum),
    )
    common = {"message_id": file.message_id, "due_at": due}
    db.executemany(
        "INSERT INTO payment (end_to_end_id, message_id, payment_information_id, instruction_id, uetr, amount,"
        " debtor_account, creditor_bin, creditor_account, creditor_name, purpose, due_at, status)"
        " VALUES (:end_to_end_id, :message_id, :block, :instruction_id, :uetr, :amount, :debtor_account,"
        " :creditor_bin, :creditor_account, :creditor_name, :purpose, :due_at, 'ACTC')",
        (
            vars(transfer) | common | {"block": block.id, "debtor_account": block.debtor_account}
            for block in file.blocks
            for transfer in block.transfers
        ),
    )
    db.executemany(
        "INSERT INTO status_change (end_to_end_id, message_id, status, at) VALUES (?, ?, 'ACTC', ?)",
        ((one.end_to_end_id, file.message_id, received_at) for one in transfers),
    )
    stored = _earlier(db, file.message_id, digest)
    if stored is None:
        raise sqlite3.DatabaseError("a message was written and cannot be read")
    return stored


def status_report(bank: Bank, message_id: str) -> bytes | None:
    """Return the newest pain.002 of a message, or None when it was never received.

    Each change of a status makes a new report with an id of its own; without a change the bytes stay the same.
    """
    with bank.database.transaction() as db:
        message = db.execute("SELECT * FROM message WHERE id = ?", (message_id,)).fetchone()
        if message is None:
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
