"""CSV as spreadsheet programs open it, without harm."""

import csv
import io
from collections.abc import Iterable, Sequence

MEDIA_TYPE = "text/csv"
BYTE_ORDER_MARK = "\ufeff"  # by it they know UTF-8
# What they take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Return rows as CSV; what would be a formula has an apostrophe before."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return written.getvalue()


def without_guard(cell: str) -> str:
    """Return a cell as it was before `csv_lines` put an apostrophe in front of it."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
