"""Set-based writes: one statement, many rows, ordered by key so that two writers cannot deadlock."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, Table, any_, bindparam, column, func, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.db.database import Transaction

Row = Mapping[str, Any]


def _in_key_order(table: Table, rows: Sequence[Row]) -> list[dict[str, Any]]:
    key = [column.name for column in table.primary_key]
    return sorted((dict(row) for row in rows), key=lambda row: tuple(str(row.get(name)) for name in key))


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values.

    The values go as one array, so that the statement is the same for any number of them; `IN` with a bind for each
    would be compiled, prepared and planned anew for every number.
    """
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type), unique=True))


async def insert_new(session: Transaction, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows whose primary key is not there yet; leave the others as they are."""
    if rows:
        connection = await session.connection()
        await connection.execute(insert(table).on_conflict_do_nothing(), _in_key_order(table, rows))


async def upsert(session: Transaction, table: Table, rows: Sequence[Row], *, newer_by: str | None = None) -> None:
    """Insert rows, or replace those of the same primary key.

    With `newer_by` (a version column) an older row never replaces a newer one. Two rows of one key in one call are
    applied one after the other.
    """
    if not rows:
        return
    statement = insert(table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    statement = statement.on_conflict_do_update(
        index_elements=key,
        set_=changed,
        where=None if newer_by is None else table.c[newer_by] < statement.excluded[newer_by],
    )
    connection = await session.connection()
    await connection.execute(statement, _in_key_order(table, rows))


async def update_rows(
    session: Transaction,
    table: Table,
    rows: Sequence[Row],
    *,
    where: ColumnElement[bool] | None = None,
    also: Mapping[str, Any] | None = None,
) -> None:
    """Change many rows in one statement: each of `rows` has the primary key of one, and what its columns become.

    `where` is a further condition on the rows, `also` what changes in all of them alike. Who changes several locks them
    before, in the order of their ids.
    """
    if not rows:
        return
    columns = [table.c[name] for name in rows[0]]
    arrays = [
        bindparam(None, [row[each.name] for row in rows], type_=ARRAY(each.type), unique=True) for each in columns
    ]
    new = func.unnest(*arrays).table_valued(*(column(each.name, each.type) for each in columns), name="new")
    new = new.render_derived()
    changed = {each.name: new.c[each.name] for each in columns if not each.primary_key}
    statement = update(table).where(*(each == new.c[each.name] for each in columns if each.primary_key))
    statement = statement if where is None else statement.where(where)
    await (await session.connection()).execute(statement.values({**changed, **(also or {})}))


async def copy_rows(session: Transaction, table: Table, rows: Sequence[Row]) -> None:
    """Insert many rows by COPY; all have the columns of the first. JSON is given as text.

    Raises:
        DBAPIError: as a statement of the session raises it, `IntegrityError` where a constraint is violated.
    """
    if rows:
        await copy_records(session, table, tuple(rows[0]), [tuple(row.values()) for row in rows])


async def copy_records(
    session: Transaction, table: Table, columns: Sequence[str], records: Sequence[tuple[Any, ...]]
) -> None:
    """Insert many rows by COPY as `copy_rows` does; each is given as the values of the columns, in their order."""
    if not records:
        return
    driver = await _driver_connection(session)
    try:
        await driver.copy_records_to_table(table.name, columns=list(columns), records=records)
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError(f"COPY {table.name}", None, error, hide_parameters=True) from error
    except asyncpg.PostgresError as error:
        raise DBAPIError(f"COPY {table.name}", None, error, hide_parameters=True) from error


async def _driver_connection(session: Transaction) -> "asyncpg.Connection[Any]":
    connection = await session.connection()
    driver: asyncpg.Connection[Any] = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
    if not driver.is_in_transaction():
        await connection.exec_driver_sql("SELECT 1")  # the transaction begins with the first statement
    return driver
