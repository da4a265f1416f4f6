"""The raw limit of a write: bare COPY of the same final rows into the same indexed tables."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from shared.db import Database

_ADDED = {
    "outbox": ("seq", "position", "partition", "offset"),
    "household_versions": ("id",),
}  # by others, or by itself
_MOST = 60_000  # rows of a table; more would say the same

Table = tuple[Sequence[str], Sequence[Any]]


async def copies_per_second(
    database: Database, tables: Mapping[str, str], *, pieces: int, units: int, empty: Sequence[str] = ()
) -> float:
    """Return how many units a second bare COPY puts into tables, in pieces, each a transaction.

    `tables` are emptied, with others that hang on them or are in `empty`; by name they tell the order of their rows.
    They held the rows of `units`, of which the first are copied in the order in which they came.
    """
    connection = await database.connect()
    try:
        counts = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
        part: float = min(1.0, _MOST / max(counts.values()))
        found = {
            table: await _rows_of(connection, table, order, int(counts[table] * part))
            for table, order in tables.items()
        }
        await connection.execute(f"TRUNCATE {', '.join((*tables, *empty))} CASCADE")
        seconds = 0.0
        for piece in range(pieces):
            began = time.perf_counter()
            async with connection.transaction():
                for table, (columns, rows) in found.items():
                    size = len(rows) // pieces
                    records = rows[piece * size : (piece + 1) * size]
                    await connection.copy_records_to_table(table, columns=columns, records=records)
            seconds += time.perf_counter() - began
        return units * part / seconds
    finally:
        await connection.close()


async def _rows_of(connection: "asyncpg.Connection[Any]", table: str, order: str, limit: int) -> Table:
    found = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position", table
    )
    columns = [row["column_name"] for row in found if row["column_name"] not in _ADDED.get(table, ())]
    names = ", ".join(f'"{name}"' for name in columns)
    query = f"SELECT {names} FROM {table} ORDER BY {order} LIMIT {limit}"
    return columns, [tuple(row) for row in await connection.fetch(query)]
