"""Writing audit rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from sqlalchemy import text

from shared import clock
from shared.db import Prepared, Transaction
from shared.ids import new_id
from shared.keys import keys_of
from shared.tracing import current_request_id, current_traceparent

Outcome = Literal["done", "refused", "replayed"]


@dataclass(frozen=True)
class Entry:
    """What an audit row says. `details` hold no personal value in the clear: digest it (`shared.keys.Digests`)."""

    who: str
    operation: str
    kind: str | None = None
    object_id: str | None = None
    area: str | None = None
    purpose: str | None = None
    outcome: Outcome = "done"
    details: Mapping[str, Any] = field(default_factory=dict)


_WRITE = text(
    "WITH written AS (INSERT INTO audit_rows"
    " (id, at, who, operation, kind, object_id, area, request_id, traceparent, purpose, outcome, details) VALUES"
    " (:id, :at, :who, :operation, :kind, :object_id, :area, :request_id, :traceparent, :purpose, :outcome,"
    " CAST(:details AS jsonb)) RETURNING id) INSERT INTO audit_unsealed SELECT id FROM written"
)
_WRITE_LAST = Prepared(_WRITE)


async def write(session: Transaction, entry: Entry) -> None:
    """Write a row in the session's transaction, within the request or event that it happens in."""
    await session.execute(_WRITE, _row(entry))


async def write_last(session: Transaction, entry: Entry) -> None:
    """As `write`, when nothing follows in the session: the row of what only read needs no transaction around it."""
    await _WRITE_LAST.rows(session, **_row(entry))


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": new_id(),
        "at": clock.now(),
        "who": entry.who,
        "operation": entry.operation,
        "kind": entry.kind,
        "object_id": entry.object_id,
        "area": entry.area,
        "request_id": current_request_id(),
        "traceparent": current_traceparent(),
        "purpose": entry.purpose,
        "outcome": entry.outcome,
        "details": orjson.dumps(entry.details).decode(),
    }


def counted(session: Transaction, ids: Iterable[object]) -> dict[str, Any]:
    """Return the details of a row that is about several things: their number, and the digest of their ids."""
    texts = [str(each) for each in ids]
    return {"count": len(texts), "ids": keys_of(session).digests.of_all(texts)}


class Tally:
    """The details that `counted` gives, of ids that come in the order of their texts, without holding them."""

    def __init__(self, session: Transaction) -> None:
        self._digest = keys_of(session).digests.of_many()

    def add(self, ids: Iterable[object]) -> None:
        """Count the next ids."""
        for each in ids:
            self._digest.add(str(each))

    def details(self) -> dict[str, Any]:
        """Return what has been counted."""
        return {"count": self._digest.count, "ids": self._digest.so_far()}
