"""Reading CSV that somebody else wrote: bounded, row by row; amounts are whole VND."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date

from services.benefits.payments.iso20022.reading import LARGEST_MESSAGE, MOST_RECORDS, Unreadable
from shared.csv_text import without_guard


def rows(raw: bytes) -> Iterator[list[str]]:
    """Yield the rows that are not empty, cells without spaces around them.

    Raises:
        Unreadable: too large, not UTF-8 or not CSV.
    """
    if len(raw) > LARGEST_MESSAGE:
        raise Unreadable("larger than a message may be")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("not UTF-8") from error
    try:
        for count, row in enumerate(csv.reader(io.StringIO(text), strict=True)):
            if count > MOST_RECORDS:
                raise Unreadable("more lines than a list may have")
            if row:
                yield [without_guard(cell.strip()) for cell in row]
    except csv.Error as error:
        raise Unreadable("not CSV") from error


def cells(row: Sequence[str], count: int) -> Sequence[str]:
    """Return a row that has as many cells as it must. Raises Unreadable."""
    if len(row) != count:
        raise Unreadable("a row of other columns")
    return row


def is_whole(text: str) -> bool:
    """Return whether a text is a whole number that a bank writes."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def whole(text: str) -> int:
    """Return a whole number of the head. Raises Unreadable."""
    if not is_whole(text):
        raise Unreadable("a balance or number in the head is no whole number")
    return int(text)


def day(text: str) -> date:
    """Return the day in the head. Raises Unreadable."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unreadable("the date in the head is none") from error
