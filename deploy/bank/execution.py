"""Carrying payments out: a booked debit and credit, or a rejection with its reason."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from deploy.bank import book
from deploy.bank.accounts import refusal_of_creditor, refusal_of_debtor
from deploy.bank.book import InsufficientFunds, Line, Tag
from deploy.bank.faults import Behaviour, Reason, behaviour
from deploy.bank.store import Bank
from deploy.counterpart.database import stamp


@dataclass(frozen=True)
class Progress:
    """How many payments were carried out, and the instant at which the next one is due, if there is one."""

    executed: int
    next_due: datetime | None


def execute_due(bank: Bank, limit: int = 500) -> Progress:
    """Carry out at most `limit` payments that are due, in the order in which they were taken, in one transaction."""
    now = bank.clock()
    with bank.database.transaction() as db:
        due = db.execute(
            "SELECT * FROM payment WHERE status = 'ACTC' AND due_at <= ? ORDER BY due_at, number LIMIT ?",
            (stamp(now), limit),
        ).fetchall()
        for payment in due:
            _execute(db, bank, payment, now)
        first = db.execute("SELECT min(due_at) AS due FROM payment WHERE status = 'ACTC'").fetchone()["due"]
    return Progress(len(due), datetime.fromisoformat(first) if first else None)


def _execute(db: sqlite3.Connection, bank: Bank, payment: sqlite3.Row, now: datetime) -> None:
    way = behaviour(payment["creditor_account"], payment["amount"])
    refusal = way.refused or _refusal(db, bank, payment)
    reference = None
    if refusal is None:
        try:
            reference = _book(db, bank, payment, way, now)
        except InsufficientFunds:
            refusal = Reason("AM04")
    _settle(db, payment, refusal, reference, now)
    if reference and way.returned:
        db.execute("UPDATE payment SET return_reason = ? WHERE number = ?", (way.returned, payment["number"]))


def _settle(
    db: sqlite3.Connection, payment: sqlite3.Row, refusal: Reason | None, reference: str | None, now: datetime
) -> None:
    status, reason, own = ("RJCT", refusal.code, refusal.own) if refusal else ("ACSC", None, False)
    db.execute(
        "UPDATE payment SET status = ?, reason = ?, own_reason = ?, reference = ? WHERE number = ?",
        (status, reason, own, reference, payment["number"]),
    )
    db.execute(
        "INSERT INTO status_change (end_to_end_id, message_id, status, reason, at) VALUES (?, ?, ?, ?, ?)",
        (payment["end_to_end_id"], payment["message_id"], status, reason, stamp(now)),
    )


def _refusal(db: sqlite3.Connection, bank: Bank, payment: sqlite3.Row) -> Reason | None:
    code = refusal_of_debtor(db, payment["debtor_account"]) or refusal_of_creditor(
        db, bank, payment["creditor_bin"], payment["creditor_account"]
    )
    return Reason(code) if code else None


def _book(db: sqlite3.Connection, bank: Bank, payment: sqlite3.Row, way: Behaviour, now: datetime) -> str | None:
    payer, amount = payment["debtor_account"], payment["amount"]
    fee = bank.terms.interbank_fee if payment["creditor_bin"] != bank.terms.bin else 0
    if book.balance(db, payer) < way.debits * (amount + way.surplus) + fee:
        raise InsufficientFunds(payer)
    payee = receiving_account(bank, payment, returned=way.returned is not None)
    lines = [Line(payer, -amount - way.surplus), Line(payee, amount)]
    if way.surplus:
        lines.append(Line(book.DIFFERENCES, way.surplus))
    for line in lines:
        book.open_account(db, line.account, now)
    reference = None
    for _ in range(way.debits):
        booked = book.post(db, now, Tag("payment", payment["end_to_end_id"]), lines)
        reference = reference or booked
    if fee:
        book.open_account(db, book.FEES, now)
        charged_for = Tag("fee", text=f"PHI CHUYEN TIEN {payment['end_to_end_id']}")
        book.post(db, now, charged_for, [Line(payer, -fee), Line(book.FEES, fee)])
    return reference


def receiving_account(bank: Bank, payment: sqlite3.Row, *, returned: bool) -> str:
    """Return the account that a payment credits: the payee's when it is here, else the other bank's clearing account.

    A payment that will come back never reaches its payee, so that the money for the return is there.
    """
    if payment["creditor_bin"] == bank.terms.bin and not returned:
        return str(payment["creditor_account"])
    return book.clearing(payment["creditor_bin"])
