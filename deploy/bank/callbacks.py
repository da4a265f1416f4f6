"""Callbacks: hints to the customer that something changed, at least once, signed, in no order that can be relied on."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog

from deploy.bank import settings
from deploy.bank.elements import local
from deploy.bank.faults import Telling, telling
from deploy.bank.keys import HEADER, BankKeys
from deploy.bank.store import Bank
from deploy.counterpart.database import stamp

ADDRESS = "callback_address"
_MOST_TRIES = 12
_LONGEST_WAIT = 60.0
_SHUFFLED = 1 << 40
_log = structlog.get_logger("bank")


@dataclass(frozen=True)
class Progress:
    """How many callbacks were tried, and when the next one is due."""

    tried: int
    next_due: datetime | None


def file_changed(db: sqlite3.Connection, message_id: str, amount: int, at: datetime) -> None:
    """Note that the status of a file changed, once for all its payments that change at an instant."""
    how = telling(amount)
    if settings.read(db, ADDRESS) is None or how is Telling.LOST:
        return
    again = db.execute(
        "SELECT 1 FROM callback WHERE subject = ? AND occurred_at = ? AND place < ?",
        (message_id, stamp(at), _SHUFFLED),
    ).fetchone()
    if again is None or how is not Telling.ONCE:
        note(db, "payment-file", message_id, at, how)


def note(db: sqlite3.Connection, kind: str, subject: str, at: datetime, how: Telling = Telling.ONCE) -> None:
    """Note a callback to send; without an address nobody is told."""
    if settings.read(db, ADDRESS) is None:
        return
    number = db.execute("SELECT coalesce(max(number), 0) + 1 AS next FROM callback").fetchone()["next"]
    place = _SHUFFLED - number if how is Telling.BACKWARDS else number
    rows = [(f"EVT-{number:010d}", kind, subject, stamp(at), place, stamp(at))] * (3 if how is Telling.THRICE else 1)
    db.executemany(
        "INSERT INTO callback (event_id, kind, subject, occurred_at, place, next_at) VALUES (?, ?, ?, ?, ?, ?)", rows
    )


async def send_due(bank: Bank, keys: BankKeys, client: httpx.AsyncClient) -> Progress:
    """Send what is due, tried again later where the customer does not take it."""
    with bank.database.transaction() as db:
        address = settings.read(db, ADDRESS)
        due = db.execute(
            "SELECT * FROM callback WHERE done = 0 AND next_at <= ? ORDER BY place, number LIMIT 50",
            (stamp(bank.clock()),),
        ).fetchall()
    if address is not None:
        for row in due:
            taken = await _send(client, keys, address, _content(row))
            _settle(bank, row, taken=taken)
    with bank.database.transaction() as db:
        first = db.execute("SELECT min(next_at) AS due FROM callback WHERE done = 0").fetchone()["due"]
    return Progress(len(due), datetime.fromisoformat(first) if first and address else None)


def _content(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "event_id": row["event_id"],
        "kind": row["kind"],
        "subject": row["subject"],
        "occurred_at": local(row["occurred_at"]),
    }


async def _send(client: httpx.AsyncClient, keys: BankKeys, address: str, content: dict[str, Any]) -> bool:
    request = client.build_request("POST", address, json=content)
    request.headers[HEADER] = keys.sign(request.content, "POST", request.url.raw_path.decode())
    try:
        answer = await client.send(request)
    except httpx.HTTPError as error:
        _log.info("callback not taken", event_id=content["event_id"], cause=type(error).__name__)
        return False
    _log.info("callback", event_id=content["event_id"], status=answer.status_code)
    return answer.is_success


def _settle(bank: Bank, row: sqlite3.Row, *, taken: bool) -> None:
    tries = row["tries"] + 1
    wait = timedelta(seconds=min(0.2 * 2**tries, _LONGEST_WAIT))
    with bank.database.transaction() as db:
        db.execute(
            "UPDATE callback SET tries = ?, done = ?, next_at = ? WHERE number = ?",
            (tries, taken or tries >= _MOST_TRIES, stamp(bank.clock() + wait), row["number"]),
        )


def sent(bank: Bank) -> list[dict[str, Any]]:
    """Return every callback in the order in which it was noted, with its tries."""
    with bank.database.transaction() as db:
        rows = db.execute("SELECT * FROM callback ORDER BY number").fetchall()
    return [_content(row) | {"tries": row["tries"], "done": bool(row["done"])} for row in rows]
