"""A change of keys: sealed values come to the newest generation, and an old one is retired once nothing uses it.

Both go by the mark that stands on each value, so a rotation keeps no record of its own: one that was killed goes on
where it was when it is begun again, and of two at the same time each takes rows that the other does not hold.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import LargeBinary
from sqlalchemy.dialects import postgresql

from shared.approvals.store import SEALED as PROPOSALS
from shared.db import Database
from shared.encryption import Keyring, SealedTable, generations_of
from shared.http.idempotency import SEALED as ANSWERS
from shared.messaging.dead_letters import SEALED as DEAD_LETTERS

KIT: tuple[SealedTable, ...] = (PROPOSALS, ANSWERS, DEAD_LETTERS)
_NOTICED_AFTER = timedelta(seconds=5)  # a process notices a new generation within a second; clocks differ
_LONGEST_MARK = 11  # k, nine digits, a point


class StillUsed(Exception):
    """A sentence: why a generation cannot be retired yet."""


@dataclass(frozen=True)
class Progress:
    """How many rows have come to the newest generation, of how many that had to."""

    done: int
    total: int


async def reencrypt(
    database: Database, tables: Sequence[SealedTable], ring: Keyring, *, at_once: int | None = None
) -> AsyncIterator[Progress]:
    """Bring all sealed values to the newest generation, some rows a transaction; say how far it came after each.

    It never waits for a row: who holds one may be waiting for another. What it passed over it comes back for.

    Raises:
        CannotOpen: a value is not what was sealed; it stays as it is, and so does all behind it.
        PostgresError: the database went away; begin again.
    """
    connection = await database.connect()
    try:
        generation = ring.look_again()
        total = await _count_others(connection, tables, generation)
        done, left = 0, total
        yield Progress(done, total)
        while left:
            for each in tables:
                async for rows in _walk(connection, each, ring, generation, at_once or each.at_once):
                    done += rows
                    yield Progress(done, max(done, total))
            left = await _count_others(connection, tables, generation)
            if left:
                await asyncio.sleep(0.2)  # somebody holds them
    finally:
        await connection.close()


async def usage(database: Database, tables: Sequence[SealedTable]) -> Counter[int]:
    """Return how many sealed values there are of each generation."""
    connection = await database.connect()
    try:
        found: Counter[int] = Counter()
        for each in tables:
            for name in each.columns:
                mark = f"split_part({_beginning(each, name)}, '.', 1)"
                there = f"{_name(each)} WHERE {_quoted(name)} IS NOT NULL"
                query = f"SELECT {mark} AS mark, count(*) FROM {there} GROUP BY 1"  # noqa: S608 - our own names
                found.update({int(row["mark"][1:]): row["count"] for row in await connection.fetch(query)})
        return found
    finally:
        await connection.close()


async def retire(
    database: Database, tables: Sequence[SealedTable], folder: Path, ring: Keyring, generation: int
) -> Path:
    """Take a generation out of use, which no value has any more; return the file that it is kept in.

    The file stays under another name, for backups from before need it. Destroy it when the last of them is gone.

    Raises:
        StillUsed: values have it, or may still get it.
    """
    file = folder / f"{ring.name}.{generation}"
    newer = [each for each in generations_of(folder, ring.name) if each > generation]
    if not file.exists() or not newer:
        raise StillUsed(
            f"{file.name} không có hoặc đang dùng để mã hoá. / {file.name} is not there, or is the one that seals"
        )
    made = datetime.fromtimestamp((folder / f"{ring.name}.{newer[0]}").stat().st_mtime, UTC)
    await _refuse_early(database, file.name, made + _NOTICED_AFTER)
    uses = (await usage(database, tables))[generation]
    if uses:
        raise StillUsed(
            f"{file.name} còn dùng cho {uses} giá trị; hãy chạy `ansinh keys rotate`. / {file.name} is still used by "
            f"{uses} values: run `ansinh keys rotate`"
        )
    return file.rename(file.with_name(f"{file.name}.retired"))


async def _refuse_early(database: Database, name: str, noticed: datetime) -> None:
    """Refuse while somebody who began before the newer generation was noticed may still write with the old one."""
    connection = await database.connect()
    try:
        older = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND xact_start < $1",
            noticed,
        )
    finally:
        await connection.close()
    if older or datetime.now(UTC) < noticed:
        raise StillUsed(
            f"Còn giao dịch có thể đang dùng {name}; hãy thử lại sau. / A transaction may still be using {name}: try "
            "again in a moment"
        )


async def _count_others(connection: Any, tables: Sequence[SealedTable], generation: int) -> int:
    counts = [
        await connection.fetchval(f"SELECT count(*) FROM {_name(each)} WHERE {_others(each, generation)}")  # noqa: S608
        for each in tables
    ]
    return sum(counts)


async def _walk(
    connection: Any, sealed: SealedTable, ring: Keyring, generation: int, at_once: int
) -> AsyncIterator[int]:
    """Go through a table in the order of its key, a transaction a step; give how many rows changed in each."""
    key = [column.name for column in sealed.table.primary_key]
    after: asyncpg.Record | None = None
    while True:
        async with connection.transaction():
            rows = await connection.fetch(_next(sealed, key, generation, after), at_once, *_values(after, key))
            if not rows:
                return
            changed = await asyncio.to_thread(_resealed, sealed, ring, rows)
            columns = [[row[name] for row in rows] for name in key] + changed
            await connection.execute(_update(sealed, key), *columns)
        yield len(rows)
        after = rows[-1]


def _values(after: Any, key: Sequence[str]) -> list[Any]:
    return [] if after is None else [after[name] for name in key]


def _resealed(sealed: SealedTable, ring: Keyring, rows: Sequence[Any]) -> list[list[Any]]:
    """Return the values of each sealed column, in the order of the rows."""
    columns: list[list[Any]] = []
    for name in sealed.columns:
        places = [sealed.place(name, row) for row in rows]
        columns.append([_again(ring, row[name], place) for row, place in zip(rows, places, strict=True)])
    return columns


def _again(ring: Keyring, value: Any, place: tuple[object, ...]) -> Any:
    if isinstance(value, bytes):
        return ring.seal_bytes(ring.open_bytes(value, *place), *place)
    return ring.seal(ring.open(value, *place), *place)


def _next(sealed: SealedTable, key: Sequence[str], generation: int, after: Any) -> str:
    wanted = ", ".join(_quoted(name) for name in dict.fromkeys((*key, *sealed.row_id, *sealed.columns)))
    names = ", ".join(map(_quoted, key))
    behind = "" if after is None else f" AND ({names}) > ({', '.join(f'${at + 2}' for at in range(len(key)))})"
    return (
        f"SELECT {wanted} FROM {_name(sealed)} WHERE ({_others(sealed, generation)}){behind}"  # noqa: S608
        f" ORDER BY {names} LIMIT $1 FOR UPDATE SKIP LOCKED"
    )


def _update(sealed: SealedTable, key: Sequence[str]) -> str:
    names = [*key, *sealed.columns]
    arrays = ", ".join(f"${at}::{_type(sealed, name)}[]" for at, name in enumerate(names, start=1))
    aliases = ", ".join(map(_quoted, names))
    changes = ", ".join(f"{_quoted(name)} = new.{_quoted(name)}" for name in sealed.columns)
    same = " AND ".join(f"old.{_quoted(name)} = new.{_quoted(name)}" for name in key)
    return f"UPDATE {_name(sealed)} AS old SET {changes} FROM unnest({arrays}) AS new ({aliases}) WHERE {same}"  # noqa: S608


def _others(sealed: SealedTable, generation: int) -> str:
    """Return the condition that a row has a value of another generation."""
    return " OR ".join(f"{_beginning(sealed, name)} NOT LIKE 'k{generation}.%'" for name in sealed.columns)


def _beginning(sealed: SealedTable, name: str) -> str:
    """Return the expression of a value's mark, with some of what follows."""
    beginning = f"substring({_quoted(name)} FROM 1 FOR {_LONGEST_MARK})"
    return f"encode({beginning}, 'escape')" if isinstance(sealed.table.c[name].type, LargeBinary) else beginning


def _type(sealed: SealedTable, name: str) -> str:
    return sealed.table.c[name].type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]


def _name(sealed: SealedTable) -> str:
    return _quoted(sealed.table.name)


def _quoted(name: str) -> str:
    return f'"{name}"'
