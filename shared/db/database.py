"""One engine a process and database; one transaction a unit of work."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from shared.keys import Keys

# A session whose transaction somebody else began and will commit: store functions take it and never commit.
Transaction = AsyncSession

# What a connection of `Database.connect` raises when the server or the network fails. The client's "internal" error is
# one of them: it says so to who asks at the moment in which the server ends the connection.
FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

_RESTED = 1.0  # seconds


def _ask_rested_connections(engine: AsyncEngine) -> None:
    """Have a pooled connection that nobody used for a while asked whether it lives, and replaced if it does not.

    SQLAlchemy's own `pool_pre_ping` asks before every use, in a transaction: three round trips more a request.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ask(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used_at", time.monotonic()) < _RESTED:
            return
        try:
            engine.sync_engine.dialect.do_ping(connection)
        except Exception as error:
            raise DisconnectionError from error


class Database:
    """The connections of one process to one database.

    `url` is `postgresql://role:password@host:port/database`, or with `?host=/socket/folder` for a Unix socket.
    `name` is shown by PostgreSQL as the connection's application. `keys` are what sessions digest and encrypt with.
    """

    def __init__(self, url: str, *, name: str, pool_size: int = 5, keys: Keys | None = None) -> None:
        self.url: URL = make_url(url).set(drivername="postgresql+asyncpg")
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=2 * pool_size,
            hide_parameters=True,  # an error's text goes to logs; a person's data must not
            json_serializer=lambda value: orjson.dumps(value).decode(),  # findings and reasons come by the hundred
            json_deserializer=orjson.loads,
            isolation_level="READ COMMITTED",  # correctness must not hang on a database's default
            connect_args={"server_settings": {"application_name": name, "timezone": "UTC"}},
        )
        _ask_rested_connections(self.engine)
        self.name = name
        self.keys = keys

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin a transaction; commit when the block ends, roll back when it raises."""
        session = AsyncSession(self.engine, expire_on_commit=False, info={"keys": self.keys})
        async with session, session.begin():
            yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Transaction]:
        """Begin a transaction that sees the database until its end as it is now; it is for reading."""
        session = AsyncSession(self.engine, expire_on_commit=False, info={"keys": self.keys})
        async with session, session.begin():
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    async def connect(self) -> "asyncpg.Connection[Any]":
        """Open a connection outside the pool, for work that holds it long: an advisory lock, LISTEN, COPY."""
        query = {name: str(value) for name, value in self.url.query.items()}
        connection: asyncpg.Connection[Any] = await asyncpg.connect(
            host=query.get("host") or self.url.host,
            port=int(query.get("port") or self.url.port or 5432),
            user=self.url.username,
            password=self.url.password,
            database=self.url.database,
            server_settings={"application_name": self.name, "timezone": "UTC"},
        )
        return connection

    async def ping(self) -> None:
        """Raise the driver's error when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.engine.dispose()
