"""The double-entry book: customers, one clearing account a bank, fees, the Treasury. Every posting sums to zero."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy.counterpart.database import stamp

TREASURY = "internal:treasury"
FEES = "internal:fees"
DIFFERENCES = "internal:differences"
CAPITAL = "internal:capital"


class UnbalancedPosting(Exception):
    """The lines of a posting do not sum to zero: nothing was written."""


class InsufficientFunds(Exception):
    """A customer's account would fall below zero: nothing was written."""


class UnknownAccount(Exception):
    """No such account at this bank."""


@dataclass(frozen=True)
class Line:
    """One side of a posting: `amount` VND, positive to credit the account, negative to debit it."""

    account: str
    amount: int


@dataclass(frozen=True)
class Tag:
    """What a posting is and which payment it belongs to; `reversal`: it takes an earlier booking back."""

    kind: str
    end_to_end_id: str | None = None
    reason: str | None = None
    text: str | None = None
    reversal: bool = False


def clearing(bin_: str) -> str:
    """Return the account on which this bank owes another bank, by its NAPAS member id."""
    return f"internal:clearing:{bin_}"


def reference(posting: int, booked_at: datetime) -> str:
    """Return the bank's reference of a posting, at most 35 characters, unique for good."""
    return f"FT{booked_at:%y%j}{posting:010d}"


def reference_of(posting: int, booked_at: str) -> str:
    """Return the bank's reference of a stored posting."""
    return reference(posting, datetime.fromisoformat(booked_at))


def open_account(db: sqlite3.Connection, account: str, at: datetime) -> None:
    """Open an account nobody registered: an internal one, or a payee's whose holder is unknown."""
    kind = "internal" if account.startswith("internal:") else "customer"
    db.execute(
        "INSERT INTO account (id, kind, status, balance, opening_balance, opened_at, registered)"
        " VALUES (?, ?, 'open', 0, 0, ?, 0) ON CONFLICT (id) DO NOTHING",
        (account, kind, stamp(at)),
    )


def balance(db: sqlite3.Connection, account: str) -> int:
    """Return the balance of an account in VND.

    Raises:
        UnknownAccount: there is none of this number.
    """
    row = db.execute("SELECT balance FROM account WHERE id = ?", (account,)).fetchone()
    if row is None:
        raise UnknownAccount(account)
    return int(row["balance"])


def post(db: sqlite3.Connection, at: datetime, tag: Tag, lines: Sequence[Line]) -> str:
    """Write one posting of balanced lines and return the bank's reference of it.

    Raises:
        UnbalancedPosting: the lines do not sum to zero, or there are fewer than two.
        InsufficientFunds: a customer's balance would fall below zero.
        UnknownAccount: a line names an account that is not open here.
    """
    if len(lines) < 2 or sum(line.amount for line in lines) != 0:
        raise UnbalancedPosting(f"{tag.kind}: {lines}")
    for line in lines:
        if balance(db, line.account) + line.amount < 0 and not line.account.startswith("internal:"):
            raise InsufficientFunds(line.account)
    posting = db.execute(
        "INSERT INTO posting (kind, booked_at, end_to_end_id, reason, text, reversal) VALUES (?, ?, ?, ?, ?, ?)",
        (tag.kind, stamp(at), tag.end_to_end_id, tag.reason, tag.text, tag.reversal),
    ).lastrowid
    if posting is None:
        raise sqlite3.DatabaseError("a posting was written without a number")
    for line in lines:
        db.execute("INSERT INTO line (posting, account, amount) VALUES (?, ?, ?)", (posting, line.account, line.amount))
        db.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (line.amount, line.account))
    return reference(posting, at.astimezone(UTC))


@dataclass(frozen=True)
class TrialBalance:
    """All accounts with the sums (VND) of their lines; `balanced` when they sum to zero and agree with the balances."""

    accounts: list[dict[str, str | int | None]]
    total: int
    balanced: bool


def trial_balance(db: sqlite3.Connection) -> TrialBalance:
    """Add the whole book up again from its lines, independently of the balances carried with the accounts."""
    rows = db.execute(
        "SELECT a.id, a.kind, a.holder, a.status, a.balance AS carried, coalesce(sum(l.amount), 0) AS balance"
        " FROM account a LEFT JOIN line l ON l.account = a.id GROUP BY a.id ORDER BY a.kind DESC, a.id"
    ).fetchall()
    total = sum(row["balance"] for row in rows)
    agreed = all(row["carried"] == row["balance"] for row in rows)
    uneven = db.execute("SELECT 1 FROM line GROUP BY posting HAVING sum(amount) <> 0 LIMIT 1").fetchone()
    accounts = [
        {"account": row["id"], "kind": row["kind"], "holder": row["holder"], "status": row["status"]}
        | {"balance": row["balance"]}
        for row in rows
    ]
    return TrialBalance(accounts, total, total == 0 and agreed and uneven is None)
