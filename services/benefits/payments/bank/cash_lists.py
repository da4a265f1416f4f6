"""The list by which people without an account are paid at a cash point: sealed as a file is, signed for, and reported.

What is sealed is CSV in UTF-8, the same bytes for the same list::

    list,account,day,count,total
    XA-01-20261123-0VXK3D,1900999988887777,2026-11-23,2,1360000
    end_to_end_id,name,birth_date,commune,amount
    01KEZ8Q0M1X3J5V7T9B2D4F6H8,Đặng Văn Đức,1950-03-12,08566,500000

Names stand as they are in the papers that people show, with their marks. What was paid and what was not comes back as a
report (`bank/lists.py`), from the organisation's program or typed by two people.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.benefits.payments.iso20022.pain001 import transfers_of
from services.benefits.payments.iso20022.reading import Unreadable
from shared.csv_text import csv_lines, without_guard
from shared.documents import Paper, Signature, Table
from shared.text import dong

_HEAD = ("list", "account", "day", "count", "total")
_PRINTED = ("STT", "Họ và tên", "Ngày sinh", "Xã", "Số tiền", "Ký nhận", "Mã chi trả")
_COLUMNS = ("end_to_end_id", "name", "birth_date", "commune", "amount")


@dataclass(frozen=True, slots=True)
class CashLine:
    """Who is to be paid how much (VND); `commune` and `birth_date` are None where they are not known."""

    end_to_end_id: str
    name: str
    birth_date: date | None
    commune: str | None
    amount: int


@dataclass(frozen=True, slots=True)
class CashList:
    """A sealed list; `account` is the number under which the organisation keeps the money, `day` when it begins."""

    list_id: str
    account: str
    day: date
    lines: tuple[CashLine, ...]

    @property
    def total(self) -> int:
        """The sum of the lines, in VND."""
        return sum(line.amount for line in self.lines)


def write(listed: CashList) -> bytes:
    """Return the list as it is sealed."""
    head = (listed.list_id, listed.account, listed.day.isoformat(), str(len(listed.lines)), str(listed.total))
    rows = (
        (
            line.end_to_end_id,
            line.name,
            "" if line.birth_date is None else line.birth_date.isoformat(),
            line.commune or "",
            str(line.amount),
        )
        for line in listed.lines
    )
    return csv_lines([_HEAD, head, _COLUMNS, *rows]).encode()


def read(raw: bytes) -> CashList:
    """Return a list that we sealed.

    Raises:
        Unreadable: it is none, or its count or sum is not that of its lines.
    """
    rows = csv.reader(io.StringIO(raw.decode(), newline=""), strict=True)
    if tuple(next(rows, ())) != _HEAD:
        raise Unreadable("not a list for a cash point")
    list_id, account, day, count, total = next(rows)
    if tuple(next(rows, ())) != _COLUMNS:
        raise Unreadable("not the lines of a list for a cash point")
    listed = CashList(list_id, account, date.fromisoformat(day), tuple(_lines(rows)))
    if (str(len(listed.lines)), str(listed.total)) != (count, total):
        raise Unreadable("count or sum is not that of the lines")
    return listed


def _lines(rows: Iterator[list[str]]) -> Iterator[CashLine]:
    for end_to_end_id, name, birth_date, commune, amount in rows:
        born = date.fromisoformat(birth_date) if birth_date else None
        yield CashLine(end_to_end_id, without_guard(name), born, commune or None, int(amount))


def lines_of(raw: bytes) -> Sequence[CashLine]:
    """Return whom a sealed file pays, whether it is a list for a cash point or a pain.001 that is carried by hand.

    Raises:
        Unreadable: it is neither.
    """
    if raw.startswith(b"<?xml"):
        return [CashLine(one.end_to_end_id, one.holder_name, None, None, one.amount) for one in transfers_of(raw)]
    return read(raw).lines


def paper_of(raw: bytes, list_id: str, payer: str, on: date) -> Paper:
    """Return what is signed at the cash point, in Vietnamese: who gets how much, and room to sign for it.

    Raises:
        Unreadable: the bytes are no sealed file.
    """
    lines = lines_of(raw)
    rows = [
        (
            number,
            line.name,
            "" if line.birth_date is None else f"{line.birth_date:%d/%m/%Y}",
            line.commune or "",
            dong(line.amount),
            "",
            line.end_to_end_id,
        )
        for number, line in enumerate(lines, 1)
    ]
    return Paper(
        authority=payer,
        place="…………",
        on=on,
        title="Danh sách chi trả bằng tiền mặt",
        subtitle=f"Danh sách {list_id}",
        facts=[("Số người", f"{len(lines)}"), ("Tổng số tiền", dong(sum(line.amount for line in lines)))],
        tables=[Table(_PRINTED, (0, 3, 0, 0, 0, 3, 2), rows)],
        closing=["Người nhận ký tên, ghi rõ họ tên sau khi nhận đủ tiền. Người không đến nhận thì gạch ô ký nhận."],
        signatures=[Signature("Người chi"), Signature("Giám sát của xã")],
    )
