"""The forms that texts have in the messages that we write, beyond what the schemas ask."""

import re
from datetime import date, datetime

IDENTIFIER = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,33}[A-Z0-9])?")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
VND = re.compile(r"[1-9][0-9]{0,17}")
BANK_BIN = re.compile(r"[0-9]{6}")
ACCOUNT_NUMBER = re.compile(r"[A-Za-z0-9]{6,19}")
_BANK_TEXT = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]+")


def has_form(form: re.Pattern[str], text: str | None) -> bool:
    """Return whether a text is there and is wholly of a form."""
    return text is not None and form.fullmatch(text) is not None


def is_bank_text(text: str | None, longest: int) -> bool:
    """Return whether a text is of the characters that banks exchange, and not too long."""
    return text is not None and len(text) <= longest and _BANK_TEXT.fullmatch(text) is not None


def is_date(text: str | None) -> bool:
    """Return whether a text is a day of the calendar."""
    try:
        return text is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def is_instant(text: str | None) -> bool:
    """Return whether a text is an instant with its offset."""
    try:
        return text is not None and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
