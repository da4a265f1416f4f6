"""What a second person approves: the lines of a run, as one hash."""

import hashlib
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Line:
    """One order of a run. `amount` is VND; `account_id` is the keyed digest of bank, number and holder."""

    order_id: UUID
    amount: int
    account_id: UUID


@dataclass(frozen=True, slots=True)
class Content:
    """How many orders, how much (VND), and the SHA-256 over all of them with their accounts."""

    count: int
    total: int
    hash: str


class RunningContent:
    """Works out the content of lines that come in the order of their orders' ids, and are not held."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._count = self._total = 0
        self._last: UUID | None = None

    def add(self, line: Line) -> None:
        """Take in the next line.

        Raises:
            ValueError: it does not come after the one before.
        """
        if self._last is not None and line.order_id <= self._last:
            raise ValueError("a line out of order")
        self._last = line.order_id
        self._digest.update(f"{line.order_id}\x1f{line.amount}\x1f{line.account_id}\x1e".encode())
        self._count += 1
        self._total += line.amount

    def so_far(self) -> Content:
        """Return what all that came adds up to."""
        return Content(self._count, self._total, self._digest.hexdigest())
