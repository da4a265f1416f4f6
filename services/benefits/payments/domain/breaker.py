"""When a bank that does not answer is left alone for a while, so that its outage stops nobody else.

A bank that takes files is `closed` to failures: they count up to a limit, then nothing is sent until a time; after it
one file is tried, and a success forgets the failures.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

_CREDENTIALS = timedelta(minutes=15)
_THROTTLED = timedelta(minutes=1)
_RESTS = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 10, 30, 60, 120, 300))


@dataclass(frozen=True, slots=True)
class Channel:
    """What a bank's last calls came to. `open_until` is until when nothing is sent."""

    failures: int = 0
    open_until: datetime | None = None
    reason: str | None = None

    def may_send(self, now: datetime) -> bool:
        """Say whether a file may be sent now."""
        return self.open_until is None or self.open_until <= now

    def after_success(self) -> "Channel":
        """Return the channel once the bank answered as it should, whatever it said."""
        return Channel()

    def after_failure(self, cause: str, limit: int, now: datetime) -> "Channel":
        """Return the channel after a call that failed for a cause, with the limit of failures in a row.

        Refused credentials rest at once: every further call would be refused too, or lock us out. A bank that asks for
        fewer calls gets none for a minute.
        """
        failures = self.failures + 1
        if cause in ("http_401", "http_403"):
            return Channel(failures, now + _CREDENTIALS, cause)
        if cause == "http_429":
            return Channel(failures, now + _THROTTLED, cause)
        if failures < limit:
            return Channel(failures, None, cause)
        return Channel(failures, now + _RESTS[min(failures - limit, len(_RESTS) - 1)], cause)
