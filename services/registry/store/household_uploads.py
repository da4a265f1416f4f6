"""Taking in a list of households: its rows go to the database as they come, in short transactions of their own."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, exists, insert, not_, or_, select, update

from services.registry.domain.household_csv import HouseholdFile, HouseholdFileRefused, Row
from services.registry.store.household_rows import sealed_rows
from services.registry.tables import (
    HOUSEHOLD_IMPORT_FAULTS,
    HOUSEHOLD_IMPORT_NUMBERS,
    HOUSEHOLD_IMPORT_ROWS,
    HOUSEHOLD_IMPORTS,
)
from shared.db import Database, Transaction, among, copy_rows
from shared.http import Problem
from shared.ids import new_id
from shared.jobs.tables import jobs
from shared.keys import keys_of

_AT_ONCE = 5_000  # rows
_GIVEN_UP_AFTER = timedelta(days=1)
_TRIALS_STAY = timedelta(days=30)


@dataclass(frozen=True)
class Upload:
    """A list that is in the database whole."""

    import_id: UUID
    source: str
    created_by: str
    sha256: bytes
    rows: int


async def take_in(
    database: Database, pieces: AsyncIterator[bytes], *, source: str, trial: bool, by: str, now: datetime
) -> Upload:
    """Put a list into the database, piece by piece. One that does not come to its end leaves nothing behind.

    Raises:
        HouseholdFileRefused: it is not such a list.
    """
    import_id = new_id()
    async with database.transaction() as session:
        await _clear_given_up(session, now)
        begun = {"id": import_id, "source": source, "trial": trial, "created_by": by, "created_at": now}
        await session.execute(insert(HOUSEHOLD_IMPORTS).values(begun))
    try:
        return await _stage(database, pieces, Upload(import_id, source, by, b"", 0))
    except BaseException:
        async with database.transaction() as session:
            await discard(session, [import_id])
        raise


async def _stage(database: Database, pieces: AsyncIterator[bytes], upload: Upload) -> Upload:
    file, digest, size, count = HouseholdFile(), hashlib.sha256(), 0, 0
    waiting: list[Row] = []
    async for piece in pieces:
        digest.update(piece)
        size += len(piece)
        waiting += file.feed(piece)
        if len(waiting) >= _AT_ONCE:
            count += await _put(database, upload.import_id, waiting)
            waiting = []
    count += await _put(database, upload.import_id, waiting + file.end())
    if count == 0:
        raise HouseholdFileRefused(2, "too_short", {"min_length": 1})
    known = {
        "sha256": digest.digest(), "bytes": size, "rows": count, "columns": list(file.columns),
        "delimiter": file.delimiter,
    }  # fmt: skip
    async with database.transaction() as session:
        whole = update(HOUSEHOLD_IMPORTS).where(HOUSEHOLD_IMPORTS.c.id == upload.import_id)
        await session.execute(whole.values(known))
    return Upload(upload.import_id, upload.source, upload.created_by, digest.digest(), count)


async def _put(database: Database, import_id: UUID, rows: Sequence[Row]) -> int:
    async with database.transaction() as session:
        sealed = await asyncio.to_thread(sealed_rows, rows, import_id, keys_of(session).data)
        await copy_rows(session, HOUSEHOLD_IMPORT_ROWS, sealed)
    return len(rows)


async def same_list(session: Transaction, upload: Upload) -> tuple[UUID, int] | None:
    """Return the last import of the same file by the same person, with how many households it refused so far."""
    imports = HOUSEHOLD_IMPORTS.c
    query = (
        select(imports.id, imports.refused)
        .where(imports.sha256 == upload.sha256, imports.source == upload.source)
        .where(imports.created_by == upload.created_by, imports.id != upload.import_id, not_(imports.trial))
        .order_by(imports.created_at.desc(), imports.id.desc())
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row.id, row.refused)


async def discard(session: Transaction, import_ids: Sequence[UUID]) -> None:
    """Forget lists with all that belongs to them; what they registered stays."""
    for table in (HOUSEHOLD_IMPORT_FAULTS, HOUSEHOLD_IMPORT_ROWS, HOUSEHOLD_IMPORT_NUMBERS):
        await session.execute(delete(table).where(among(table.c.import_id, import_ids)))
    await session.execute(delete(HOUSEHOLD_IMPORTS).where(among(HOUSEHOLD_IMPORTS.c.id, import_ids)))


async def begin_registration(session: Transaction, import_id: UUID, job_id: UUID) -> None:
    """Let a list that was tried be registered by a job, from its first row on.

    Raises:
        Problem: 409 `import_not_tried`, the trial has not ended or it is registered already.
    """
    imports = HOUSEHOLD_IMPORTS.c
    trial = select(imports.id).where(imports.id == import_id, imports.trial, imports.handled == imports.rows)
    if (await session.execute(trial.with_for_update())).one_or_none() is None:
        raise Problem(409, "import_not_tried")
    for table in (HOUSEHOLD_IMPORT_FAULTS, HOUSEHOLD_IMPORT_NUMBERS):
        await session.execute(delete(table).where(table.c.import_id == import_id))
    anew = dict.fromkeys(("reached_line", "handled", "created", "people", "unchanged", "refused"), 0)
    begun = update(HOUSEHOLD_IMPORTS).where(imports.id == import_id)
    await session.execute(begun.values(**anew, reached_reference=None, trial=False, registration_job=job_id))


async def _clear_given_up(session: Transaction, now: datetime) -> None:
    """Forget lists whose service died before they had their job, and trials that nobody came back to."""
    imports = HOUSEHOLD_IMPORTS.c
    job = exists().where(jobs.c.id == imports.id)
    unfinished = and_(not_(job), imports.created_at < now - _GIVEN_UP_AFTER)
    left = and_(imports.trial, imports.created_at < now - _TRIALS_STAY)
    query = select(imports.id).where(or_(unfinished, left))
    if ids := list((await session.execute(query)).scalars()):
        await discard(session, ids)
