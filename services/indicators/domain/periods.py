"""Days and months of series. Days are dates in law (Asia/Ho_Chi_Minh); a month is written `2026-11`."""

from datetime import date, timedelta
from typing import Literal

Step = Literal["month", "year"]
MOST_POINTS = 240


class TooManyPoints(ValueError):
    """A series of over `MOST_POINTS` points was asked for."""


def month_of(day: date) -> str:
    """Return the month of a day."""
    return f"{day.year:04}-{day.month:02}"


def month_end(day: date) -> date:
    """Return the last day of a day's month."""
    return _next_month(day) - timedelta(days=1)


def year_before(day: date) -> date:
    """Return the same day a year earlier; 28 February for 29 February."""
    return months_before(day, 12)


def months_before(day: date, months: int) -> date:
    """Return the same day of an earlier month, or that month's last day where it is shorter."""
    index = day.year * 12 + day.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    return min(first.replace(day=1) + timedelta(days=day.day - 1), month_end(first))


def points(first: date, last: date, step: Step) -> list[date]:
    """Return the days of a series: the end of each month or year from `first` on, and `last` itself at the end.

    Raises:
        TooManyPoints: more than `MOST_POINTS`.
        ValueError: `last` is before `first`.
    """
    if last < first:
        raise ValueError("a series ends before it begins")
    months = (last.year - first.year) * 12 + last.month - first.month
    if (months if step == "month" else months // 12) >= MOST_POINTS:
        raise TooManyPoints
    found: list[date] = []
    end = _end(first, step)
    while end < last:
        found.append(end)
        end = _end(end + timedelta(days=1), step)
    return [*found, last]


def months(first: str, last: str) -> list[str]:
    """Return the months from one to another, both included.

    Raises:
        TooManyPoints: more than `MOST_POINTS`.
        ValueError: `last` is before `first`, or one is no month.
    """
    begin, end = date.fromisoformat(f"{first}-01"), date.fromisoformat(f"{last}-01")
    return [month_of(day) for day in points(begin, month_end(end), "month")]


def _end(day: date, step: Step) -> date:
    return month_end(day) if step == "month" else date(day.year, 12, 31)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
