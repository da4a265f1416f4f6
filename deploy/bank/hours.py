"""Banking hours as they were set, and the passing of time: what falls due on the way is done at its own instant."""

import json
import sqlite3
from datetime import date, datetime, time, timedelta
from typing import Any

from deploy.bank import execution, returns, settings, statements
from deploy.bank.calendar import Calendar
from deploy.bank.store import FOREVER, Bank
from deploy.counterpart.database import stamp

_SETTING = "calendar"
_DAY_END = "next_day_end"
_A_MOMENT = timedelta(microseconds=1)


def hours_of(db: sqlite3.Connection) -> Calendar | None:
    """Return the bank's calendar, None where it never closes."""
    stored = settings.read(db, _SETTING)
    if stored is None:
        return None
    given: dict[str, Any] = json.loads(stored)
    return Calendar(
        opens=time.fromisoformat(given["opens"]),
        cut_off=time.fromisoformat(given["cut_off"]),
        day_end=time.fromisoformat(given["day_end"]),
        closed=frozenset(map(date.fromisoformat, given["closed"])),
    )


def keep_hours(bank: Bank, calendar: Calendar | None) -> None:
    """Work by a calendar from now on, or without one."""
    with bank.database.transaction() as db:
        if calendar is None:
            settings.write(db, _SETTING, None)
            settings.write(db, _DAY_END, None)
            return
        value = {
            "opens": calendar.opens.isoformat(),
            "cut_off": calendar.cut_off.isoformat(),
            "day_end": calendar.day_end.isoformat(),
            "closed": sorted(day.isoformat() for day in calendar.closed),
        }
        settings.write(db, _SETTING, json.dumps(value))
        settings.write(db, _DAY_END, stamp(calendar.end_of_day_after(bank.clock())))


def next_due(bank: Bank) -> datetime | None:
    """Return the next instant at which the bank has something to do by itself, if there is one."""
    now = bank.clock()
    with bank.database.transaction() as db:
        payment = db.execute("SELECT min(next_at) AS due FROM payment WHERE next_at < ?", (FOREVER,)).fetchone()["due"]
        day_end = settings.read(db, _DAY_END)
        back = returns.next_due(db, now)
    instants = [datetime.fromisoformat(one) for one in (payment, day_end) if one] + ([back] if back else [])
    return min(instants, default=None)


def do_due(bank: Bank) -> int:
    """Do whatever is due now: payments, ends of days, money that comes back; return how much was done."""
    done = 0
    while executed := execution.execute_due(bank).executed:
        done += executed
    done += _end_days(bank)
    with bank.database.transaction() as db:
        return done + returns.book_due(db, bank, bank.clock())


def _end_days(bank: Bank) -> int:
    now = bank.clock()
    with bank.database.transaction() as db:
        calendar, end = hours_of(db), settings.read(db, _DAY_END)
        if calendar is None or end is None or datetime.fromisoformat(end) > now:
            return 0
        settings.write(db, _DAY_END, stamp(calendar.end_of_day_after(now)))
        return statements.close_with_entries(db, bank)


def advance(bank: Bank, to: datetime) -> int:
    """Let time pass until an instant; return how much was done on the way, each thing at the instant it was due.

    A bank that is killed on the way does the rest when it is told again.
    """
    done = do_due(bank)
    while (due := next_due(bank)) is not None and due <= to:
        bank.clock.move_to(max(due, bank.clock() + _A_MOMENT))
        done += do_due(bank)
    bank.clock.move_to(to)
    return done
