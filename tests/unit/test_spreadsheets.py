"""Lists as XLSX and as CSV that a spreadsheet program opens without harm."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from shared.csv_text import csv_lines, without_guard
from shared.spreadsheets import NotASpreadsheet, csv_of_xlsx, xlsx_stream


async def _pieces(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


async def _rows(path: Path) -> list[list[str]]:
    content = b"".join([piece async for piece in csv_of_xlsx(path)]).decode()
    return list(csv.reader(io.StringIO(content)))


async def test_what_is_written_as_a_workbook_is_read_again(tmp_path: Path) -> None:
    rows = [["Họ và tên", "Số định danh"], ["Hà Thị Mận", "025185000123"], ["=1+1", "+84912345678"], ["", "a\nb"]]
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"".join([each async for each in xlsx_stream(_pieces(csv_lines(rows)), title="Danh sách")]))
    sheet = load_workbook(path)["Danh sách"]
    assert [cell.data_type for cell in sheet[3]] == ["s", "s"]
    assert sheet.freeze_panes == "A2"
    assert await _rows(path) == [*rows[:3], ["", "a b"]]


async def test_cells_are_read_as_people_see_them_line_by_row(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["ngày", "số", "thập phân"])
    book.active.append([date(1985, 3, 12), 42, 1.5])
    book.active.append([])
    book.active.append([datetime(1985, 3, 12), 42.0, None])  # noqa: DTZ001 - as spreadsheets have them
    second = book.create_sheet()
    second.append(["ngày", "số", "thập phân"])
    second.append(["x", "y", "z"])
    path = tmp_path / "list.xlsx"
    book.save(path)
    assert await _rows(path) == [
        ["ngày", "số", "thập phân"], ["1985-03-12", "42", "1.5"], [""] * 3, ["1985-03-12", "42", ""], ["x", "y", "z"],
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"household,area_code\n", b"PK\x03\x04 cut off"])
async def test_what_is_no_workbook_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(content)
    with pytest.raises(NotASpreadsheet):
        await _rows(path)


async def test_a_workbook_that_unpacks_to_no_end_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "burst.xlsx"
    book = Workbook()
    book.save(path)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/more.xml", b"x")
        packed.infolist()[-1].file_size = 9 << 30
    with pytest.raises(NotASpreadsheet):
        await _rows(path)


@given(st.text())
def test_no_cell_of_a_list_is_a_formula_and_each_comes_back(cell: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_lines([[cell, "end"]]), newline=""))
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))
    if not cell.startswith("'"):
        assert without_guard(row[0]) == cell
