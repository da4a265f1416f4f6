"""Rates in per cent with two decimals, and why there is none: a rate that cannot be told is never 0."""

from dataclasses import dataclass
from enum import StrEnum

SMALLEST_BASE = 20  # households or people; under it one family moves a rate by five points and may be recognised


class NoRate(StrEnum):
    """Why a figure has no rate."""

    NO_BASE = "no_published_base"
    SMALL_BASE = "base_under_20"
    NO_DECISIONS = "no_decisions"


@dataclass(frozen=True, slots=True)
class Rate:
    """A share in hundredths of a per cent (316 is 3.16 %), or the reason why there is none."""

    hundredths: int | None
    reason: NoRate | None = None

    @property
    def percent(self) -> float | None:
        """The rate in per cent, two decimals."""
        return None if self.hundredths is None else self.hundredths / 100


def hundredths_of_percent(part: int, whole: int) -> int:
    """Return 100 × part / whole to two decimals, half up, as hundredths of a per cent.

    Raises:
        ValueError: a negative part, or a whole that is not positive.
    """
    if part < 0 or whole <= 0:
        raise ValueError("a rate needs a part of 0 or more and a whole over 0")
    return (20_000 * part + whole) // (2 * whole)


def rate(part: int, base: int | None, *, decided: bool) -> Rate:
    """Return the rate of `part` in a published base.

    `decided` tells whether anything was decided in the area: where nothing was, nobody knows that nobody is poor.
    """
    if not decided:
        return Rate(None, NoRate.NO_DECISIONS)
    if base is None or base <= 0:
        return Rate(None, NoRate.NO_BASE)
    if base < SMALLEST_BASE:
        return Rate(None, NoRate.SMALL_BASE)
    return Rate(hundredths_of_percent(part, base))


def change(now: Rate, before: Rate) -> Rate:
    """Return the change in percentage points between two published rates; none when either is missing.

    The rounded rates are subtracted, so that a reader who does the same finds the same.
    """
    if now.hundredths is None or before.hundredths is None:
        return Rate(None, now.reason or before.reason)
    return Rate(now.hundredths - before.hundredths)
