"""Reading a list of households as it comes in: a CSV file, a row a member, piece by piece."""

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from services.registry.domain.list_words import column_of
from shared.text import clean

REFERENCE = "household"
REQUIRED = (REFERENCE, "area_code", "full_name", "sex", "birth_date", "ethnicity", "relationship")
# Of an account of somebody else: who may receive the money, and by which document.
AUTHORISED = (
    "authorised_name", "authorised_number", "authorised_document", "authorised_document_number",
    "authorised_document_date", "authorised_from", "authorised_to",
)  # fmt: skip
OPTIONAL = (
    "registered_on", "phone", "personal_number", "bank_bin", "account_number", "account_holder", *AUTHORISED,
)  # fmt: skip
# What our list of refused rows adds; it is passed over when that list comes back.
REPORT = ("line", "error_vi", "mend_vi", "error_en", "mend_en")
LONGEST_REFERENCE = 100

_LONGEST_LINE = 1 << 17  # characters; a row of ours has some hundred
_DELIMITERS = ",;\t"
_DAY_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


class HouseholdFileRefused(ValueError):
    """The file cannot be read from `line` on (the header is line 1), or its header is another."""

    def __init__(self, line: int, code: str, fields: Mapping[str, object] = MappingProxyType({})) -> None:
        super().__init__(f"line {line}: {code}")
        self.line = line
        self.code = code
        self.fields = fields


@dataclass(frozen=True)
class Row:
    """A row of the file. `reference` names its household; it is empty where the cell is empty or too long."""

    line: int
    reference: str
    cells: Sequence[str]


class _NoMoreLines(Exception):
    """The lines that came so far end here; the file may go on."""


@dataclass
class _Lines:
    """Lines for the CSV reader, which can be given back when a record is not complete yet."""

    waiting: deque[str] = field(default_factory=deque)
    taken: list[str] = field(default_factory=list)
    ended: bool = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self.waiting:
            raise StopIteration if self.ended else _NoMoreLines
        self.taken.append(self.waiting.popleft())
        return self.taken[-1]

    def give_back(self) -> None:
        self.waiting.extendleft(reversed(self.taken))
        self.taken.clear()


class HouseholdFile:
    """A file that is fed in pieces of any size; `columns` and `delimiter` are known once the header came.

    UTF-8 with or without a byte order mark; separated by comma, semicolon or tab, as the header is. The columns may
    stand in any order. Empty lines are passed over.
    """

    def __init__(self) -> None:
        self.columns: tuple[str, ...] = ()
        self.delimiter = ","
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._tail = ""
        self._lines = _Lines()
        self._reader: Iterator[list[str]] | None = None
        self._line = 0
        self._reference_at = 0

    def feed(self, piece: bytes) -> list[Row]:
        """Return the rows that are complete with this piece.

        Raises:
            HouseholdFileRefused: not UTF-8, not CSV, or not our header.
        """
        return self._take(self._decoded(piece, final=False))

    def end(self) -> list[Row]:
        """Return the rows after the last line break.

        Raises:
            HouseholdFileRefused: the file breaks off inside a character or a quotation, or has no header.
        """
        self._lines.ended = True
        rows = self._take(self._decoded(b"", final=True))
        if not self.columns:
            raise HouseholdFileRefused(1, "household_header_missing", {"columns": ", ".join(REQUIRED)})
        return rows

    def _decoded(self, piece: bytes, *, final: bool) -> str:
        try:
            return self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            line = self._line + len(self._lines.waiting) + error.object[: error.start].count(b"\n") + 1
            raise HouseholdFileRefused(line, "not_utf8") from None

    def _take(self, text: str) -> list[Row]:
        lines = (self._tail + text).split("\n")
        self._tail = lines.pop()
        self._lines.waiting.extend(f"{line}\n" for line in lines)
        if self._lines.ended and self._tail:
            self._lines.waiting.append(self._tail)
        elif len(self._tail) > _LONGEST_LINE:
            raise HouseholdFileRefused(self._line + len(self._lines.waiting) + 1, "csv_syntax")
        return [row for row in self._records() if row is not None]

    def _records(self) -> Iterator[Row | None]:
        while self._lines.waiting:
            if self._reader is None:
                self.delimiter = max(_DELIMITERS, key=self._lines.waiting[0].count)
                self._reader = csv.reader(self._lines, strict=True, delimiter=self.delimiter)
            first = self._line + 1
            try:
                cells = next(self._reader)
            except _NoMoreLines:
                self._lines.give_back()
                return
            except csv.Error:
                raise HouseholdFileRefused(first, "csv_syntax") from None
            self._line += len(self._lines.taken)
            self._lines.taken.clear()
            yield self._row(first, cells)

    def _row(self, line: int, cells: list[str]) -> Row | None:
        if not any(cells):
            return None
        if any("\0" in cell for cell in cells):
            raise HouseholdFileRefused(line, "csv_syntax")
        if not self.columns:
            self.columns = _columns(line, cells)
            self._reference_at = self.columns.index(REFERENCE)
            return None
        reference = clean(cells[self._reference_at]) if self._reference_at < len(cells) else ""
        return Row(line, reference if len(reference) <= LONGEST_REFERENCE else "", cells)


def _columns(line: int, cells: Sequence[str]) -> tuple[str, ...]:
    names = tuple(column_of(cell) for cell in cells)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise HouseholdFileRefused(line, "household_header_missing", {"columns": ", ".join(missing)})
    unknown = [name for name in names if name not in {*REQUIRED, *OPTIONAL, *REPORT}]
    twice = sorted({name for name in names if names.count(name) > 1})
    if unknown or twice:
        known = ", ".join((*REQUIRED, *OPTIONAL))
        raise HouseholdFileRefused(line, "household_header_unknown", {"columns": known})
    return names


def iso_day(written: str) -> str:
    """Return a day that is written day first, `12/3/1985`, as `1985-03-12`; any other text as it is."""
    match = _DAY_FIRST.fullmatch(written)
    return written if match is None else f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}"
