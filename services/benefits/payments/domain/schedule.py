"""How long to wait before asking the bank again."""

from datetime import timedelta

_WAITS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 1800, 3600)


def wait_after(times: int) -> timedelta:
    """Return the wait after having asked that many times: seconds first, an hour in the end, and never an end."""
    return timedelta(seconds=_WAITS[min(max(times, 1), len(_WAITS)) - 1])
