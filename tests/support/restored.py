"""A database as an old backup of another one: every row of every table, copied into a fresh one."""

from io import BytesIO
from typing import Any

import asyncpg

from services.benefits.metadata import metadata
from shared.db import Database

_SEQUENCES = """SELECT table_name AS table, column_name AS column,
    pg_get_serial_sequence(quote_ident(table_name), column_name) AS sequence FROM information_schema.columns
    WHERE table_schema = 'public' AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL"""


async def back_up(database: Database) -> dict[str, bytes]:
    """Return all rows of a benefits database by table, as one moment had them."""
    connection = await database.connect()
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return {table: await _rows(connection, table) for table in await _tables(connection)}
    finally:
        await connection.close()


async def _tables(connection: "asyncpg.Connection[Any]") -> list[str]:
    found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    order = [table.name for table in metadata.sorted_tables]
    names = {row["tablename"] for row in found} - {"alembic_version"}
    return [*(name for name in order if name in names), *sorted(names - set(order))]


async def _rows(connection: "asyncpg.Connection[Any]", table: str) -> bytes:
    rows = BytesIO()
    await connection.copy_from_table(table, output=rows, format="binary")
    return rows.getvalue()


async def restore(backup: dict[str, bytes], database: Database) -> None:
    """Put the rows into a database whose tables are empty or hold what migrations put there."""
    connection = await database.connect()
    try:
        async with connection.transaction():
            for table, rows in backup.items():
                if not await connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table}")'):
                    await connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')  # as pg_restore comes first
                    await connection.copy_to_table(table, source=BytesIO(rows), format="binary")
                    await connection.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
            for row in await connection.fetch(_SEQUENCES):
                highest = f'SELECT max("{row["column"]}") FROM "{row["table"]}"'
                await connection.execute(
                    "SELECT setval($1, $2)", row["sequence"], await connection.fetchval(highest) or 1
                )
    finally:
        await connection.close()
