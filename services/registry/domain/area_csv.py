"""Reading lists of areas as the statistics office's exports hold them."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from services.registry.domain.areas import UNKNOWN_START, Area

COLUMNS = ("code", "name", "level", "parent_code", "kind", "valid_from", "valid_to")
LONGEST = 1000  # lines after the header
_OPTIONAL = ("parent_code", "valid_to")


@dataclass(frozen=True)
class LineFault:
    """What is wrong in one line; the header is line 1. `column` is None when the line as a whole is at fault.

    `code` is pydantic's or one of ours; `context` fills in its text.
    """

    line: int
    column: str | None
    code: str
    context: Mapping[str, Any] = field(default_factory=dict)


class AreaFileRefused(ValueError):
    """A list of areas cannot be read; `faults` say where."""

    def __init__(self, faults: list[LineFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)


def read_areas(content: str) -> dict[int, Area]:
    """Return the areas, by line, of a CSV text with the header `code,name,level,parent_code,kind,valid_from,valid_to`.

    Dates are `YYYY-MM-DD`; an empty `valid_from` means that the beginning is unknown, an empty `valid_to` that the unit
    still exists. A byte order mark and empty lines are passed over.

    Raises:
        AreaFileRefused: the header is another, there are over 1,000 lines, or some cannot be read; all are named.
    """
    reader = csv.reader(io.StringIO(content.removeprefix("\ufeff")), strict=True)
    areas: dict[int, Area] = {}
    faults: list[LineFault] = []
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise AreaFileRefused([LineFault(1, None, "csv_header")])
        for cells in reader:
            if reader.line_num > LONGEST + 1:
                raise AreaFileRefused([LineFault(reader.line_num, None, "csv_too_long", {"longest": LONGEST})])
            if cells:
                _read_line(reader.line_num, cells, areas, faults)
    except csv.Error:
        faults.append(LineFault(reader.line_num, None, "csv_syntax"))
    if faults:
        raise AreaFileRefused(faults)
    return areas


def _read_line(line: int, cells: list[str], areas: dict[int, Area], faults: list[LineFault]) -> None:
    if len(cells) != len(COLUMNS):
        faults.append(LineFault(line, None, "csv_columns"))
        return
    values: dict[str, object] = dict(zip(COLUMNS, cells, strict=True))
    values |= {name: values[name] or None for name in _OPTIONAL}
    values["valid_from"] = values["valid_from"] or UNKNOWN_START
    try:
        areas[line] = Area.model_validate(values)
    except ValidationError as error:
        faults.extend(
            LineFault(line, str(detail["loc"][0]) if detail["loc"] else None, detail["type"], detail.get("ctx", {}))
            for detail in error.errors()
        )
