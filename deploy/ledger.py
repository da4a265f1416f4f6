"""`ansinh ledger`: do the books hold?"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from deploy.embedded.address import database_of
from services.benefits.ledger.checks import CheckResult, run_checks
from shared.db import Database
from shared.texts import LANGUAGES, text

ledger_commands = typer.Typer(no_args_is_help=True, help="The books of funds and payments.")


@ledger_commands.callback()
def _commands() -> None:
    """Keep `verify` a command of its own, though it is the only one."""


@ledger_commands.command("verify")
def verify(
    database_url: Annotated[
        str | None, typer.Option(envvar="ANSINH_DATABASE_URL", help="of benefits; else the one of --home, running")
    ] = None,
    home: Annotated[Path, typer.Option(envvar="ANSINH_HOME", help="folder of the platform on one machine")] = Path(
        ".ansinh"
    ),
) -> None:
    """Ask every invariant of the books; name those that are broken, and the rows that break them.

    Ends with status 1 when some are, 2 when the books cannot be read.
    """
    try:
        results = asyncio.run(_results(database_url or database_of(home.resolve(), "benefits")))
    except (LookupError, OSError, SQLAlchemyError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    for one in results:
        typer.echo(f"{'✓' if one.ok else '✗'} {one.name}" + (f": {one.detail}" if one.detail else ""))
    broken = [one for one in results if not one.ok]
    for language in LANGUAGES:
        typer.echo(text("ledger.broken" if broken else "ledger.holds", language, count=len(broken or results)))
    if broken:
        raise typer.Exit(1)


async def _results(url: str) -> Sequence[CheckResult]:
    from services.benefits.app import CHECKS  # only here: no other command needs the whole service

    database = Database(url, name="ansinh ledger", pool_size=1)
    try:
        async with database.transaction() as session:
            return await run_checks(session, CHECKS)
    finally:
        await database.close()
