"""The identifiers that a bank sees: characters A-Z 0-9 and the hyphen, 35 at most, unique for good."""

import hashlib
from datetime import date
from uuid import UUID

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


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


def end_to_end_id(award_id: UUID, period: str, kind: str, attempt: int) -> str:
    """Return the EndToEndId of an attempt (from 1) to pay what an award owes for a month: 26 characters.

    It is worked out, not drawn: a database that was restored and has forgotten an attempt gives the next one the same
    id, which a bank that was told to pay under it refuses.
    """
    said = f"{award_id}/{period}/{kind}/{attempt}".encode()
    value = int.from_bytes(hashlib.sha256(said).digest()[:16])
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))
