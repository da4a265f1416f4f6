"""XLSX in and out, row by row, in a process of its own: reading and writing cells is too much work for the service's.

What passes between the processes is CSV, so that whoever reads and writes CSV reads and writes XLSX too.
"""

import asyncio
import contextlib
import csv
import resource
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from shared.csv_text import without_guard

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ROWS_OF_A_SHEET = 1_048_576
_LARGEST = 8 << 30  # bytes unpacked; a million households with their members are less than half of it
_MEMORY = 3 << 30  # bytes of address space
_PIECE = 1 << 16  # bytes
_COLUMN_WIDTH = 22


class NotASpreadsheet(ValueError):
    """The file cannot be read as XLSX."""


async def csv_of_xlsx(path: Path) -> AsyncIterator[bytes]:
    """Give the rows of a workbook's sheets as CSV in UTF-8, a line a row: line breaks in cells become spaces.

    Of the second sheet and those after it the header is passed over. Dates read `1985-03-12`, whole numbers `42`.

    Raises:
        NotASpreadsheet: the file is no XLSX, or takes more memory than any list of ours.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, "read", str(path), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101 - opened with a pipe
    try:
        while piece := await process.stdout.read(_PIECE):
            yield piece
        if await process.wait():
            raise NotASpreadsheet(path.name)
    finally:
        await _end(process)


async def xlsx_of_csv(pieces: AsyncIterator[str], path: Path, *, title: str) -> None:
    """Write rows that come as CSV, the header first, into a workbook: all cells text, none a formula.

    More rows than a sheet holds go on in the next one, under the same header.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, "write", str(path), title, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None  # noqa: S101 - opened with a pipe
    try:
        async for piece in pieces:
            process.stdin.write(piece.encode())
            await process.stdin.drain()
        process.stdin.close()
        if code := await process.wait():
            raise OSError(f"writing a workbook ended with {code}")
    finally:
        await _end(process)


async def xlsx_stream(pieces: AsyncIterator[str], *, title: str) -> AsyncIterator[bytes]:
    """Give the workbook of rows that come as CSV; the file stands on disk only meanwhile."""
    with tempfile.TemporaryDirectory(prefix="ansinh-") as folder:
        path = Path(folder) / "list.xlsx"
        await xlsx_of_csv(pieces, path, title=title)
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


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
