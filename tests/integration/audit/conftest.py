"""A service's database with audit rows in it, a sealer, and a hand that may do what the database's owner may."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from shared.audit import Entry, write
from shared.audit.sealing import Sealer
from shared.audit.verification import Report, verify
from shared.db import Database
from shared.keys import public_key
from shared.settings import ServiceName
from tests.support.keys import KEYS
from tests.support.postgres import CreateDatabase

SERVICE: ServiceName = "registry"


@dataclass
class Record:
    """A record of rows in a database, and its sealer; heads are published when a test says so."""

    database: Database
    heads: Path
    sealer: Sealer

    @classmethod
    def of(cls, database: Database, heads: Path) -> "Record":
        """Return a record whose sealer publishes nothing by itself after the first head."""
        return cls(database, heads, cls._sealer(heads))

    @staticmethod
    def _sealer(heads: Path, every: timedelta = timedelta(days=1)) -> Sealer:
        return Sealer(SERVICE, KEYS, heads, publish_every=every)

    async def add(self, count: int) -> None:
        """Write rows, each in a transaction of its own."""
        for number in range(count):
            async with self.database.transaction() as session:
                details = {"count": number, "fields": "phone"}
                await write(session, Entry("mai", "change_person", "person", f"person-{number}", details=details))

    async def seal(self) -> None:
        """Seal what is new."""
        while await self.sealer.step(self.database):
            pass

    async def publish(self) -> None:
        """Seal what is new and publish the head."""
        await self._sealer(self.heads, timedelta(0)).step(self.database)

    async def verify(self) -> Report:
        """Verify it all."""
        return await verify(self.database, SERVICE, self.heads, [public_key(KEYS.signing)])


@pytest.fixture
async def record(create_database: CreateDatabase, tmp_path: Path) -> AsyncIterator[Record]:
    """An empty record."""
    database = Database(await create_database(SERVICE), name="test audit", keys=KEYS)
    yield Record.of(database, tmp_path / "heads")
    await database.close()
