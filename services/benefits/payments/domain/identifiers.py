"""The identifiers that a bank sees: characters A-Z 0-9 and the hyphen, 35 at most, unique for good."""

from datetime import date


def message_id(payer: str, day: date, number: int) -> str:
    """Return the MsgId of a sealed file: `<payer>-<yyyymmdd>-<number>-A`.

    `number` counts the payer account's files for good. A file that is sent again keeps its id and bytes; other content
    is another file with another number.
    """
    return f"{payer}-{day:%Y%m%d}-{number:04d}-A"


def number_of(message: str) -> int:
    """Return the number in a MsgId of ours; 0 where it has none."""
    digits = message.rpartition("-")[0].rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() else 0
