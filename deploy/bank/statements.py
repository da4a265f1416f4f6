"""Account statements: closed in sequence, never changed; what comes back comes back after the close.

A statement can be given out wrong on demand, or not at all, until it is mended; the book behind it is always right.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from deploy.bank import book, callbacks, camt053, camt054, returns, settings
from deploy.bank.book import Line, Tag
from deploy.bank.store import Bank
from deploy.counterpart.database import stamp

_STRAY = 50_000  # VND that come or go without anybody having asked


class Wrong(StrEnum):
    """What can be wrong with a statement.

    A gap: it is held back while the next one is given. The last two are in the book too: money that nobody expects.
    """

    GAP = "gap"
    BALANCE = "wrong_balance"
    DUPLICATE_ENTRY = "duplicate_entry"
    UNKNOWN_CREDIT = "unknown_credit"
    UNKNOWN_DEBIT = "unknown_debit"


_BATCH = "batch"


@dataclass(frozen=True)
class Closed:
    """One closed statement: `id` is its `Stmt/Id`, `closed_at` UTC text."""

    sequence: int
    id: str
    closed_at: str


def close(bank: Bank, account: str, wrong: Wrong | None = None) -> Closed:
    """Close the current statement of an account, even an empty one; then book the returns of payments it shows.

    Raises:
        UnknownAccount: no such customer's account here.
    """
    now = bank.clock()
    with bank.database.transaction() as db:
        if wrong in (Wrong.UNKNOWN_CREDIT, Wrong.UNKNOWN_DEBIT):
            _stray(db, account, _STRAY if wrong is Wrong.UNKNOWN_CREDIT else -_STRAY, now)
            wrong = None
        closed = _close(db, account, now, wrong)
        if wrong is Wrong.GAP:
            _close(db, account, now, None)
        returns.book_due(db, bank, now)
        return closed


def close_all_with_entries(bank: Bank) -> int:
    """Close the statement of each registered account that has new entries; return how many were closed."""
    with bank.database.transaction() as db:
        return close_with_entries(db, bank)


def close_with_entries(db: sqlite3.Connection, bank: Bank) -> int:
    """Close statements as `close_all_with_entries` does, inside a transaction."""
    now = bank.clock()
    accounts = db.execute(
        "SELECT id FROM account a WHERE registered"
        " AND EXISTS (SELECT 1 FROM line l WHERE l.account = a.id AND l.statement IS NULL)"
    ).fetchall()
    for row in accounts:
        _close(db, row["id"], now, None)
    if accounts:
        returns.book_due(db, bank, now)
    return len(accounts)


def _stray(db: sqlite3.Connection, account: str, amount: int, now: datetime) -> None:
    book.balance(db, account)
    book.open_account(db, book.DIFFERENCES, now)
    kind = "credit" if amount > 0 else "payment"
    book.post(db, now, Tag(kind, text="KHONG RO"), [Line(book.DIFFERENCES, -amount), Line(account, amount)])


def _close(db: sqlite3.Connection, account: str, now: datetime, wrong: Wrong | None) -> Closed:
    row = db.execute("SELECT * FROM account WHERE id = ? AND kind = 'customer'", (account,)).fetchone()
    if row is None:
        raise book.UnknownAccount(account)
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
    kind = wrong or (_BATCH if settings.read(db, _batch_setting(account)) else None)
    if kind is not None:
        db.execute("INSERT INTO disguise (account, sequence, kind) VALUES (?, ?, ?)", (account, sequence, kind))
    callbacks.note(db, "statement", account, now)
    return Closed(sequence, _statement_id(account, sequence), stamp(now))


def _batch_setting(account: str) -> str:
    return f"batch:{account}"


def book_in_batches(bank: Bank, account: str, *, batches: bool) -> None:
    """Show the payments of a block as one entry from the next statement on, detailed in an advice; or each by itself.

    Raises:
        UnknownAccount: no such account here.
    """
    with bank.database.transaction() as db:
        book.balance(db, account)
        settings.write(db, _batch_setting(account), "yes" if batches else None)


def mend(bank: Bank, account: str | None = None) -> int:
    """Give out right what was given out wrong or held back; return how many statements that are."""
    with bank.database.transaction() as db:
        return db.execute(
            "DELETE FROM disguise WHERE kind <> ? AND account = coalesce(?, account)", (_BATCH, account)
        ).rowcount


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
            "SELECT sequence, closed_at FROM statement s WHERE account = ? AND sequence > ? AND NOT EXISTS ("
            " SELECT 1 FROM disguise d WHERE d.account = s.account AND d.sequence = s.sequence AND d.kind = ?)"
            " ORDER BY sequence LIMIT ?",
            (account, sequence, Wrong.GAP, limit),
        ).fetchall()
    return [Closed(row["sequence"], _statement_id(account, row["sequence"]), row["closed_at"]) for row in rows]


def statement(bank: Bank, account: str, sequence: int) -> bytes | None:
    """Return a closed statement as camt.053, always the same bytes, or None when there is none of this number."""
    with bank.database.transaction() as db:
        found = _read(db, bank, account, sequence)
        kind = _kind(db, account, sequence)
    if found is None or kind == Wrong.GAP:
        return None
    match kind:
        case Wrong.BALANCE:
            found = replace(found, closing=found.closing + 1)
        case Wrong.DUPLICATE_ENTRY:
            found = replace(found, entries=[*found.entries[:1], *found.entries])
    return camt053.write(found, batches=kind == _BATCH)


def _kind(db: sqlite3.Connection, account: str, sequence: int) -> str | None:
    row = db.execute("SELECT kind FROM disguise WHERE account = ? AND sequence = ?", (account, sequence)).fetchone()
    return None if row is None else str(row["kind"])


def _read(db: sqlite3.Connection, bank: Bank, account: str, sequence: int) -> camt053.Statement | None:
    row = db.execute("SELECT * FROM statement WHERE account = ? AND sequence = ?", (account, sequence)).fetchone()
    if row is None:
        return None
    return camt053.Statement(
        id=_statement_id(account, sequence),
        account=account,
        bic=bank.terms.bic,
        sequence=sequence,
        opening=row["opening"],
        closing=row["closing"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        entries=[_entry(line) for line in db.execute(_ENTRIES, (account, sequence))],
    )


def advices_after(bank: Bank, account: str, number: int, limit: int = 500) -> list[dict[str, int]]:
    """Return the numbers of an account's advices after one, oldest first: one for each statement with batches.

    Raises:
        UnknownAccount: no such customer's account here.
    """
    with bank.database.transaction() as db:
        book.balance(db, account)
        total = len(_batched(db, account))
    return [{"sequence": one} for one in range(number + 1, min(total, number + limit) + 1)]


def advice(bank: Bank, account: str, number: int) -> bytes | None:
    """Return the details of a statement's batches as camt.054, or None when there is no advice of this number."""
    with bank.database.transaction() as db:
        batched = _batched(db, account)
        if not 0 < number <= len(batched):
            return None
        found = _read(db, bank, account, batched[number - 1])
    return None if found is None else camt054.write(found, number)


def _batched(db: sqlite3.Connection, account: str) -> Sequence[int]:
    rows = db.execute(
        "SELECT sequence FROM disguise WHERE account = ? AND kind = ? ORDER BY sequence", (account, _BATCH)
    )
    return [row["sequence"] for row in rows]


_ENTRIES = """
SELECT l.amount, o.id, o.kind, o.booked_at, o.end_to_end_id, o.reason, o.text, o.reversal,
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
        reversal=bool(line["reversal"]),
    )
