"""Reading lists of areas as the statistics office's exports hold them."""

import csv
import io
from dataclasses import dataclass

from pydantic import ValidationError

from services.registry.domain.areas import UNKNOWN_START, Area

COLUMNS = ("code", "name", "level", "parent_code", "kind", "valid_from", "valid_to")
_OPTIONAL = ("parent_code", "valid_to")


@dataclass(frozen=True)
class LineFault:
    """What is wrong in one line; the header is line 1. `column` is None when the line as a whole is at fault."""

    line: int
    column: str | None
    code: str


class AreaFileRefused(ValueError):
    """A list of areas cannot be read; `faults` say where."""

    def __init__(self, faults: list[LineFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)


def read_areas(content: str) -> list[Area]:
    """Return the areas of a CSV text with the header `code,name,level,parent_code,kind,valid_from,valid_to`.

    Dates are `YYYY-MM-DD`; an empty `valid_from` means that the beginning is unknown, an empty `valid_to` that the unit
    still exists. A byte order mark and empty lines are passed over.

    Raises:
        AreaFileRefused: the header is another, or lines cannot be read; all of them are named.
    """
    reader = csv.reader(io.StringIO(content.removeprefix("\ufeff")), strict=True)
    areas: list[Area] = []
    faults: list[LineFault] = []
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise AreaFileRefused([LineFault(1, None, "csv_header")])
        for cells in reader:
            if cells:
                _read_line(reader.line_num, cells, areas, faults)
    except csv.Error:
        faults.append(LineFault(reader.line_num, None, "csv_syntax"))
    if faults:
        raise AreaFileRefused(faults)
    return areas


def _read_line(line: int, cells: list[str], areas: list[Area], faults: list[LineFault]) -> None:
    if len(cells) != len(COLUMNS):
        faults.append(LineFault(line, None, "csv_columns"))
        return
    values: dict[str, object] = dict(zip(COLUMNS, cells, strict=True))
    values |= {name: values[name] or None for name in _OPTIONAL}
    values["valid_from"] = values["valid_from"] or UNKNOWN_START
    try:
        areas.append(Area.model_validate(values))
    except ValidationError as error:
        faults.extend(
            LineFault(line, str(detail["loc"][0]) if detail["loc"] else None, detail["type"])
            for detail in error.errors()
        )
