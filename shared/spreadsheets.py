"""XLSX in and out, row by row, in a process of its own: reading and writing cells is too much work for the service's.

What passes between the processes is CSV, so that whoever reads and writes CSV reads and writes XLSX too.
"""

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PIECE = 1 << 16  # bytes
_CELLS = "shared.spreadsheet_cells"  # the program, never imported here: its library takes 8 MB


class NotASpreadsheet(ValueError):
    """The file cannot be read as XLSX."""


async def csv_of_xlsx(path: Path) -> AsyncIterator[bytes]:
    """Give the rows of a workbook's sheets as CSV in UTF-8, a line a row: line breaks in cells become spaces.

    Of the second sheet and those after it the header is passed over. Dates read `1985-03-12`, whole numbers `42`.

    Raises:
        NotASpreadsheet: the file is no XLSX, or takes more memory than any list of ours.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _CELLS, "read", str(path), stdout=asyncio.subprocess.PIPE,
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
        sys.executable, "-m", _CELLS, "write", str(path), title, stdin=asyncio.subprocess.PIPE
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
