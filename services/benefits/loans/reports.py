"""Reading the Social Policy Bank's report of an entrusted account: who was lent how much, and what came back.

The programme pays no loan: the bank does, of the capital that the province entrusted to it, at the transaction point of
the commune. CSV in UTF-8, which is the statement of that capital too::

    account,sequence,date,opening,closing
    0999000011112222,3,2026-11-30,500000000,455000000
    contract,line,name,birth_date,commune,amount,date,channel,point
    ,entrusted,,,,500000000,2026-11-01,,KBNN 0251/UNC
    6600-LAV-2026-00123,disbursed,Đặng Thị Lan,1950-03-12,08566,50000000,2026-11-12,cash,Bản Nguyên
    6600-LAV-2025-00077,repaid,Hà Văn Đức,1961-01-01,08566,5000000,2026-11-12,account,

`entrusted` is capital that came, by the fund's reference; `returned` a loan given back whole, `absent` somebody who did
not come for it, which moves nothing. The layout is ours: the bank's own is not published and is to be agreed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from services.benefits.payments.bank.csv_rows import is_whole, rows
from services.benefits.payments.bank.report_head import read_head
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.domain.statement import Entry, Statement
from services.benefits.payments.iso20022.reading import Unreadable
from shared.text import clean

_COLUMNS = ["contract", "line", "name", "birth_date", "commune", "amount", "date", "channel", "point"]
_LONGEST = 140
_ENTRUSTED = "entrusted"
_SIDES: Mapping[str, Literal["debit", "credit"] | None] = MappingProxyType(
    {_ENTRUSTED: "credit", "disbursed": "debit", "repaid": "credit", "returned": "credit", "absent": None}
)


@dataclass(frozen=True, slots=True)
class Movement:
    """A line. `amount` is VND; the borrower is told by name, birth date and commune."""

    ordinal: int
    contract: str
    kind: str
    name: str
    birth_date: date | None
    commune: str
    amount: int
    on: date
    channel: str | None
    point: str | None


@dataclass(frozen=True, slots=True)
class LoanReport:
    """A report: the statement that it makes, its lines, and those that say nothing to be used."""

    statement: Statement
    movements: tuple[Movement, ...]
    faults: tuple[LineFault, ...]


def read(raw: bytes) -> LoanReport:
    """Return a report.

    Raises:
        Unreadable: it is none, or its head or an amount that moves money cannot be read.
    """
    found = rows(raw)
    head = read_head(found, _COLUMNS)
    lines = [_line(ordinal, row, head.closed_on) for ordinal, row in enumerate(found, 1)]
    movements = [line for line in lines if isinstance(line, Movement)]
    statement = head.statement([entry for line in movements if (entry := _entry(line)) is not None])
    loans = tuple(line for line in movements if line.kind != _ENTRUSTED)
    return LoanReport(statement, loans, tuple(line for line in lines if isinstance(line, LineFault)))


def _line(ordinal: int, row: Sequence[str], closed_on: date) -> Movement | LineFault:
    if len(row) != len(_COLUMNS):
        raise Unreadable(f"line {ordinal} has other columns")
    contract, kind, name, birth_date, commune, amount, on, channel, point = (cell[:_LONGEST] for cell in row)
    if kind not in _SIDES:
        raise Unreadable(f"line {ordinal} is of no kind that is known")
    if not is_whole(amount) or int(amount) == 0:
        if _SIDES[kind] is not None:
            raise Unreadable(f"line {ordinal} moves money and its amount is no whole VND")
        return LineFault(ordinal, contract or None, "amount")
    born, happened = _date(birth_date), _date(on) or closed_on
    return Movement(
        ordinal, contract, kind, clean(name), born, commune, int(amount), happened, channel or None, point or None
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _entry(line: Movement) -> Entry | None:
    side = _SIDES[line.kind]
    if side is None:
        return None
    is_loan = line.kind != _ENTRUSTED
    said = line.contract if is_loan else line.point
    nothing = None, None
    return Entry(0, side, line.amount, line.on, *nothing, said, is_return=False, return_reason=None, is_loan=is_loan)
