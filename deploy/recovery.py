"""`ansinh recovery`: after a restore on either side nothing is sent until two people let files go again."""

import os
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer

from deploy.acting import NotSignedIn, signed_in
from deploy.people import ACCOUNTANT, APPROVER

recovery_commands = typer.Typer(no_args_is_help=True, help=__doc__)

Url = Annotated[str, typer.Option(help="where the platform answers", envvar="ANSINH_URL")]
Home = Annotated[Path, typer.Option(envvar="ANSINH_HOME", help="folder of the platform that runs on this machine")]
Actor = Annotated[str, typer.Option(help="who acts, where ANSINH_TOKEN does not say it")]


def _ask(method: str, url: str, path: str, actor: str, home: Path, body: Any = None) -> Any:
    try:
        headers = {**signed_in(home, actor), "Accept-Language": os.environ.get("LANG", "vi")[:2]}
        if method == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        answer = httpx.request(method, f"{url}/benefits/v1{path}", headers=headers, json=body, timeout=60)
    except (NotSignedIn, httpx.HTTPError) as error:
        typer.echo(str(error) or type(error).__name__, err=True)
        raise typer.Exit(1) from error
    if answer.is_error:
        typer.echo(answer.json().get("detail", answer.text), err=True)
        raise typer.Exit(1)
    return answer.json()


@recovery_commands.command("list")
def list_recoveries(
    actor: Actor = ACCOUNTANT, url: Url = "http://localhost:8080", home: Home = Path(".ansinh")
) -> None:
    """Show why nothing is sent, and how far what the bank knows was read."""
    for one in _ask("GET", url, "/bank-recoveries", actor, home):
        state = "released" if one["released_at"] else "walked" if one["walked_at"] else f"{one['unread']} unread"
        typer.echo(
            f"{one['id']}  {one['bank']:<10} {one['cause']:<14} {state:<12} "
            f"{one['files']} tệp / files, {one['payments']} lệnh / payments, {one['total']:,} đồng"
        )


@recovery_commands.command()
def stop(
    bank: Annotated[str, typer.Argument(help="which bank nothing is to be sent to")] = "simbank",
    actor: Actor = ACCOUNTANT,
    url: Url = "http://localhost:8080",
    home: Home = Path(".ansinh"),
) -> None:
    """Stop sending at once: a database was restored. What the bank knows is read by itself; look with `list`."""
    found = _ask("POST", url, "/bank-recoveries", actor, home, {"bank": bank})
    typer.echo(f"Đã ngừng gửi / sending is stopped: {found['id']}")


@recovery_commands.command()
def release(
    recovery: Annotated[str, typer.Argument(help="its id, from `list`")],
    actor: Actor = ACCOUNTANT,
    url: Url = "http://localhost:8080",
    home: Home = Path(".ansinh"),
) -> None:
    """Propose that files go again, once all was read; another person approves it with `approve`."""
    proposal = _ask("POST", url, f"/bank-recoveries/{recovery}/release", actor, home, {})
    content = proposal["content"]
    typer.echo(
        f"{content['files']} tệp, {content['payments']} lệnh, {content['total']:,} đồng ngân hàng biết mà ta không có. "
        "/ files, payments and money that the bank knows of and we do not."
    )
    typer.echo(f"ansinh recovery approve {proposal['id']} {proposal['content_hash']}")


@recovery_commands.command()
def approve(
    proposal: str,
    content_hash: str,
    actor: Actor = APPROVER,
    url: Url = "http://localhost:8080",
    home: Home = Path(".ansinh"),
) -> None:
    """Let files go again, as another person than who proposed it."""
    _ask("POST", url, f"/proposals/{proposal}/approval", actor, home, {"content_hash": content_hash})
    typer.echo("Đã cho gửi lại. / Files go again.")
