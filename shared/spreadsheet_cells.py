"""The program that reads and writes cells for `shared.spreadsheets`: `read PATH` or `write PATH TITLE`.

Reading gives CSV on standard output, writing takes it from standard input.
"""

import csv
import resource
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import IO, Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from shared.csv_text import without_guard

_ROWS_OF_A_SHEET = 1_048_576
_LARGEST = 8 << 30  # bytes unpacked; a million households with their members are less than half of it
_MEMORY = 3 << 30  # bytes of address space
_COLUMN_WIDTH = 22


def _read(path: str, out: IO[str]) -> None:
    with zipfile.ZipFile(path) as packed:
        # What a part says of its size is as much as is unpacked of it.
        if sum(part.file_size for part in packed.infolist()) > _LARGEST:
            sys.exit("the file unpacks to more than any list of ours")
    workbook = load_workbook(path, read_only=True, data_only=True)
    writer = csv.writer(out, lineterminator="\n")
    width = 0
    for number, sheet in enumerate(workbook.worksheets):
        sheet.reset_dimensions()  # what a file says of its own size need not be so
        rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(values_only=True)
        header = _texts(next(rows, ()), 0)
        if not number:
            width = len(header)
            writer.writerow(header)
        writer.writerows(_texts(row, width) for row in rows)


def _texts(row: Sequence[Any], width: int) -> list[str]:
    """Return the cells of a row, as many as the header has where no others are filled."""
    texts = [_text(value) for value in row]
    while len(texts) > width and not texts[-1]:
        texts.pop()
    return texts + [""] * (width - len(texts))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).split())


def _write(path: str, title: str, rows: Iterator[Sequence[str]]) -> None:
    workbook = Workbook(write_only=True)
    header = next(rows, [])
    sheet: Any = None
    count = _ROWS_OF_A_SHEET
    for row in rows:
        if count == _ROWS_OF_A_SHEET:
            sheet, count = _new_sheet(workbook, title, header), 1
        sheet.append([_cell(sheet, value) for value in row])
        count += 1
    if sheet is None:
        _new_sheet(workbook, title, header)
    workbook.save(path)


def _new_sheet(workbook: Workbook, title: str, header: Sequence[str]) -> Any:
    number = len(workbook.worksheets) + 1
    sheet: Any = workbook.create_sheet(title if number == 1 else f"{title} {number}")
    sheet.freeze_panes = "A2"
    for column in range(1, len(header) + 1):
        sheet.column_dimensions[get_column_letter(column)].width = _COLUMN_WIDTH
    cells = [_cell(sheet, name) for name in header]
    for cell in cells:
        cell.font = Font(bold=True)
    sheet.append(cells)
    return sheet


def _cell(sheet: Any, value: str) -> Any:
    cell = WriteOnlyCell(sheet, without_guard(value))
    cell.data_type = "s"  # openpyxl takes what begins with `=` for a formula
    cell.number_format = "@"  # so that a zero in front stays when somebody corrects the cell
    return cell


def main() -> None:
    """Do what the parent process asks on the command line."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    match sys.argv[1:]:
        case ["read", path]:
            sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
            _read(path, sys.stdout)
        case ["write", path, title]:
            sys.stdin.reconfigure(encoding="utf-8-sig", newline="")  # type: ignore[union-attr]
            csv.field_size_limit(1 << 20)
            _write(path, title, csv.reader(sys.stdin))
        case _:
            sys.exit("usage: read PATH | write PATH TITLE")


if __name__ == "__main__":
    main()
