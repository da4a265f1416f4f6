"""Messages taken once by their id, carried to phones, and the truth about what each phone got."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deploy.counterpart.database import Database, stamp
from deploy.sms.encoding import Encoded, encode

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    phone TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'delivered', 'failed')),
    reason TEXT,
    accepted_at TEXT NOT NULL,
    due_at TEXT,
    changed_at TEXT NOT NULL,
    change INTEGER NOT NULL UNIQUE,
    puts INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS message_to_carry ON message (due_at) WHERE state = 'accepted';

CREATE TABLE IF NOT EXISTS delivery (
    message INTEGER NOT NULL REFERENCES message,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_of_message ON delivery (message);
"""

INVALID, NEVER_DELIVERED, ANSWER_LOST = "0002", "0003", "0004"


class IdTaken(Exception):
    """This id was used for another phone or text."""


@dataclass(frozen=True)
class Gateway:
    """A gateway at work: its store, seconds between acceptance and delivery, and its clock (aware instants)."""

    database: Database
    delivery_delay: float
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Acceptance:
    """A message that was taken, and whether this was the first time it came."""

    encoded: Encoded
    first: bool


def accept(gateway: Gateway, id_: str, phone: str, text: str) -> Acceptance:
    """Take a message once; the same again changes nothing.

    Raises:
        IdTaken: the id was used for another phone or text.
    """
    with gateway.database.transaction() as db:
        known = db.execute("SELECT phone, text FROM message WHERE id = ?", (id_,)).fetchone()
        if known is None:
            _insert(db, gateway, id_, phone, text)
        elif (known["phone"], known["text"]) != (phone, text):
            raise IdTaken(id_)
        else:
            db.execute("UPDATE message SET puts = puts + 1 WHERE id = ?", (id_,))
    return Acceptance(encode(text), known is None)


def _insert(db: sqlite3.Connection, gateway: Gateway, id_: str, phone: str, text: str) -> None:
    now = gateway.clock()
    due = None if phone.endswith(NEVER_DELIVERED) else stamp(now + timedelta(seconds=gateway.delivery_delay))
    db.execute(
        "INSERT INTO message (id, phone, text, state, accepted_at, due_at, changed_at, change, puts)"
        " VALUES (?, ?, ?, 'accepted', ?, ?, ?, ?, 1)",
        (id_, phone, text, stamp(now), due, stamp(now), _next_change(db)),
    )


def _next_change(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(change), 0) + 1 AS next FROM message").fetchone()["next"])


@dataclass(frozen=True)
class Progress:
    """How many messages were carried, and the instant at which the next one is due, if there is one."""

    carried: int
    next_due: datetime | None


def carry_due(gateway: Gateway, limit: int = 500) -> Progress:
    """Carry at most `limit` messages that are due; a phone gets the text and the state says so, or neither."""
    now = gateway.clock()
    with gateway.database.transaction() as db:
        due = db.execute(
            "SELECT number, phone FROM message"
            " WHERE state = 'accepted' AND due_at <= ? ORDER BY due_at, number LIMIT ?",
            (stamp(now), limit),
        ).fetchall()
        for message in due:
            _carry(db, message, stamp(now))
        first = db.execute("SELECT min(due_at) AS due FROM message WHERE state = 'accepted'").fetchone()["due"]
    return Progress(len(due), datetime.fromisoformat(first) if first else None)


def _carry(db: sqlite3.Connection, message: sqlite3.Row, now: str) -> None:
    invalid = message["phone"].endswith(INVALID)
    if not invalid:
        db.execute("INSERT INTO delivery (message, at) VALUES (?, ?)", (message["number"], now))
    db.execute(
        "UPDATE message SET state = ?, reason = ?, changed_at = ?, change = ? WHERE number = ?",
        (*(("failed", "invalid_number") if invalid else ("delivered", None)), now, _next_change(db), message["number"]),
    )


def _state(row: sqlite3.Row) -> dict[str, Any]:
    kept = ("id", "state", "reason", "changed_at", "change")
    return {name: row[name] for name in kept}


def states(gateway: Gateway, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the states of the messages with these ids that are known, in the order of their acceptance."""
    marks = ",".join("?" * len(ids))
    with gateway.database.transaction() as db:
        rows = db.execute(f"SELECT * FROM message WHERE id IN ({marks}) ORDER BY number", ids).fetchall()  # noqa: S608 - marks only
    return [_state(row) for row in rows]


def changes(gateway: Gateway, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the newest state of each message that changed after a change number, in the order of the changes."""
    with gateway.database.transaction() as db:
        rows = db.execute("SELECT * FROM message WHERE change > ? ORDER BY change LIMIT ?", (after, limit)).fetchall()
    return [_state(row) for row in rows]


_TRUTH = """
SELECT m.id, m.phone AS "to", m.text, m.state, m.puts, m.accepted_at, count(d.message) AS delivered_times
FROM message m LEFT JOIN delivery d ON d.message = m.number GROUP BY m.number ORDER BY m.number
"""


def truth(gateway: Gateway) -> list[dict[str, Any]]:
    """Return every message with how often it was sent to the gateway and how often the phone really got it."""
    with gateway.database.transaction() as db:
        return [dict(row) for row in db.execute(_TRUTH)]
