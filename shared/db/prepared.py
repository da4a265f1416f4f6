"""Statements that every request asks, built and compiled once and given straight to the driver.

What SQLAlchemy does around such a statement costs several times what the statement does. Names, types and their
conversions stay the tables': only the way is shorter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import Executable

from shared.db.database import FAULTS, Transaction

_Convert = Callable[[Any], Any] | None


def among_given(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values of a named parameter, a list."""
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


@dataclass(frozen=True)
class _Compiled:
    sql: str
    binds: tuple[tuple[str, _Convert], ...]
    constants: dict[str, Any]
    columns: tuple[tuple[str, _Convert], ...]


class Prepared:
    """One statement with named parameters.

    It runs in the session's transaction where that has begun in the database. Before, it is a transaction of its own,
    which is all that a read needs; a write is only to be given so when nothing follows it that belongs to it.
    """

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._compiled: _Compiled | None = None

    async def rows(self, session: Transaction, **values: Any) -> list[dict[str, Any]]:
        """Run it and return its rows, by the names of the columns.

        Raises:
            DBAPIError: as a statement of the session raises it.
        """
        connection = await _connection(session)
        inner = connection.sync_connection
        assert inner is not None  # noqa: S101 - it is there from the session's first statement to its end
        known = self._compiled or self._compile(inner.dialect)
        given = known.constants | values
        arguments = [given[name] if convert is None else convert(given[name]) for name, convert in known.binds]
        driver: asyncpg.Connection[Any] = inner.connection.driver_connection  # type: ignore[assignment]
        try:
            found = await driver.fetch(known.sql, *arguments)
        except FAULTS as error:
            if driver.is_closed():
                await connection.invalidate(error)
            raise DBAPIError(known.sql, None, error, True, driver.is_closed()) from error
        return [
            {
                name: value if convert is None else convert(value)
                for (name, convert), value in zip(known.columns, row, strict=True)
            }
            for row in found
        ]

    def _compile(self, dialect: Dialect) -> _Compiled:
        made: Any = self.statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        binds = tuple((name, made._bind_processors.get(name)) for name in made.positiontup or ())
        columns = tuple(
            (each.keyname, each.type._cached_result_processor(dialect, None)) for each in made._result_columns
        )
        self._compiled = _Compiled(made.string, binds, dict(made.params), columns)
        return self._compiled


async def _connection(session: Transaction) -> AsyncConnection:
    """Return the session's connection: one, for a session is one transaction."""
    known: AsyncConnection | None = session.info.get("connection")
    if known is None:
        known = session.info["connection"] = await session.connection()
    return known
