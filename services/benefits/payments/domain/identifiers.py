"""The identifiers that a bank sees: characters A-Z 0-9 and the hyphen, 35 at most, unique for good."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TICK = timedelta(milliseconds=1)


def numbered_after(last: datetime | None, now: datetime) -> datetime:
    """Return the instant by which a payer account's next file is numbered: now, but each file has a millisecond.

    Time goes on where a count does not: a database that was restored and has forgotten files never gives another file
    the id of one of them.
    """
    tick = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return tick if last is None else max(tick, last + _TICK)


def message_id(payer: str, numbered: datetime) -> str:
    """Return the MsgId of a sealed file: `<payer>-<yyyymmdd>-<six characters>`, 31 at most.

    They are the millisecond of the day at which it is numbered, in Viet Nam's time, which `numbered` is given in. A
    file that is sent again keeps its id and bytes; other content is another file with another id.
    """
    midnight = numbered.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{payer}-{numbered:%Y%m%d}-{_crockford((numbered - midnight) // _TICK, 6)}"


def end_to_end_id(award_id: UUID, period: str, kind: str, attempt: int) -> str:
    """Return the EndToEndId of an attempt (from 1) to pay what an award owes for a month: 26 characters.

    It is worked out, not drawn: a database that was restored and has forgotten an attempt gives the next one the same
    id, which a bank that was told to pay under it refuses.
    """
    said = f"{award_id}/{period}/{kind}/{attempt}".encode()
    value = int.from_bytes(hashlib.sha256(said).digest()[:16])
    return _crockford(value, 26)


def _crockford(value: int, characters: int) -> str:
    return "".join(_CROCKFORD[value >> 5 * place & 31] for place in reversed(range(characters)))
