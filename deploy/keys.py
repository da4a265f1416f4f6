"""`ansinh keys`: making the keys of the services, changing them, and proving that an old one is used no more."""

import asyncio
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.embedded.address import Home, database_of
from services.benefits.accounts.store import SEALED as ACCOUNTS
from services.benefits.payments.store.rows import SEALED as PAYMENTS
from services.notifications.tables import SEALED_TABLES as NOTIFICATIONS
from services.registry.tables import SEALED_TABLES as REGISTRY
from shared.audit import Entry, write
from shared.db import Database
from shared.encryption import CannotOpen, Keyring, KeysMissing, SealedTable, generations_of
from shared.keys import PEOPLE, add_generation, data_ring, load_keys, make_keys
from shared.rotation import KIT, StillUsed, reencrypt, usage
from shared.rotation import retire as retire_generation
from shared.settings import SERVICES, ServiceName

key_commands = typer.Typer(no_args_is_help=True, help="The keys of the services.")

SEALED: dict[ServiceName, tuple[SealedTable, ...]] = {
    "registry": (*KIT, *REGISTRY),
    "benefits": (*KIT, ACCOUNTS, *PAYMENTS),
    "indicators": KIT,
    "notifications": (*KIT, *NOTIFICATIONS),
}
_BY = "system:keys"

Service = Annotated[ServiceName, typer.Argument(help=", ".join(SERVICES))]
Keys = Annotated[Path | None, typer.Option(envvar="ANSINH_KEYS", help="folder of the service's keys")]
Url = Annotated[
    str | None, typer.Option(envvar="ANSINH_DATABASE_URL", help="the service's; else the one of --home, running")
]


@key_commands.command("make")
def make(folder: Annotated[Path, typer.Argument(envvar="ANSINH_KEYS", help="folder of the keys")]) -> None:
    """Make the keys that a folder lacks, readable by their owner alone. Those that are there stay."""
    make_keys(folder)
    typer.echo(f"Đã có khoá trong {folder}. / The keys are in {folder}.")


@key_commands.command("public")
def public(service: Service, keys: Keys = None, home: Home = Path(".ansinh")) -> None:
    """Print the public key that proves the signed heads: keep it where whoever inspects can trust it."""
    key = load_keys(keys or home / "keys", service).signing.public_key()
    typer.echo(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), nl=False)


@key_commands.command("new")
def new(
    key: Annotated[str, typer.Argument(help=f"{', '.join(SERVICES)}, or {PEOPLE}: of events on registry.people")],
    keys: Keys = None,
    home: Home = Path(".ansinh"),
) -> None:
    """Make the next generation of a key. Services that run seal with it from the next second on."""
    folder = keys or home / "keys"
    if key not in (*SERVICES, PEOPLE):
        raise _fail(f"Không có khoá {key}. / There is no key {key}.")
    ring = PEOPLE if key == PEOPLE else f"data_{key}"
    try:
        generation = add_generation(folder, ring)
    except KeysMissing as error:
        raise _fail(error) from error
    typer.echo(f"Khoá mới {ring}.{generation}. / New key {ring}.{generation}.")


@key_commands.command("status")
def status(service: Service, keys: Keys = None, database_url: Url = None, home: Home = Path(".ansinh")) -> None:
    """Show how many values of a service each generation of its key holds."""
    folder, url = keys or home / "keys", _url(service, database_url, home)
    counts = asyncio.run(_usage(service, url))
    known = generations_of(folder, data_ring(service))
    for generation in sorted({*known, *counts}):
        mark = "●" if known and generation == known[-1] else "○" if generation in known else "✗"
        typer.echo(f"{mark} {data_ring(service)}.{generation}: {counts[generation]}")


async def _usage(service: ServiceName, url: str) -> dict[int, int]:
    database = Database(url, name="ansinh keys", pool_size=1)
    try:
        return await usage(database, SEALED[service])
    finally:
        await database.close()


@key_commands.command("rotate")
def rotate(
    service: Service,
    keys: Keys = None,
    database_url: Url = None,
    home: Home = Path(".ansinh"),
    at_once: Annotated[int | None, typer.Option(min=1, help="rows a transaction")] = None,
) -> None:
    """Bring everything that a service holds sealed to the newest generation of its key, while it runs.

    It may be stopped or killed at any time; begun again, it goes on where it was.
    """
    folder, url = keys or home / "keys", _url(service, database_url, home)
    try:
        asyncio.run(_rotate(service, url, folder, at_once))
    except (KeysMissing, CannotOpen) as error:
        raise _fail(error) from error
    except (asyncpg.PostgresError, OSError) as error:
        raise _fail(f"Hãy chạy lại. / Run again: {type(error).__name__}.") from error


async def _rotate(service: ServiceName, url: str, folder: Path, at_once: int | None) -> None:
    keys = load_keys(folder, service)
    database = Database(url, name="ansinh keys", pool_size=1, keys=keys)
    ring = data_ring(service)
    try:
        async with database.transaction() as session:
            await write(session, Entry(_BY, "begin_key_rotation", "key", f"{ring}.{keys.data.current}"))
        done = 0
        async for progress in reencrypt(database, SEALED[service], keys.data, at_once=at_once):
            done = progress.done
            typer.echo(f"{ring}.{keys.data.current}: {progress.done}/{progress.total}")
        async with database.transaction() as session:
            end = Entry(_BY, "end_key_rotation", "key", f"{ring}.{keys.data.current}", details={"rows": done})
            await write(session, end)
    finally:
        await database.close()


@key_commands.command("retire")
def retire(
    service: Service, generation: int, keys: Keys = None, database_url: Url = None, home: Home = Path(".ansinh")
) -> None:
    """Take an old generation out of use; refused while one value has it. Its file stays, for backups from before."""
    folder, url = keys or home / "keys", _url(service, database_url, home)
    try:
        kept = asyncio.run(_retire(service, url, folder, generation))
    except StillUsed as error:
        raise _fail(error) from error
    typer.echo(f"Không còn dùng; giữ ở {kept}. / Out of use; kept as {kept}.")


async def _retire(service: ServiceName, url: str, folder: Path, generation: int) -> Path:
    keys = load_keys(folder, service)
    database = Database(url, name="ansinh keys", pool_size=1, keys=keys)
    try:
        ring = Keyring(folder, data_ring(service))
        kept = await retire_generation(database, SEALED[service], folder, ring, generation)
        async with database.transaction() as session:
            await write(session, Entry(_BY, "retire_key", "key", f"{ring.name}.{generation}"))
        return kept
    finally:
        await database.close()


def _url(service: ServiceName, given: str | None, home: Path) -> str:
    try:
        return given or database_of(home.resolve(), service)
    except LookupError as error:
        raise _fail(error) from error


def _fail(sentence: object) -> typer.Exit:
    typer.echo(str(sentence), err=True)
    return typer.Exit(1)
