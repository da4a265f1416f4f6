"""`ansinh audit`: does the record hold?"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from deploy.embedded.address import Home, database_of
from shared.audit.verification import Fault, Report, verify
from shared.clock import VIETNAM
from shared.db import Database
from shared.encryption import KeysMissing
from shared.keys import load_keys, public_key
from shared.settings import SERVICES, ServiceName
from shared.texts import LANGUAGES, Language, text

audit_commands = typer.Typer(no_args_is_help=True, help="The record of who did what.")

Service = Annotated[ServiceName, typer.Argument(help=", ".join(SERVICES))]
Keys = Annotated[Path | None, typer.Option(envvar="ANSINH_KEYS", help="folder of the service's keys")]


@audit_commands.command("verify")
def verify_audit(
    service: Service,
    heads: Annotated[Path | None, typer.Option(envvar="ANSINH_AUDIT__HEADS", help="folder of the heads")] = None,
    public_keys: Annotated[
        list[Path] | None, typer.Option("--public-key", help="PEM file; instead of the service's own key")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(envvar="ANSINH_DATABASE_URL", help="the service's; else the one of --home, running")
    ] = None,
    keys: Keys = None,
    home: Home = Path(".ansinh"),
) -> None:
    """Verify that nothing in a service's record was changed, removed, inserted or moved; name the place where it was.

    Ends with status 1 when something was.
    """
    try:
        url = database_url or database_of(home.resolve(), service)
        known = _public_keys(public_keys or [], keys or home / "keys", service)
        began = time.monotonic()
        report = asyncio.run(_verify(url, service, heads or home / "audit", known))
    except (KeysMissing, LookupError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    for language in LANGUAGES:
        for line in told(report, language):
            typer.echo(line)
    typer.echo(f"{report.sealed} / {time.monotonic() - began:.1f} s")
    if not report.holds:
        raise typer.Exit(1)


async def _verify(url: str, service: ServiceName, heads: Path, keys: Sequence[bytes]) -> Report:
    database = Database(url, name="ansinh audit", pool_size=1)
    try:
        return await verify(database, service, heads, keys)
    finally:
        await database.close()


def _public_keys(files: Sequence[Path], folder: Path, service: ServiceName) -> list[bytes]:
    """Return raw public keys (32 bytes each).

    Raises:
        KeysMissing: a file is not an Ed25519 public key, or the service's own key cannot be read.
    """
    if not files:
        return [public_key(load_keys(folder, service).signing)]
    found = []
    for file in files:
        try:
            key = load_pem_public_key(file.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise KeysMissing(f"Không đọc được {file}. / {file} cannot be read ({type(error).__name__})") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeysMissing(f"{file} không phải khoá Ed25519. / {file} is not an Ed25519 key")
        found.append(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    return found


def told(report: Report, language: Language) -> list[str]:
    """Return the report in sentences: every fault with its place, then what is proven up to where."""
    lines = [f"✗ {_fault(fault, language)}" for fault in report.faults]
    if report.fault_count > len(report.faults):
        lines.append(text("audit.more_faults", language, count=report.fault_count - len(report.faults)))
    if report.holds:
        lines.append(text("audit.holds", language, rows=report.sealed, heads=report.heads))
    if report.last_head is not None:
        at, sequence = _when(report.last_head.instant), report.last_head.sequence
        lines.append(text("audit.proven_to", language, sequence=sequence, at=at, behind=report.behind_head))
    if report.waiting_since is not None:
        lines.append(text("audit.waiting", language, rows=report.waiting, since=_when(report.waiting_since)))
    return lines


def _fault(fault: Fault, language: Language) -> str:
    key = f"audit.fault.{fault.kind}"
    return text(key, language, first=fault.first or 0, last=fault.last or 0, place=fault.place)


def _when(instant: datetime) -> str:
    return f"{instant.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"
