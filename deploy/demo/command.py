"""`ansinh demo`: fill a platform with the demonstration province."""

import asyncio
import time
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import httpx
import typer

from deploy.acting import Acting, NotSignedIn, acting_from
from deploy.client import Platform, Refused
from deploy.demo.cells import ScaleRefused, read_scale
from deploy.demo.load import DemoRefused, load_demo
from deploy.demo.progress import Progress
from deploy.people import OFFICER


def demo(
    scale: Annotated[str, typer.Option(help="1 is the whole province, 0.05 a twentieth of it")] = "1",
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
        asyncio.run(fill(url, acting_from(home, tokens), read_scale(scale)))
    except (NotSignedIn, ScaleRefused, DemoRefused, Refused, httpx.HTTPError) as error:
        typer.echo(f"✗ {error or type(error).__name__}", err=True)
        raise typer.Exit(1) from error


async def fill(url: str, acting: Acting, scale: Fraction) -> None:
    """Fill in the demonstration at a scale where it is missing, and say how far it came.

    Raises:
        DemoRefused: the platform has other numbers of the province.
        Refused: the platform refused a request.
        httpx.HTTPError: nobody answers.
    """
    began, progress = time.monotonic(), Progress()
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        plan = await load_demo(Platform(client, acting, reader=OFFICER), scale, progress)
    if plan is not None:
        seconds = time.monotonic() - began
        progress.say(f"Dữ liệu trình diễn: {len(plan.households)} hộ, {seconds:.0f} giây. / Demonstration loaded.")
