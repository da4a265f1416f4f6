"""Whose account is it: the holder's name that we have beside what the bank says, before money goes there."""

from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import Levenshtein

from services.benefits.payments.domain.payees import bank_name


class Verdict(StrEnum):
    """What a check of an account found.

    MATCH: the bank's holder is ours. CLOSE: perhaps (an initial, a missing middle name, one letter): a person decides.
    NO_MATCH: somebody else's, closed, or no such account. NOT_CHECKABLE: the bank does not tell.
    """

    MATCH = "match"
    CLOSE = "close"
    NO_MATCH = "no_match"
    NOT_CHECKABLE = "not_checkable"


@dataclass(frozen=True, slots=True)
class Verification:
    """A bank's answer about an account. `reason` is an ISO code (ExternalVerificationReason1) or the bank's own.

    `holder_name` is who the bank says holds it, where it tells: personal data.
    """

    verdict: Verdict
    reason: str | None = None
    holder_name: str | None = None


def told(ours: str, holder_name: str | None, reason: str | None, close: float) -> Verification:
    """Return what a bank's answer amounts to that gives a holder, or a reason for which nobody may be paid there."""
    if reason is not None:
        return Verification(Verdict.NO_MATCH, reason, holder_name)
    if holder_name is None:
        return Verification(Verdict.NOT_CHECKABLE)
    return Verification(compare(ours, holder_name, close), None, holder_name)


_INITIAL = 1


def compare(ours: str, theirs: str, close: float) -> Verdict:
    """Return how the holder's name that we have stands to the bank's; marks, case and punctuation say nothing.

    `close` is the part of the letters that must be the same for a name to be perhaps ours (`BankTerms.close_name`).

    Banks write names as `DANG VAN DUC`, some shorten the middle to initials or leave it out; Vietnamese names are told
    apart by single letters, so only the same letters are a match.
    """
    mine, other = _words(ours), _words(theirs)
    if not mine or not other:
        return Verdict.NOT_CHECKABLE
    if mine == other:
        return Verdict.MATCH
    if sorted(mine) == sorted(other) or _shortened(mine, other) or _shortened(other, mine):
        return Verdict.CLOSE
    likeness = Levenshtein.normalized_similarity(" ".join(mine), " ".join(other))
    return Verdict.CLOSE if likeness >= close else Verdict.NO_MATCH


def _words(name: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in bank_name(name).replace("'", "")).split()


def _shortened(whole: list[str], short: list[str]) -> bool:
    """Say whether one name is the other with its middle left out or cut to initials; both ends must be there."""
    if len(whole) < 2 or len(short) < 2 or (whole[0], whole[-1]) != (short[0], short[-1]):
        return False
    middle = iter(whole[1:-1])
    return all(any(_same_or_initial(full, word) for full in middle) for word in short[1:-1])


def _same_or_initial(full: str, word: str) -> bool:
    return full == word or (len(word) == _INITIAL and full.startswith(word))
