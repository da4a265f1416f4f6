"""One Alembic history a service, in `services/<service>/migrations`."""

import asyncio
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script.revision import ResolutionError
from alembic.util.exc import CommandError
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import SQLAlchemyError

from shared.access import tables as _access  # noqa: F401 - the kit's tables are known once their modules are
from shared.approvals import tables as _approvals  # noqa: F401
from shared.audit import tables as _audit  # noqa: F401
from shared.db.database import Database
from shared.db.kit import kit_metadata
from shared.http import tables as _http  # noqa: F401
from shared.jobs import tables as _jobs  # noqa: F401
from shared.messaging import tables as _messaging  # noqa: F401

_LOCK = 0x416E73696E680002  # "Ansinh", 2: one process migrates a database at a time


def _config(service: str, connection: Connection | None = None) -> Config:
    package = importlib.import_module(f"services.{service}")
    config = Config()
    config.set_main_option("script_location", str(Path(str(package.__file__)).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


class MigrationFailed(Exception):
    """A database stays as it was; the sentence says why, Vietnamese first."""


def run(metadata: MetaData) -> None:
    """What each service's `env.py` calls: run the migrations on the connection that was given."""
    attributes = context.config.attributes

    # The names are Alembic's.
    def note(ctx: object, step: MigrationInfo, heads: object, run_args: object) -> None:  # noqa: ARG001
        attributes["done"] = str(step.up_revision_id)

    context.configure(
        connection=attributes["connection"], target_metadata=[metadata, kit_metadata], on_version_apply=note
    )
    with context.begin_transaction():
        context.run_migrations()


async def upgrade(service: str, url: str, revision: str = "head") -> None:
    """Bring a service's database up to a revision; does nothing when it is there. One process at a time does it.

    Raises:
        MigrationFailed: a step failed, or the database is of a later version of the platform. Nothing is changed.
    """

    def work(connection: Connection) -> None:
        config = _config(service, connection)
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            unknown = error.__cause__
            if not isinstance(unknown, ResolutionError):
                raise
            raise MigrationFailed(
                f"Dữ liệu của {service} thuộc phiên bản mới hơn ({unknown.argument}); giữ nguyên. / The database of "
                f"{service} is of a later version ({unknown.argument}) and is left as it is: start that version, or "
                "restore a backup."
            ) from error
        except SQLAlchemyError as error:
            done = config.attributes.get("done")
            after = f"sau bước {done} / after step {done}" if done else "ngay bước đầu / at its first step"
            raise MigrationFailed(
                f"Nâng cấp {service} hỏng {after}; dữ liệu giữ nguyên như trước. / The migration of {service} failed "
                f"and the database is as it was before; the version before runs on it. To go back further: "
                f"docker compose run --rm backup bash /etc/ansinh/restore.sh NAME. {type(error).__name__}: "
                f"{str(error.__cause__ or error).splitlines()[0]}"
            ) from error

    await _with_connection(url, work)


async def downgrade(service: str, url: str, revision: str) -> None:
    """Take a service's database back to a revision; `base` is an empty one."""
    await _with_connection(url, lambda connection: command.downgrade(_config(service, connection), revision))


async def drift(url: str, metadata: MetaData) -> Sequence[Any]:
    """Return how the database differs from the tables in code, as Alembic's operations; empty when they agree."""

    everything = MetaData()
    for table in [*metadata.tables.values(), *kit_metadata.tables.values()]:
        table.to_metadata(everything)

    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), everything))

    return list(await _with_connection(url, compare))


async def _with_connection(url: str, work: Any) -> Any:
    database = Database(url, name="ansinh migrations", pool_size=1)
    try:
        async with database.engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            return await connection.run_sync(work)
    finally:
        await database.close()


def make_revision(service: str, url: str, message: str) -> None:
    """Write a new revision from the difference between code and database. For developers."""

    def work(connection: Connection) -> None:
        command.revision(_config(service, connection), message=message, autogenerate=True)

    asyncio.run(_with_connection(url, work))
