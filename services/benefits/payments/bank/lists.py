"""Lists of those who pay without a bank's messages: cash points, and the Social Policy Bank, which only reports.

A cash point is given a list (`cash_lists.py`). Back comes a report that is the statement of the money it was given
(Decree 20/2021 article 34, Decree 176/2025): what it held, received, paid, did not pay, and carries over::

    account,sequence,date,opening,closing
    1900999988887777,3,2026-11-30,0,860000
    line,end_to_end_id,amount,date,note
    received,,1360000,2026-11-24,KBNN 2026-11 BTXH
    paid,01KEZ8Q0M1X3J5V7T9B2D4F6H8,500000,2026-11-25,
    unpaid,01KEZ8Q0M2A4C6E8G0J2M4P6R8,860000,2026-11-30,CNPC

`unpaid` moves nothing: its note is an ISO reason (`CNPC`: not collected), and the payment may be made anew. A bank that
reports on loans writes `paid` for what it disbursed and `received` for what was repaid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.benefits.payments.bank.csv_rows import is_whole, rows
from services.benefits.payments.bank.report_head import HEAD, read_head
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.domain.statement import Entry, Statement
from services.benefits.payments.iso20022.reading import Unreadable
from shared.csv_text import csv_lines

_COLUMNS = ["line", "end_to_end_id", "amount", "date", "note"]
_LONGEST = 140
NOT_COLLECTED = "CNPC"


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A line that was not paid and will not be by this list; `reason` is an ISO return reason."""

    ordinal: int
    end_to_end_id: str
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class PaidList:
    """A report: the statement that it makes, the lines that were not paid, and those that say nothing to be used."""

    statement: Statement
    unpaid: tuple[Unpaid, ...]
    faults: tuple[LineFault, ...]


@dataclass(frozen=True, slots=True)
class Reported:
    """A line to be written into a report; `amount` is VND."""

    line: Literal["received", "paid", "unpaid"]
    end_to_end_id: str
    amount: int
    on: date
    note: str

    @property
    def signed(self) -> int:
        """What it adds to the money at the cash point, below zero when it left."""
        return {"received": self.amount, "paid": -self.amount, "unpaid": 0}[self.line]


def write(account: str, sequence: int, day: date, opening: int, lines: Sequence[Reported]) -> bytes:
    """Return the report that people type of a list; it closes with what they leave of `opening` (VND)."""
    closing = opening + sum(line.signed for line in lines)
    head = (account, str(sequence), day.isoformat(), str(opening), str(closing))
    rows = ((line.line, line.end_to_end_id, str(line.amount), line.on.isoformat(), line.note) for line in lines)
    return csv_lines([HEAD, head, _COLUMNS, *rows]).encode()


def read(raw: bytes) -> PaidList:
    """Return a report.

    Raises:
        Unreadable: it is no such list, or its head or an amount that moves money cannot be read.
    """
    found = rows(raw)
    head = read_head(found, _COLUMNS)
    entries: list[Entry] = []
    unpaid: list[Unpaid] = []
    faults: list[LineFault] = []
    for ordinal, row in enumerate(found, 1):
        match _line(ordinal, row, head.closed_on):
            case Entry() as entry:
                entries.append(entry)
            case Unpaid() as line:
                unpaid.append(line)
            case LineFault() as fault:
                faults.append(fault)
    return PaidList(head.statement(entries), tuple(unpaid), tuple(faults))


def _line(ordinal: int, row: Sequence[str], closed_on: date) -> Entry | Unpaid | LineFault:
    if len(row) != len(_COLUMNS):
        return LineFault(ordinal, None, "other_columns")
    kind, end_to_end_id, amount, day, note = (cell[:_LONGEST] for cell in row)
    if kind == "unpaid":
        if not end_to_end_id or not is_whole(amount):
            return LineFault(ordinal, end_to_end_id or None, "no_end_to_end_id" if not end_to_end_id else "amount")
        return Unpaid(ordinal, end_to_end_id, int(amount), note or NOT_COLLECTED)
    if kind not in ("paid", "received"):
        return LineFault(ordinal, end_to_end_id or None, "unknown_line")
    if not is_whole(amount) or int(amount) == 0:
        raise Unreadable(f"line {ordinal} moves money and its amount is no whole VND")
    return _entry(kind == "paid", end_to_end_id or None, int(amount), day, note or None, closed_on)


def _entry(paid: bool, end_to_end_id: str | None, amount: int, day: str, note: str | None, closed_on: date) -> Entry:
    side: Literal["debit", "credit"] = "debit" if paid else "credit"
    try:
        booked_on = date.fromisoformat(day)
    except ValueError:
        booked_on = closed_on  # the list has a day, if the line has none
    return Entry(0, side, amount, booked_on, end_to_end_id, None, note, is_return=False, return_reason=None)
