"""Time: aware instants in UTC, dates in law in Asia/Ho_Chi_Minh."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def legal_date(instant: datetime) -> date:
    """Return the date in law (Asia/Ho_Chi_Minh) of an aware instant.

    Raises:
        ValueError: the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("a date in law needs an aware instant")
    return instant.astimezone(VIETNAM).date()


def today() -> date:
    """Return today's date in law (Asia/Ho_Chi_Minh)."""
    return legal_date(now())
