"""What a second person approves: the lines of a run, as one hash."""

import hashlib
from collections.abc import Iterable
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


def content_of(lines: Iterable[Line]) -> Content:
    """Return what the lines add up to; the order in which they come does not matter."""
    digest, count, total = hashlib.sha256(), 0, 0
    for line in sorted(lines, key=lambda line: line.order_id):
        fields = (line.order_id, line.amount, line.account_id)
        digest.update(("\x1f".join(str(field) for field in fields) + "\x1e").encode())
        count, total = count + 1, total + line.amount
    return Content(count, total, digest.hexdigest())
