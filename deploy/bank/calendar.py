"""Banking days and cut-offs: when a payment is carried out. A bank without a calendar never closes."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Hours in Viet Nam's time; `closed` are days without banking beside Saturdays and Sundays.

    `day_end` is when the day's statements are closed.
    """

    opens: time
    cut_off: time
    day_end: time
    closed: frozenset[date] = frozenset()

    def is_banking_day(self, day: date) -> bool:
        """Say whether the bank carries payments out on a day."""
        return day.weekday() < _SATURDAY and day not in self.closed

    def refusal(self, asked_for: date, received: datetime) -> str | None:
        """Return the ISO reason for which a date cannot be had: CH04 is past, DT03 is no banking day."""
        if asked_for < received.astimezone(VIETNAM).date():
            return "CH04"
        return None if self.is_banking_day(asked_for) else "DT03"

    def execution(self, asked_for: date, received: datetime) -> datetime:
        """Return when a payment received at an instant for a date is carried out: at once, or when the bank opens."""
        local = received.astimezone(VIETNAM)
        day = max(asked_for, local.date())
        if day == local.date() and (local.time() >= self.cut_off or not self.is_banking_day(day)):
            day += _ONE_DAY
        while not self.is_banking_day(day):
            day += _ONE_DAY
        return max(received, datetime.combine(day, self.opens, VIETNAM))

    def end_of_day_after(self, instant: datetime) -> datetime:
        """Return the next end of a day after an instant; statements are closed on each day of the calendar."""
        local = instant.astimezone(VIETNAM)
        end = datetime.combine(local.date(), self.day_end, VIETNAM)
        return end if end > local else end + _ONE_DAY
