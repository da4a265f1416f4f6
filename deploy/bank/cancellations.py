"""Requests to cancel (camt.055.001.08): what was not carried out yet is cancelled, the rest refused with a reason."""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from deploy.bank import callbacks, camt029, camt055, reports
from deploy.bank.faults import Reason
from deploy.bank.payments import Receipt
from deploy.bank.refusal import KeyConflict, Refused
from deploy.bank.store import Bank
from deploy.counterpart.database import stamp


@dataclass(frozen=True)
class Taken:
    """The receipt of a request, and whether it had been taken before."""

    receipt: Receipt
    replayed: bool


def request(bank: Bank, key: str, body: bytes) -> Taken:
    """Take a camt.055 sent under the idempotency key `key`, which must be the id of its assignment, and decide it.

    Raises:
        Refused: it is not taken; nothing was processed.
        KeyConflict: the id was taken before with other bytes.
    """
    digest = hashlib.sha256(body).hexdigest()
    asked = camt055.read(body)
    if asked.id != key:
        raise Refused("CH16", "the idempotency key is not the Id of the assignment")
    now = bank.clock()
    with bank.database.transaction() as db:
        earlier = db.execute("SELECT * FROM cancellation WHERE id = ?", (key,)).fetchone()
        if earlier is not None:
            if earlier["sha256"] != digest:
                raise KeyConflict(f"request {key} was received before with other bytes")
            return Taken(_receipt(earlier), replayed=True)
        decided = [_decide(db, one, now) for one in asked.payments]
        number = db.execute("SELECT coalesce(max(number), 0) + 1 AS next FROM cancellation").fetchone()["next"]
        answer = camt029.write(camt029.Resolution(f"CXL-{number:010d}", bank.terms.bic, stamp(now), asked, decided))
        db.execute(
            "INSERT INTO cancellation (id, sha256, received_at, number, answer) VALUES (?, ?, ?, ?, ?)",
            (key, digest, stamp(now), number, answer),
        )
        callbacks.note(db, "cancellation", key, now)
        stored = db.execute("SELECT * FROM cancellation WHERE id = ?", (key,)).fetchone()
        return Taken(_receipt(stored), replayed=False)


def _receipt(row: sqlite3.Row) -> Receipt:
    return Receipt(row["id"], f"CX{row['number']:010d}", row["received_at"], row["sha256"])


def _decide(db: sqlite3.Connection, asked: camt055.Cancel, now: datetime) -> str | None:
    """Cancel a payment, or return the ISO reason why it is not."""
    payment = db.execute(
        "SELECT * FROM payment WHERE end_to_end_id = ? AND message_id = ?", (asked.end_to_end_id, asked.message_id)
    ).fetchone()
    if payment is None:
        return "NOOR"
    if payment["status"] == "CANC":
        return None
    if payment["status"] == "RJCT":
        return "AEXR"
    if db.execute(
        "SELECT 1 FROM posting WHERE end_to_end_id = ? AND kind = 'return'", (asked.end_to_end_id,)
    ).fetchone():
        return "ARDT"
    if payment["next_at"] is None or payment["reference"] is not None:
        return "PTNA"
    db.execute("UPDATE payment SET next_at = NULL WHERE number = ?", (payment["number"],))
    reports.change(db, payment, "CANC", Reason(asked.reason) if asked.reason else None, None, now)
    return None


def answer(bank: Bank, key: str) -> bytes | None:
    """Return the camt.029 on a request, or None when it was never received."""
    with bank.database.transaction() as db:
        row = db.execute("SELECT answer FROM cancellation WHERE id = ?", (key,)).fetchone()
    return None if row is None else bytes(row["answer"])
