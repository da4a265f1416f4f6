"""Accounts: registering payers and payees, money that arrives from the Treasury, balances."""

import sqlite3
from dataclasses import dataclass

from deploy.bank import book
from deploy.bank.book import Line, Tag
from deploy.bank.store import Bank
from deploy.counterpart.database import stamp


class Conflict(Exception):
    """The same thing was said before with another content."""


@dataclass(frozen=True)
class Registration:
    """An account to know: `bin` says at which bank, `balance` (VND) is what it held before this bank's first statement.

    `status` is open, closed or blocked.
    """

    account: str
    bin: str
    holder: str | None
    balance: int
    status: str


def register(bank: Bank, wanted: Registration) -> bool:
    """Register an account, or change holder and status of a known one; return whether it is new.

    Raises:
        Conflict: the account is known with another opening balance, or it is another bank's and has a balance.
    """
    with bank.database.transaction() as db:
        if wanted.bin != bank.terms.bin:
            return _know_other_bank_account(db, wanted)
        row = db.execute("SELECT * FROM account WHERE id = ?", (wanted.account,)).fetchone()
        if row is not None and row["registered"]:
            if row["opening_balance"] != wanted.balance:
                raise Conflict("the account was opened with another balance")
            _describe(db, wanted)
            return False
        book.open_account(db, wanted.account, bank.clock())
        _describe(db, wanted)
        if wanted.balance:
            _open_with(db, bank, wanted)
        return True


def _describe(db: sqlite3.Connection, wanted: Registration) -> None:
    db.execute(
        "UPDATE account SET holder = ?, status = ?, registered = 1 WHERE id = ?",
        (wanted.holder, wanted.status, wanted.account),
    )


def _open_with(db: sqlite3.Connection, bank: Bank, wanted: Registration) -> None:
    at = bank.clock()
    book.open_account(db, book.CAPITAL, at)
    book.post(db, at, Tag("opening"), [Line(book.CAPITAL, -wanted.balance), Line(wanted.account, wanted.balance)])
    # The opening belongs to the time before the first statement, whose opening balance it is.
    db.execute(
        "UPDATE line SET statement = 0 WHERE account = ? AND posting IN (SELECT max(id) FROM posting)",
        (wanted.account,),
    )
    db.execute("UPDATE account SET opening_balance = ? WHERE id = ?", (wanted.balance, wanted.account))


def _know_other_bank_account(db: sqlite3.Connection, wanted: Registration) -> bool:
    if wanted.balance:
        raise Conflict("the account is another bank's: this bank holds no balance of it")
    known = db.execute(
        "SELECT 1 FROM other_bank_account WHERE bin = ? AND number = ?", (wanted.bin, wanted.account)
    ).fetchone()
    db.execute(
        "INSERT INTO other_bank_account (bin, number, holder, status) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (bin, number) DO UPDATE SET holder = excluded.holder, status = excluded.status",
        (wanted.bin, wanted.account, wanted.holder, wanted.status),
    )
    return known is None


@dataclass(frozen=True)
class Arrival:
    """Money that arrived: the bank's reference of the entry, and whether it had arrived before under this reference."""

    bank_reference: str
    repeated: bool


def credit(bank: Bank, account: str, amount: int, reference: str) -> Arrival:
    """Credit an account with money from the Treasury, once for each `reference`.

    Raises:
        UnknownAccount: no such account here.
        Conflict: the reference was used with another amount.
    """
    with bank.database.transaction() as db:
        book.balance(db, account)
        before = db.execute(
            "SELECT i.amount, p.id, p.booked_at FROM incoming i JOIN posting p ON p.id = i.posting"
            " WHERE i.account = ? AND i.reference = ?",
            (account, reference),
        ).fetchone()
        if before is not None:
            if before["amount"] != amount:
                raise Conflict("this reference was credited with another amount")
            return Arrival(book.reference_of(before["id"], before["booked_at"]), repeated=True)
        at = bank.clock()
        book.open_account(db, book.TREASURY, at)
        lines = [Line(book.TREASURY, -amount), Line(account, amount)]
        bank_reference = book.post(db, at, Tag("credit", text=reference), lines)
        db.execute(
            "INSERT INTO incoming (account, reference, amount, posting) SELECT ?, ?, ?, max(id) FROM posting",
            (account, reference, amount),
        )
        return Arrival(bank_reference, repeated=False)


@dataclass(frozen=True)
class Standing:
    """What an account holds now (VND), who holds it, and the instant (UTC text) it was asked."""

    account: str
    holder: str | None
    status: str
    balance: int
    at: str


def standing(bank: Bank, account: str) -> Standing:
    """Return what a customer's account holds.

    Raises:
        UnknownAccount: no such customer's account here.
    """
    with bank.database.transaction() as db:
        row = db.execute("SELECT * FROM account WHERE id = ? AND kind = 'customer'", (account,)).fetchone()
    if row is None:
        raise book.UnknownAccount(account)
    return Standing(row["id"], row["holder"], row["status"], row["balance"], stamp(bank.clock()))


def refusal_of_creditor(db: sqlite3.Connection, bank: Bank, bin_: str, account: str) -> str | None:
    """Return the ISO reason for which a creditor's account takes no money; an account nobody registered is open."""
    if bin_ == bank.terms.bin:
        row = db.execute("SELECT status FROM account WHERE id = ?", (account,)).fetchone()
    else:
        row = db.execute(
            "SELECT status FROM other_bank_account WHERE bin = ? AND number = ?", (bin_, account)
        ).fetchone()
    return refusal_of_status(row["status"]) if row else None


def refusal_of_status(status: str) -> str | None:
    """Return the ISO reason for which an account of a status takes no money."""
    return {"closed": "AC04", "blocked": "AC06"}.get(status)


def refusal_of_debtor(db: sqlite3.Connection, account: str) -> str | None:
    """Return the ISO reason for which a debtor's account gives no money."""
    row = db.execute("SELECT status FROM account WHERE id = ?", (account,)).fetchone()
    return {"closed": "AC05", "blocked": "AG07"}.get(row["status"]) if row else "AC02"
