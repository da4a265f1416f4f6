"""The sealer: chains new rows each second, publishes the signed head each hour. One works a database, as a `Worker`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BYTEA
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from shared import clock
from shared.audit import heads
from shared.audit.chain import GENESIS, canonical, link
from shared.audit.heads import Head
from shared.audit.tables import audit_rows, audit_seals, audit_unsealed
from shared.db import Database, Transaction
from shared.keys import Keys, public_key

_BATCH = 2_000  # about 20 ms of hashing
_IDS = PG_UUID(as_uuid=True)
_SEAL = text(
    "INSERT INTO audit_seals (sequence, row_id, previous, hash) SELECT *"
    " FROM unnest(:sequences, :ids, :before, :hashes)"
).bindparams(
    bindparam("sequences", type_=ARRAY(BIGINT)),
    bindparam("ids", type_=ARRAY(_IDS)),
    bindparam("before", type_=ARRAY(BYTEA)),
    bindparam("hashes", type_=ARRAY(BYTEA)),
)
_SEALED = text("DELETE FROM audit_unsealed WHERE row_id = ANY(:ids)").bindparams(bindparam("ids", type_=ARRAY(_IDS)))
_NEW = (
    select(audit_rows)
    .join(audit_unsealed, audit_unsealed.c.row_id == audit_rows.c.id)
    .order_by(audit_rows.c.at, audit_rows.c.id)
    .limit(_BATCH)
)
_TAIL = select(audit_seals.c.sequence, audit_seals.c.hash).order_by(audit_seals.c.sequence.desc()).limit(1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Tail:
    """Where the chain ends: `sequence` 0 before its first row."""

    sequence: int
    hash: bytes


class Sealer:
    """Seals the rows of one service's database.

    It remembers the end of the chain that it wrote last. When the database shows another, somebody else wrote there:
    the remembered head is signed and published at once, so that `verify` can name the place.
    """

    def __init__(self, service: str, keys: Keys, folder: Path, *, publish_every: timedelta) -> None:
        self._service = service
        self._signing = keys.signing
        self._file = heads.heads_file(folder, service)
        self._every = publish_every
        self._remembered: Tail | None = None
        self._published: tuple[int, datetime] | None = None

    async def step(self, database: Database) -> bool:
        """Seal what is new, and publish the head when it is due; return whether more waits."""
        async with database.transaction() as session:
            tail = await _tail(session)
            await self._compare(tail)
            sealed, tail = await _seal(session, tail)
        self._remembered = tail
        await self._publish_when_due(tail)
        return sealed == _BATCH

    async def _compare(self, tail: Tail) -> None:
        known = self._remembered
        if known is not None and known != tail:
            log.error("audit_chain_altered", remembered=known.sequence, found=tail.sequence)
            await self._publish(known)
            self._remembered = None

    async def _publish_when_due(self, tail: Tail) -> None:
        if self._published is None:
            self._published = await asyncio.to_thread(self._last_published)
        sequence, at = self._published
        if tail.sequence > sequence and clock.now() - at >= self._every:
            await self._publish(tail)

    async def _publish(self, tail: Tail) -> None:
        head = Head(self._service, tail.sequence, tail.hash.hex(), clock.now().isoformat())
        await asyncio.to_thread(heads.append, self._file, head.line(self._signing))
        self._published = (head.sequence, head.instant)
        log.info("audit_head_published", sequence=head.sequence)

    def _last_published(self) -> tuple[int, datetime]:
        """Return sequence and time of the last head in the file; a head is due at once where there is none."""
        last = (0, clock.now() - self._every)
        for line in heads.lines(self._file):
            try:
                head = Head.read(line, [public_key(self._signing)])
            except heads.HeadRefused:
                continue
            last = (head.sequence, head.instant)
        return last


async def _tail(session: Transaction) -> Tail:
    found = (await (await session.connection()).execute(_TAIL)).one_or_none()
    return Tail(0, GENESIS) if found is None else Tail(found.sequence, bytes(found.hash))


async def _seal(session: Transaction, tail: Tail) -> tuple[int, Tail]:
    """Chain up to `_BATCH` new rows behind the tail; return how many they were, and the new tail."""
    rows = (await (await session.connection()).execute(_NEW)).mappings().all()
    if not rows:
        return 0, tail
    seals = chained(tail, [dict(row) for row in rows])
    ids = [row["id"] for row in rows]
    await session.execute(_SEAL, _columns(seals, ids))
    await session.execute(_SEALED, {"ids": ids})
    return len(rows), seals[-1][1]


def chained(tail: Tail, rows: Sequence[Mapping[str, Any]]) -> list[tuple[bytes, Tail]]:
    """Return for each row the hash before it and the tail that it makes."""
    seals: list[tuple[bytes, Tail]] = []
    for row in rows:
        sequence = tail.sequence + 1
        before, tail = tail.hash, Tail(sequence, link(tail.hash, canonical(sequence, row)))
        seals.append((before, tail))
    return seals


def _columns(seals: Sequence[tuple[bytes, Tail]], ids: Sequence[UUID]) -> dict[str, Any]:
    return {
        "sequences": [tail.sequence for _, tail in seals],
        "ids": ids,
        "before": [before for before, _ in seals],
        "hashes": [tail.hash for _, tail in seals],
    }
