"""Asking whose account it is: the four verdicts on a name, and whether the account takes money."""

import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from deploy.bank.accounts import refusal_of_status
from deploy.bank.store import Bank

_STROKES = str.maketrans({"đ": "d", "Đ": "D", "’": "'", "‘": "'"})


@dataclass(frozen=True)
class Answer:
    """What the bank says of an account and a name: a verdict, why, and who holds it.

    `verdict` is match, close, no_match or not_checkable; `reason` an ISO code, or the bank's own word where a holder
    cannot draw. `holder_name` is in capitals without marks.
    """

    verdict: str
    reason: str | None
    holder_name: str | None


def latin(name: str) -> str:
    """Return a name in capitals without marks, words apart by one space."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_STROKES))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).upper().split())


def compared(asked: str, held: str) -> str:
    """Return how a name fits the holder's: match, close or no_match."""
    ours, theirs = latin(asked).split(), latin(held).split()
    if ours == theirs:
        return "match"
    if Counter(ours) == Counter(theirs) or _misses_a_middle(ours, theirs) or _one_letter(ours, theirs):
        return "close"
    return "no_match"


def _misses_a_middle(ours: list[str], theirs: list[str]) -> bool:
    shorter, longer = sorted((ours, theirs), key=len)
    return any(shorter == longer[:at] + longer[at + 1 :] for at in range(1, len(longer) - 1))


def _one_letter(ours: list[str], theirs: list[str]) -> bool:
    if len(ours) != len(theirs):
        return False
    differing = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    return len(differing) == 1 and _near(*differing[0])


def _near(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) == len(longer):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    return any(shorter == longer[:at] + longer[at + 1 :] for at in range(len(longer)))


def verify(bank: Bank, bin_: str, account: str, name: str) -> Answer:
    """Return what this bank, or the one with that NAPAS member id, says of an account and a name.

    The last digits of an account choose an answer as they choose how it is paid. An account nobody registered is
    held by whoever is asked for.
    """
    asked = latin(name)
    chosen = _ENDINGS.get(account[-5:])
    if chosen is not None:
        verdict, reason, held = chosen
        return Answer(verdict, reason, held(asked))
    table, where = ("account", "id = ?") if bin_ == bank.terms.bin else ("other_bank_account", "number = ? AND bin = ?")
    values = (account,) if bin_ == bank.terms.bin else (account, bin_)
    with bank.database.transaction() as db:
        row = db.execute(f"SELECT holder, status FROM {table} WHERE {where}", values).fetchone()  # noqa: S608 - two texts
    held_by = latin(row["holder"]) if row and row["holder"] else asked
    refused = refusal_of_status(row["status"]) if row else None
    return Answer("no_match" if refused else compared(asked, held_by), refused, held_by)


def _same(asked: str) -> str | None:
    return asked


def _nobody(_: str) -> str | None:
    return None


def _another(_: str) -> str | None:
    return "TRAN VAN KHAC"


def _shortened(asked: str) -> str | None:
    words = asked.split()
    return " ".join([*words[:1], *words[2:]]) if len(words) > 2 else f"{asked} THI"


_ENDINGS: dict[str, tuple[str, str | None, Callable[[str], str | None]]] = {
    "90101": ("no_match", "AC01", _nobody),
    "90104": ("no_match", "AC04", _same),
    "90106": ("no_match", "AC06", _same),
    "90108": ("no_match", None, _another),
    "90109": ("close", None, _shortened),
    "90110": ("not_checkable", None, _nobody),
    "90120": ("match", "XB-ID-EXPIRED", _same),
}
