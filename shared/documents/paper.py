"""What stands on a paper of a commune, whatever it is written as. Papers are in Vietnamese."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

STATE = "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"


@dataclass(frozen=True)
class Table:
    """A table; `widths` are shares of the page, 0 for a column as wide as what stands in it."""

    columns: Sequence[str]
    widths: Sequence[int]
    rows: Sequence[Sequence[str | int]]
    title: str | None = None


@dataclass(frozen=True)
class Signature:
    """Who signs, in which office; the name may be left to be written."""

    office: str
    name: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper of an authority (UBND xã …) at a place on a day, with its number where it has one."""

    authority: str
    place: str
    on: date
    title: str
    signatures: Sequence[Signature]
    number: str | None = None
    subtitle: str | None = None
    opening: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    closing: Sequence[str] = ()


def dated(day: date) -> str:
    """Return a day as papers write it: `ngày 05 tháng 12 năm 2026`."""
    return f"ngày {day.day:02} tháng {day.month:02} năm {day.year}"
