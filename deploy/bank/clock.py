"""The bank's time: the wall's, moved forward as far as it ever was told to."""

from collections.abc import Callable
from datetime import datetime, timedelta

from deploy.bank import settings
from deploy.counterpart.database import Database

_SETTING = "clock_ahead_microseconds"
_MICROSECOND = timedelta(microseconds=1)


class Clock:
    """Tells the bank's time as aware instants. How far it is ahead of the wall survives a restart."""

    def __init__(self, database: Database, wall: Callable[[], datetime]) -> None:
        self._database = database
        self._wall = wall
        with database.transaction() as db:
            self._ahead = timedelta(microseconds=int(settings.read(db, _SETTING) or 0))

    def __call__(self) -> datetime:
        """Return the present instant."""
        return self._wall() + self._ahead

    def move_to(self, instant: datetime) -> None:
        """Move forward to an instant; time that has passed stays passed."""
        ahead = max(self._ahead, instant - self._wall())
        with self._database.transaction() as db:
            settings.write(db, _SETTING, str(ahead // _MICROSECOND))
        self._ahead = ahead
