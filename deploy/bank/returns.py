"""Money that comes back: on its day, after the statement that shows its debit; or at once, where a person wants it."""

import sqlite3
from datetime import datetime

from deploy.bank import book
from deploy.bank.book import Line, Tag
from deploy.bank.execution import receiving_account
from deploy.bank.store import Bank
from deploy.counterpart.database import stamp

_DUE = """
SELECT p.* FROM payment p WHERE p.return_reason IS NOT NULL AND coalesce(p.return_at, '') <= :now
AND EXISTS (SELECT 1 FROM posting o JOIN line l ON l.posting = o.id
    WHERE o.end_to_end_id = p.end_to_end_id AND o.kind = 'payment' AND l.account = p.debtor_account
    AND l.statement IS NOT NULL)
ORDER BY p.number
"""


class UnknownPayment(Exception):
    """No such payment at this bank."""


def book_due(db: sqlite3.Connection, bank: Bank, now: datetime) -> int:
    """Book what comes back now; return how many."""
    coming_back = db.execute(_DUE, {"now": stamp(now)}).fetchall()
    for payment in coming_back:
        amount = payment["amount"] - payment["return_kept"]
        holding = receiving_account(bank, payment, returned=True)
        tag = Tag("return", payment["end_to_end_id"], reason=payment["return_reason"])
        book.post(db, now, tag, [Line(holding, -amount), Line(payment["debtor_account"], amount)])
        db.execute("UPDATE payment SET return_reason = NULL WHERE number = ?", (payment["number"],))
    return len(coming_back)


def next_due(db: sqlite3.Connection, after: datetime) -> datetime | None:
    """Return the first instant after another at which money may come back."""
    row = db.execute(
        "SELECT min(return_at) AS due FROM payment WHERE return_reason IS NOT NULL AND return_at > ?", (stamp(after),)
    ).fetchone()
    return datetime.fromisoformat(row["due"]) if row["due"] else None


def give_back(
    bank: Bank, end_to_end_id: str, *, amount: int | None, reason: str, named: bool, reversal: bool
) -> dict[str, int | str]:
    """Book a return of a payment now, as often as asked; `named` with its ids, `reversal` as a reversed booking.

    Raises:
        UnknownPayment: there is none of this id.
    """
    with bank.database.transaction() as db:
        payment = db.execute("SELECT * FROM payment WHERE end_to_end_id = ?", (end_to_end_id,)).fetchone()
        if payment is None:
            raise UnknownPayment(end_to_end_id)
        now = bank.clock()
        back = amount or payment["amount"]
        holding = book.clearing(payment["creditor_bin"])
        book.open_account(db, holding, now)
        if named:
            tag = Tag("return", end_to_end_id, reason=reason, reversal=reversal)
        else:
            tag = Tag("credit", text="HOAN TRA")
        reference = book.post(db, now, tag, [Line(holding, -back), Line(payment["debtor_account"], back)])
    return {"end_to_end_id": end_to_end_id, "amount": back, "bank_ref": reference}
