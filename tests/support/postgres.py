"""Databases for tests: fresh, on a real server, migrated once a service and session and copied from there."""

import asyncio
import itertools
import os
import signal
from typing import Any, Protocol

import asyncpg

from deploy.postgres import EmbeddedPostgres
from shared.settings import ServiceName

PLAIN_ROLE = "tester"


class CreateDatabase(Protocol):
    """Make a fresh database and return its URL: with the tables of a service, under its role; else empty."""

    async def __call__(self, template: ServiceName | None = None) -> str:
        """Return the URL of the new database."""
        ...


class Databases:
    """Makes and drops databases on one server. No database has a role that may do more than a service's may."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._templates: dict[ServiceName, str] = {}
        self._making_template = asyncio.Lock()

    async def create(self, template: ServiceName | None = None) -> str:
        """Make a fresh database, with the tables of the service `template` or empty, and return its URL."""
        role = template or PLAIN_ROLE
        name = f"{role}_{next(self._numbers)}"
        if template is None:
            await asyncio.to_thread(self._server.ensure, name, role)
        else:
            source = await self._template(template)
            # Files are copied in half the time that their pages take through the log.
            await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" OWNER "{role}" STRATEGY FILE_COPY')
            await self._execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        return self._server.url(name, role)

    async def drop(self, url: str) -> None:
        """Drop the database of `url`, ending what is still connected to it."""
        name = url.partition("@/")[2].partition("?")[0]
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _template(self, service: ServiceName) -> str:
        from shared.db.migrations import upgrade

        async with self._making_template:
            if service not in self._templates:
                name = f"template_{service}"
                await asyncio.to_thread(self._server.ensure, name, service)
                await upgrade(service, self._server.url(name, service))
                self._templates[service] = name
        return self._templates[service]

    async def _execute(self, statement: str) -> None:
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self._server.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def kill_server(server: EmbeddedPostgres) -> None:
    """End a server at once (SIGKILL), as a crash would; `start` brings it back with what it had committed."""
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    server.stop()
