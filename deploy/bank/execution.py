"""Carrying payments out step by step: statuses on the way, a booked debit and credit, or a rejection with a reason."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from deploy.bank import book, reports
from deploy.bank.accounts import refusal_of_creditor, refusal_of_debtor
from deploy.bank.book import InsufficientFunds, Line, Tag
from deploy.bank.faults import Behaviour, Reason, Step, behaviour
from deploy.bank.store import FOREVER, Bank
from deploy.counterpart.database import stamp


@dataclass(frozen=True)
class Progress:
    """How many steps were made, and the instant at which the next one is due, if there is one."""

    executed: int
    next_due: datetime | None


def execute_due(bank: Bank, limit: int = 500) -> Progress:
    """Take at most `limit` payments that are due one step on, in the order of their turn, in one transaction."""
    now = bank.clock()
    with bank.database.transaction() as db:
        due = db.execute(
            "SELECT * FROM payment WHERE next_at <= ? ORDER BY next_at, number LIMIT ?", (stamp(now), limit)
        ).fetchall()
        for payment in due:
            _step(db, bank, payment, now)
        first = db.execute("SELECT min(next_at) AS due FROM payment WHERE next_at < ?", (FOREVER,)).fetchone()["due"]
    return Progress(len(due), datetime.fromisoformat(first) if first else None)


def let_go_on(bank: Bank, end_to_end_id: str | None = None) -> int:
    """Let payments go on that wait for a person: one, or all; return how many."""
    with bank.database.transaction() as db:
        return db.execute(
            "UPDATE payment SET next_at = ? WHERE next_at = ? AND end_to_end_id = coalesce(?, end_to_end_id)",
            (stamp(bank.clock()), FOREVER, end_to_end_id),
        ).rowcount


def _step(db: sqlite3.Connection, bank: Bank, payment: sqlite3.Row, now: datetime) -> None:
    way = behaviour(payment["creditor_account"], payment["amount"])
    stage = payment["stage"]
    if stage < len(way.before):
        _report(db, payment, way.before[stage], now)
        _go_on(db, payment, stage + 1, _after(bank, way.before[stage], now))
    elif stage == len(way.before):
        booked = _carry_out(db, bank, payment, way, now)
        _go_on(db, payment, stage + 1, stamp(now) if booked and way.after else None)
    else:
        rest = stage - len(way.before) - 1
        _report(db, payment, way.after[rest], now)
        last = rest + 1 == len(way.after)
        _go_on(db, payment, stage + 1, None if last else _after(bank, way.after[rest], now))


def _after(bank: Bank, step: Step, now: datetime) -> str:
    return FOREVER if step.days is None else stamp(now + bank.days(step.days))


def _go_on(db: sqlite3.Connection, payment: sqlite3.Row, stage: int, at: str | None) -> None:
    db.execute("UPDATE payment SET stage = ?, next_at = ? WHERE number = ?", (stage, at, payment["number"]))


def _report(db: sqlite3.Connection, payment: sqlite3.Row, step: Step, now: datetime) -> None:
    reason = Reason(step.reason) if step.reason else None
    reports.change(db, payment, step.status, reason, payment["reference"], now)


def _carry_out(db: sqlite3.Connection, bank: Bank, payment: sqlite3.Row, way: Behaviour, now: datetime) -> bool:
    refusal = way.refused or _refusal(db, bank, payment)
    reference = None
    if refusal is None:
        try:
            reference = _book(db, bank, payment, way, now)
        except InsufficientFunds:
            refusal = Reason("AM04")
    reports.change(db, payment, "RJCT" if refusal else way.reported, refusal, reference, now)
    if reference and way.returned:
        kept = min(way.returned.kept, payment["amount"] - 1)
        db.execute(
            "UPDATE payment SET return_reason = ?, return_at = ?, return_kept = ? WHERE number = ?",
            (way.returned.reason, stamp(now + bank.days(way.returned.days)), kept, payment["number"]),
        )
    return refusal is None


def _refusal(db: sqlite3.Connection, bank: Bank, payment: sqlite3.Row) -> Reason | None:
    code = (
        payment["date_reason"]
        or refusal_of_debtor(db, payment["debtor_account"])
        or refusal_of_creditor(db, bank, payment["creditor_bin"], payment["creditor_account"])
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
