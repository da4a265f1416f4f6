"""Reading camt.053.001.08: the bank's statement of one account, which decides what was paid."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lxml import etree

from services.benefits.payments.domain.statement import Entry, Side, Statement, totals_of
from services.benefits.payments.iso20022.entries import EntryReader
from services.benefits.payments.iso20022.reading import Fields, Message, Reader, Unreadable
from shared.clock import legal_date

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_read = Reader(NAMESPACE)
_entries = EntryReader(_read)


@dataclass(frozen=True, slots=True)
class StatementMessage:
    """A message with the one statement that it holds."""

    message_id: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a statement, uncounted, read anew from its bytes each time that they are gone through."""

    raw: bytes

    def __iter__(self) -> Iterator[Entry]:
        return _lines(_message(self.raw))


def _message(raw: bytes) -> Message:
    return Message(raw, NAMESPACE, "BkToCstmrStmt", "Stmt/Ntry")


def read(raw: bytes) -> StatementMessage:
    """Return the statement. Day, side and amount of all its entries were read once; the entries are not kept.

    Raises:
        Unreadable: it is no camt.053.001.08 of one statement in VND, or something that decides is missing.
    """
    message = _message(raw)
    totals = totals_of(_sums(message))
    statements = _read.all(message.around, "Stmt")
    if len(statements) != 1:
        raise Unreadable("not exactly one statement")
    element = statements[0]
    if _read.text(element, "CpyDplctInd") is not None:
        raise Unreadable("a copy or duplicate of a statement")
    opening, closing = _need_balance(element, "OPBD"), _need_balance(element, "CLBD")
    statement = Statement(
        statement_id=_read.need(element, "Id"),
        sequence=_read.whole(element, "ElctrncSeqNb"),
        account=_read.need(element, "Acct/Id/Othr/Id"),
        day=_entries.day(opening, "Dt"),
        opening=_amount_of_balance(opening),
        closing=_amount_of_balance(closing),
        declared_credits=_summary(element, "TtlCdtNtries"),
        declared_debits=_summary(element, "TtlDbtNtries"),
        totals=totals,
        entries=_Lines(raw),
        closed_through=_closed_through(element, closing),
    )
    return StatementMessage(_read.need(message.around, "GrpHdr/MsgId"), statement)


def _sums(message: Message) -> Iterator[tuple[Side, int]]:
    for element, _, _ in _booked(message):
        yield _entries.sum(element)


def _lines(message: Message) -> Iterator[Entry]:
    for element, number, day in _booked(message):
        yield from _entries.lines(element, number, day)


def _booked(message: Message) -> Iterator[tuple[etree._Element, int, date]]:
    """Yield the booked entries with their number, and the day of the opening balance."""
    day = None
    number = 0
    for element in message.records():
        statement = element.getparent()
        if day is None and statement is not None:  # balances stand before the entries
            day = _entries.day(_need_balance(statement, "OPBD"), "Dt")
        if day is not None and _entries.is_booked(element):
            number += 1
            yield element, number, day


def _need_balance(statement: etree._Element, kind: str) -> Fields:
    for balance in _read.all(statement, "Bal"):
        if _read.text(balance, "Tp/CdOrPrtry/Cd") == kind:
            return _read.fields(balance)
    raise Unreadable(f"without the balance {kind}")


def last_whole_day(until: datetime) -> date:
    """Return the last day (Asia/Ho_Chi_Minh) that had ended at an aware instant; 23:59:59 ends one."""
    return legal_date(until + timedelta(seconds=1)) - timedelta(days=1)


def _closed_through(statement: etree._Element, closing: Fields) -> date:
    """Return the last whole day of a statement: that of its closing balance, unless it says that it ends within it."""
    until = _read.instant(statement, "FrToDt/ToDtTm")
    return _entries.day(closing, "Dt") if until is None else last_whole_day(until)


def _amount_of_balance(balance: Fields) -> int:
    amount = _entries.amount(balance)
    return amount if _entries.side(balance) == "credit" else -amount


def _summary(statement: etree._Element, name: str) -> tuple[int, int] | None:
    summary = _read.first(statement, f"TxsSummry/{name}")
    if summary is None:
        return None
    return _read.whole(summary, "NbOfNtries"), _read.whole(summary, "Sum")
