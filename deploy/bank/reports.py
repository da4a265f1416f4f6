"""What the bank says of a payment as it goes on: its status, and a callback about each change."""

import sqlite3
from datetime import datetime

from deploy.bank import callbacks
from deploy.bank.faults import Reason
from deploy.counterpart.database import stamp


def change(
    db: sqlite3.Connection,
    payment: sqlite3.Row,
    status: str,
    reason: Reason | None,
    reference: str | None,
    at: datetime,
) -> None:
    """Give a payment a status, with the reason and the bank's reference where there are any, and tell of it."""
    code, own = (reason.code, reason.own) if reason else (None, False)
    db.execute(
        "UPDATE payment SET status = ?, reason = ?, own_reason = ?, reference = ? WHERE number = ?",
        (status, code, own, reference, payment["number"]),
    )
    db.execute(
        "INSERT INTO status_change (end_to_end_id, message_id, status, reason, at) VALUES (?, ?, ?, ?, ?)",
        (payment["end_to_end_id"], payment["message_id"], status, code, stamp(at)),
    )
    callbacks.file_changed(db, payment["message_id"], payment["amount"], at)
