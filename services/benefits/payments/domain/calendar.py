"""On which days banks book, and until when on a day: dated data, and what of it nobody has confirmed."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, time, timedelta

from services.benefits.payments.domain.terms import BankTerms, DaysOff
from services.benefits.programmes.domain.terms import in_force

_SATURDAY = 5


def is_banking_day(day: date, off: Sequence[DaysOff]) -> bool:
    """Say whether banks book on a day: no weekend and no holiday, or a weekend that is worked in lieu."""
    year = in_force(off, day)
    if year is not None and day in year.worked_weekends:
        return True
    return day.weekday() < _SATURDAY and (year is None or day not in year.days)


def banking_day_from(day: date, off: Sequence[DaysOff]) -> date:
    """Return the first banking day that is not before a day."""
    while not is_banking_day(day, off):
        day += timedelta(days=1)
    return day


def cut_off_on(day: date, terms: BankTerms, off: Sequence[DaysOff]) -> time | None:
    """Return until when (Asia/Ho_Chi_Minh) a bank takes files to be carried out on that day, None for any time."""
    if terms.month_end_cut_off is None or terms.month_end_days == 0:
        return terms.cut_off
    ends = date(day.year, day.month, monthrange(day.year, day.month)[1])
    days = (ends - timedelta(days=back) for back in range(ends.day))
    last = [one for one in days if is_banking_day(one, off)][: terms.month_end_days]
    return terms.month_end_cut_off if day in last else terms.cut_off


def execution_date(day: date, at: time, terms: BankTerms, off: Sequence[DaysOff]) -> date:
    """Return when a bank carries out what it gets on a day at a time of the day (Asia/Ho_Chi_Minh)."""
    first = banking_day_from(day, off) if terms.banking_days_only else day
    cut_off = cut_off_on(first, terms, off)
    if first == day and cut_off is not None and at >= cut_off:
        following = day + timedelta(days=1)
        return banking_day_from(following, off) if terms.banking_days_only else following
    return first


def is_confirmed(day: date, terms: BankTerms, off: Sequence[DaysOff]) -> bool:
    """Say whether somebody confirmed the hours of the bank, and the days off of that year where they matter."""
    year = in_force(off, day)
    return terms.confirmed and (not terms.banking_days_only or (year is not None and year.confirmed))
