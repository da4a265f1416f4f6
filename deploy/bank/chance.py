"""Faults at random that are the same each time: what happens is drawn from a seed and from what is asked alone."""

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum

from deploy.bank import settings
from deploy.counterpart.database import Database

_SETTING = "chance"


class Disturbance(StrEnum):
    """What can happen to a request: before it is processed, or after."""

    REFUSE = "refuse"
    HANG = "hang"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"


@dataclass(frozen=True)
class Chances:
    """How likely each disturbance is, from 0 to 1, under a seed."""

    seed: int = 0
    refuse: float = 0
    hang: float = 0
    error_before: float = 0
    error_after: float = 0
    drop_before: float = 0
    drop_after: float = 0


def share(*key: object) -> float:
    """Return a number from 0 to 1 that belongs to a key."""
    digest = hashlib.sha256("\x1f".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8]) / (1 << 64)


class Chance:
    """Draws for each request by its method, its path and how often it came since this bank started."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._times: Counter[tuple[str, str]] = Counter()
        with database.transaction() as db:
            stored = settings.read(db, _SETTING)
        self._chances = Chances(**json.loads(stored)) if stored else None

    def take(self, chances: Chances | None) -> None:
        """Draw by other chances from now on, or no more."""
        with self._database.transaction() as db:
            settings.write(db, _SETTING, json.dumps(asdict(chances)) if chances else None)
        self._chances = chances
        self._times.clear()

    def draw(self, method: str, path: str) -> Disturbance | None:
        """Return what happens to a request, None where nothing does."""
        if self._chances is None:
            return None
        self._times[method, path] += 1
        drawn = share(self._chances.seed, method, path, self._times[method, path])
        for disturbance in Disturbance:
            drawn -= getattr(self._chances, disturbance.value)
            if drawn < 0:
                return disturbance
        return None
