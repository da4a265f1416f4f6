"""Months (`2026-11`) and fiscal years, which are calendar years."""

import re
from dataclasses import dataclass
from datetime import date

PERIOD = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class AwardSpan:
    """The months of an award, both included, within one fiscal year, as budgets are. `months` is how many they are."""

    first_month: str
    last_month: str
    fiscal_year: int
    months: int


def month_of(day: date) -> str:
    """Return the month of a day, `2026-11`."""
    return f"{day:%Y-%m}"


def span_from(granted_on: date) -> AwardSpan:
    """Return the span of an award: from the month of its decision to the end of that fiscal year."""
    return AwardSpan(
        first_month=month_of(granted_on),
        last_month=f"{granted_on.year}-12",
        fiscal_year=granted_on.year,
        months=13 - granted_on.month,
    )


def months_between(first: str, last: str) -> list[str]:
    """Return the months from one to another, both included; none when the last is before the first."""
    year, month = int(first[:4]), int(first[5:])
    found = []
    while f"{year}-{month:02d}" <= last:
        found.append(f"{year}-{month:02d}")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found
