"""Papers as XLSX, written row by row."""

import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from shared.documents.paper import MOTTO, STATE, Paper, dated

_BOLD = Font(bold=True)
_CENTRED = Alignment(horizontal="center", wrap_text=True)
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def written(paper: Paper) -> bytes:
    """Return a paper's heading and tables as a workbook of one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Danh sách")
    tables = list(paper.tables)
    widest = max((table.columns for table in tables), key=len)
    for index, name in enumerate(widest):
        sheet.column_dimensions[chr(ord("A") + index)].width = max(12, len(name) + 4, 28 if index == 1 else 0)
    for line in (paper.authority.upper(), STATE, MOTTO, f"{paper.place}, {dated(paper.on)}", "", paper.title.upper()):
        sheet.append([_cell(sheet, line, bold=True)])
    for line in filter(None, (paper.subtitle, *(f"{name}: {value}" for name, value in paper.facts))):
        sheet.append([_cell(sheet, line)])
    for table in tables:
        sheet.append([])
        if table.title is not None:
            sheet.append([_cell(sheet, table.title, bold=True)])
        sheet.append([_cell(sheet, name, bold=True, centred=True) for name in table.columns])
        for row in table.rows:
            sheet.append(_cells(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _cell(sheet: Any, value: str, *, bold: bool = False, centred: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value)
    if bold:
        cell.font = _BOLD
    if centred:
        cell.alignment = _CENTRED
    return cell


def _cells(row: Sequence[str | int]) -> list[str | int]:
    """Return the cells of a row; text that a spreadsheet would take for a formula begins with an apostrophe."""
    return [f"'{value}" if isinstance(value, str) and value.startswith(_BEGINS_A_FORMULA) else value for value in row]
