"""`ansinh demo`: fill a platform with the demonstration province."""

import asyncio
import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import httpx
import typer

from deploy.acting import Acting, NotSignedIn, acting_from
from deploy.client import Platform, Refused
from deploy.demo.cells import ScaleRefused, as_scale
from deploy.demo.load import DemoRefused, load_demo
from deploy.demo.progress import Progress
from deploy.people import OFFICER


def demo(
    scale: Annotated[str, typer.Option(help="1 is the whole province, 0.05 a twentieth of it")] = "0.05",
    url: Annotated[str, typer.Option(help="where the platform answers", envvar="ANSINH_URL")] = "http://localhost:8080",
    home: Annotated[Path, typer.Option(envvar="ANSINH_HOME", help="folder of the platform that runs here")] = Path(
        ".ansinh"
    ),
    tokens: Annotated[Path | None, typer.Option(envvar="ANSINH_TOKENS", help="JSON file of tokens by subject")] = None,
) -> None:
    """Fill in the province of Phú Thọ, with made-up households that add up to the published review of 2024.

    Interrupted, it goes on where it stopped when it is run again.
    """
    try:
        asyncio.run(_fill(url, acting_from(home, tokens), Decimal(scale)))
    except (NotSignedIn, ScaleRefused, DemoRefused, Refused, httpx.HTTPError, InvalidOperation) as error:
        typer.echo(f"✗ {error or type(error).__name__}", err=True)
        raise typer.Exit(1) from error


async def _fill(url: str, acting: Acting, scale: Decimal) -> None:
    began, progress = time.monotonic(), Progress()
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        plan = await load_demo(Platform(client, acting, reader=OFFICER), as_scale(scale), progress)
    seconds = time.monotonic() - began
    progress.say(f"Xong sau {seconds:.0f} giây: {len(plan.households)} hộ. / Done in {seconds:.0f} seconds.")
