"""Account statements: closed in sequence, never changed; what comes back comes back after the close."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from deploy.bank import book, camt053
from deploy.bank.book import Line, Tag
from deploy.bank.execution import receiving_account
from deploy.bank.store import Bank
from deploy.counterpart.database import stamp


@dataclass(frozen=True)
class Closed:
    """One closed statement: `id` is its `Stmt/Id`, `closed_at` UTC text."""

    sequence: int
    id: str
    closed_at: str


def close(bank: Bank, account: str) -> Closed:
    """Close the current statement of an account, even an empty one; then book the returns of payments it shows.

    Raises:
        UnknownAccount: no such customer's account here.
    """
    with bank.database.transaction() as db:
        return _close(db, bank, account)


def close_all_with_entries(bank: Bank) -> int:
    """Close the statement of each registered account that has new entries; return how many were closed."""
    with bank.database.transaction() as db:
        accounts = db.execute(
            "SELECT id FROM account a WHERE registered"
            " AND EXISTS (SELECT 1 FROM line l WHERE l.account = a.id AND l.statement IS NULL)"
        ).fetchall()
        for row in accounts:
            _close(db, bank, row["id"])
    return len(accounts)


def _close(db: sqlite3.Connection, bank: Bank, account: str) -> Closed:
    row = db.execute("SELECT * FROM account WHERE id = ? AND kind = 'customer'", (account,)).fetchone()
    if row is None:
        raise book.UnknownAccount(account)
    now = bank.clock()
    last = db.execute(
        "SELECT sequence, closing, closed_at FROM statement WHERE account = ? ORDER BY sequence DESC LIMIT 1",
        (account,),
    ).fetchone() or {"sequence": 0, "closing": row["opening_balance"], "closed_at": row["opened_at"]}
    sequence = last["sequence"] + 1
    db.execute(
        "INSERT INTO statement (account, sequence, opening, closing, opened_at, closed_at) VALUES (?, ?, ?, ?, ?, ?)",
        (account, sequence, last["closing"], row["balance"], last["closed_at"], stamp(now)),
    )
    db.execute("UPDATE line SET statement = ? WHERE account = ? AND statement IS NULL", (sequence, account))
    _book_returns(db, bank, account, now)
    return Closed(sequence, _statement_id(account, sequence), stamp(now))


def _book_returns(db: sqlite3.Connection, bank: Bank, account: str, now: datetime) -> None:
    coming_back = db.execute(
        "SELECT * FROM payment WHERE debtor_account = ? AND return_reason IS NOT NULL ORDER BY number", (account,)
    ).fetchall()
    for payment in coming_back:
        holding = receiving_account(bank, payment, returned=True)
        tag = Tag("return", payment["end_to_end_id"], reason=payment["return_reason"])
        book.post(db, now, tag, [Line(holding, -payment["amount"]), Line(account, payment["amount"])])
        db.execute("UPDATE payment SET return_reason = NULL WHERE number = ?", (payment["number"],))


def _statement_id(account: str, sequence: int) -> str:
    return f"{account[-24:]}-{sequence:08d}"


def closed_after(bank: Bank, account: str, sequence: int, limit: int = 500) -> list[Closed]:
    """Return the closed statements of an account after a sequence number, oldest first.

    Raises:
        UnknownAccount: no such customer's account here.
    """
    with bank.database.transaction() as db:
        book.balance(db, account)
        rows = db.execute(
            "SELECT sequence, closed_at FROM statement WHERE account = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            (account, sequence, limit),
        ).fetchall()
    return [Closed(row["sequence"], _statement_id(account, row["sequence"]), row["closed_at"]) for row in rows]


def statement(bank: Bank, account: str, sequence: int) -> bytes | None:
    """Return a closed statement as camt.053, always the same bytes, or None when there is none of this number."""
    with bank.database.transaction() as db:
        row = db.execute("SELECT * FROM statement WHERE account = ? AND sequence = ?", (account, sequence)).fetchone()
        lines = db.execute(_ENTRIES, (account, sequence)).fetchall()
    if row is None:
        return None
    return camt053.write(
        camt053.Statement(
            id=_statement_id(account, sequence),
            account=account,
            bic=bank.terms.bic,
            sequence=sequence,
            opening=row["opening"],
            closing=row["closing"],
            opened_at=row["opened_at"],
            closed_at=row["closed_at"],
            entries=[_entry(line) for line in lines],
        )
    )


_ENTRIES = """
SELECT l.amount, o.id, o.kind, o.booked_at, o.end_to_end_id, o.reason, o.text,
    p.payment_information_id, p.instruction_id, p.uetr
FROM line l JOIN posting o ON o.id = l.posting LEFT JOIN payment p ON p.end_to_end_id = o.end_to_end_id
WHERE l.account = ? AND l.statement = ? ORDER BY o.id
"""


def _entry(line: sqlite3.Row) -> camt053.Entry:
    return camt053.Entry(
        kind=line["kind"],
        amount=line["amount"],
        at=line["booked_at"],
        reference=book.reference_of(line["id"], line["booked_at"]),
        end_to_end_id=line["end_to_end_id"],
        payment_information_id=line["payment_information_id"],
        instruction_id=line["instruction_id"],
        uetr=line["uetr"],
        return_reason=line["reason"],
        text=line["text"],
    )
