"""Where money goes: an account as it can be written into a payment file, or why it cannot."""

import re
from dataclasses import dataclass
from typing import Literal

from shared.text import latin

PayeeProblem = Literal["no_account", "bank_number", "account_number", "holder_name"]

LONGEST_NAME = 70  # banks cut or refuse more, though ISO 20022 allows 140
_BIN = re.compile(r"\d{6}")
_NUMBER = re.compile(r"[A-Za-z0-9]{6,19}")


@dataclass(frozen=True, slots=True)
class Payee:
    """An account: the bank's NAPAS number (6 digits), the account number and its holder's name as registered."""

    bank_bin: str
    account_number: str
    holder_name: str


def bank_name(name: str) -> str:
    """Return a name as banks write it: Latin letters without marks, upper case."""
    return latin(name).upper()


def problem_of(payee: Payee | None) -> PayeeProblem | None:
    """Return why money cannot be sent to a payee, None when it can. Nothing is cut to fit."""
    if payee is None:
        return "no_account"
    if not _BIN.fullmatch(payee.bank_bin):
        return "bank_number"
    if not _NUMBER.fullmatch(payee.account_number):
        return "account_number"
    name = bank_name(payee.holder_name)
    if not name or len(name) > LONGEST_NAME or "//" in name or name.startswith("/"):
        return "holder_name"
    return None


def masked(number: str | None) -> str | None:
    """Return an account number as people may see it: the last three digits."""
    return None if number is None else "•••" + number[-3:]
