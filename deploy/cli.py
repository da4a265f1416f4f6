"""The command `ansinh`: run the platform, run one service, look after events, prove that it all works."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvloop
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from deploy.acting import NotSignedIn, acting_from, signed_in
from deploy.apps import SETTINGS, build
from deploy.audit import audit_commands
from deploy.bank_check import NotSimulated, check
from deploy.client import Refused
from deploy.demo.cells import ScaleRefused, read_scale
from deploy.demo.command import demo
from deploy.embedded.counterparts import CounterpartError
from deploy.embedded.launcher import CannotStart
from deploy.embedded.launcher import up as run_platform
from deploy.embedded.server import PortTaken, listen, make_server
from deploy.first_grants import FirstGrantRefused, first_grants, parse_grants
from deploy.imports import import_households
from deploy.issuer import IssuerMissing, LocalIssuer
from deploy.issuer.people import BadName, People
from deploy.keys import key_commands
from deploy.ledger import ledger_commands
from deploy.people import ACCOUNTANT
from deploy.postgres import EmbeddedPostgresError
from deploy.recovery import recovery_commands
from deploy.sign_in import NotSignedInThere, access_token
from deploy.smoke import SmokeFailed, tell_the_story
from deploy.tokens import NoSuchRole, token_of
from shared.access.roles import GRANTABLE
from shared.db import Database, migrations
from shared.eventlog import open_log
from shared.keys import load_keys
from shared.logs import configure_logging
from shared.messaging.consumers import Consumer
from shared.messaging.rebuild import NotRebuildable
from shared.messaging.rebuild import rebuild as rebuild_projector
from shared.settings import BadSetting, ServiceName, ServiceSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Service = Annotated[str, typer.Argument(help="registry, benefits, indicators or notifications")]
Url = Annotated[str, typer.Option(help="where the platform answers", envvar="ANSINH_URL")]
Home = Annotated[Path, typer.Option(envvar="ANSINH_HOME", help="folder of the platform that runs on this machine")]
Tokens = Annotated[Path | None, typer.Option(envvar="ANSINH_TOKENS", help="JSON file of tokens by subject")]


def _fail(sentence: object) -> typer.Exit:
    typer.echo(str(sentence), err=True)
    return typer.Exit(1)


def _settings(service: str) -> ServiceSettings:
    if service not in SETTINGS:
        raise _fail(f"Không có dịch vụ {service}. / There is no service {service}: {', '.join(SETTINGS)}")
    name: ServiceName = service
    try:
        return SETTINGS[name].model_validate({"service": name})
    except BadSetting as error:
        raise _fail(error) from error
    except ValidationError as error:
        raise _fail("\n".join(_wrong_setting(wrong) for wrong in error.errors())) from error


def _wrong_setting(wrong: ErrorDetails) -> str:
    if not wrong["loc"]:
        return f"Cấu hình sai. / Wrong settings: {wrong['msg'].removeprefix('Value error, ')}."
    variable = f"ANSINH_{wrong['loc'][-1]}".upper()
    if wrong["type"] == "missing":
        return f"Thiếu biến {variable}. / The variable {variable} is missing."
    return f"Biến {variable} sai. / The variable {variable} is wrong: {wrong['msg']}."


@app.command()
def up(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="port on 127.0.0.1")] = 8080,
    home: Annotated[Path, typer.Option(envvar="ANSINH_HOME", help="folder of its data")] = Path(".ansinh"),
    scale: Annotated[str, typer.Option("--demo", envvar="DEMO", help="scale of the demonstration; 0: empty")] = "0.01",
) -> None:
    """Run the whole platform on this machine until Ctrl-C."""
    try:
        run_platform(port=port, home=home.resolve(), demonstration=None if scale == "0" else read_scale(scale))
    except (CannotStart, PortTaken, EmbeddedPostgresError, CounterpartError, ScaleRefused) as error:
        raise _fail(error) from error


@app.command()
def serve(
    service: Service,
    port: Annotated[int, typer.Option(envvar="PORT")] = 8000,
    host: Annotated[str, typer.Option(envvar="HOST")] = "127.0.0.1",
) -> None:
    """Run one service with its relay, consumers and workers until SIGTERM. Settings come from ANSINH_… variables."""
    settings = _settings(service)
    configure_logging(service, level=settings.log_level)
    try:
        uvloop.run(_serve(settings, host, port))
    except (PortTaken, BadSetting) as error:
        raise _fail(error) from error


async def _serve(settings: ServiceSettings, host: str, port: int) -> None:
    app = build(settings)
    listener = listen(host, port)
    server = make_server(app)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    async with app.router.lifespan_context(app):
        await server.serve(sockets=[listener])


@app.command()
def migrate(service: Service, revision: str = "head") -> None:
    """Bring a service's database up to date; harmless when it is."""
    try:
        asyncio.run(migrations.upgrade(service, _settings(service).database_url, revision))
    except migrations.MigrationFailed as error:
        raise _fail(error) from error


@app.command()
def rebuild(service: Service, consumer: Annotated[str, typer.Argument(help="a projector, indicators.poverty")]) -> None:
    """Build a projector's tables anew from the event log, beside the live ones, and swap them in."""
    events = asyncio.run(_rebuild(_settings(service), consumer))
    typer.echo(f"Đã dựng lại {consumer} từ {events} sự kiện. / Rebuilt {consumer} from {events} events.")


async def _rebuild(settings: ServiceSettings, name: str) -> int:
    consumers: dict[str, Consumer] = build(settings).state.consumers
    if name not in consumers:
        raise _fail(f"Không có {name}. / There is no {name}; the service has {', '.join(consumers)}")
    database = Database(settings.database_url, name="ansinh rebuild", keys=load_keys(settings.keys, settings.service))
    event_log = open_log(settings.event_log, client="ansinh-rebuild")
    try:
        return await rebuild_projector(database, event_log, consumers[name])
    except NotRebuildable as error:
        raise _fail(error) from error
    finally:
        await event_log.close()
        await database.close()


@app.command()
def smoke(url: Url = "http://localhost:8080", home: Home = Path(".ansinh"), tokens: Tokens = None) -> None:
    """Tell the platform's whole story over HTTP, on a platform whose bank is simulated; every figure must move."""
    try:
        asyncio.run(tell_the_story(url, acting_from(home, tokens), typer.echo))
    except (SmokeFailed, NotSignedIn, httpx.HTTPError) as error:
        raise _fail(f"✗ {error or type(error).__name__}") from error


@app.command()
def token(
    role: Annotated[str, typer.Option(help="what the person may do: " + ", ".join(GRANTABLE))],
    area: Annotated[str | None, typer.Option(help="code of the area; everywhere if none is given")] = None,
    url: Url = "http://localhost:8080",
    home: Home = Path(".ansinh"),
) -> None:
    """Print an access token of somebody with a role on the platform that runs on this machine; made up if need be."""
    try:
        typer.echo(asyncio.run(token_of(LocalIssuer(home / "issuer"), url, role, area)))
    except (IssuerMissing, Refused, NoSuchRole, httpx.HTTPError) as error:
        raise _fail(error) from error


@app.command("sign-in")
def sign_in(
    issuer: Annotated[str, typer.Option(envvar="ANSINH_OIDC_ISSUER", help="as it stands in .env")],
) -> None:
    """Sign in by a browser, on this machine or another; print an access token for ANSINH_TOKEN or --tokens."""
    try:
        typer.echo(access_token(issuer, lambda text: typer.echo(text, err=True)))
    except (NotSignedInThere, httpx.HTTPError) as error:
        raise _fail(error) from error


@app.command()
def person(
    name: Annotated[str, typer.Argument(help="user name, as grants are written with")],
    home: Home = Path(".ansinh"),
) -> None:
    """Let somebody sign in by browser on the platform of this machine; print a password that works once."""
    try:
        password = People(LocalIssuer(home / "issuer").people).invite(name)
    except (IssuerMissing, BadName) as error:
        raise _fail(error) from error
    typer.echo(password)


@app.command()
def grant(
    roles: Annotated[list[str], typer.Argument(help="SUBJECT:ROLE, or SUBJECT:ROLE:AREA, as many as you like")],
    by: Annotated[str, typer.Option(help="who sits at this machine", envvar="USER")] = "operator",
) -> None:
    """Make the first grants, until two people can grant; later ones go through the registry's API."""
    try:
        made = asyncio.run(first_grants(_settings("registry").database_url, parse_grants(roles), by=by))
    except FirstGrantRefused as error:
        raise _fail(error) from error
    typer.echo(f"Đã giao {made} vai trò. / {made} roles granted.")


app.command()(demo)


letters = typer.Typer(no_args_is_help=True, help="Events that a consumer could not handle.")
app.add_typer(letters, name="dead-letters")
Actor = Annotated[str, typer.Option(help="who acts, where ANSINH_TOKEN does not say it")]
_OPERATOR = "quan-tri.mau"


def _call(method: str, url: str, service: str, path: str, actor: str, home: Path, **body: str) -> httpx.Response:
    try:
        token_of_actor = signed_in(home, actor)
    except NotSignedIn as error:
        raise _fail(error) from error
    answer = httpx.request(
        method,
        f"{url}/{service}/v1/dead-letters{path}",
        headers={**token_of_actor, "Accept-Language": os.environ.get("LANG", "vi")[:2]},
        json=body or None,
        timeout=60,
    )
    if answer.is_error:
        raise _fail(answer.json().get("detail", answer.text))
    return answer


@letters.command("list")
def list_letters(
    service: Service, actor: Actor = _OPERATOR, url: Url = "http://localhost:8080", home: Home = Path(".ansinh")
) -> None:
    """List what waits."""
    for letter in _call("GET", url, service, "", actor, home).json()["letters"]:
        typer.echo(
            f"{letter['id']:>8}  {letter['state']:<9} {letter['consumer']:<26} {letter['type']}  {letter['key']}"
            f"  {letter['error'] or ''}"
        )


@letters.command()
def show(
    service: Service,
    letter: int,
    actor: Actor = _OPERATOR,
    url: Url = "http://localhost:8080",
    home: Home = Path(".ansinh"),
) -> None:
    """Show one, without its data."""
    for name, value in _call("GET", url, service, f"/{letter}", actor, home).json().items():
        typer.echo(f"{name:<12} {value}")


@letters.command()
def replay(
    service: Service,
    letter: int,
    actor: Actor = _OPERATOR,
    url: Url = "http://localhost:8080",
    home: Home = Path(".ansinh"),
) -> None:
    """Handle the letters of its key again, in order."""
    done = _call("POST", url, service, f"/{letter}/replay", actor, home).json()
    typer.echo(f"Đã xử lý / handled: {done['handled']}; còn chờ / waiting: {done['waiting']}")


@letters.command()
def discard(
    service: Service,
    letter: int,
    reason: str,
    actor: Actor = _OPERATOR,
    url: Url = "http://localhost:8080",
    home: Home = Path(".ansinh"),
) -> None:
    """Give one up, with the reason."""
    _call("POST", url, service, f"/{letter}/discard", actor, home, reason=reason)


bank = typer.Typer(no_args_is_help=True, help="The bank that pays.")
app.add_typer(bank, name="bank")


@bank.command("check")
def check_bank(
    url: Url = "http://localhost:8080",
    home: Home = Path(".ansinh"),
    actor: Annotated[str, typer.Option(help="who reads, where ANSINH_TOKEN does not say it")] = ACCOUNTANT,
) -> None:
    """Compare our book with the simulated bank's, payment by payment; name each difference and end with 1 on any."""
    try:
        agree = asyncio.run(_compare_books(url, home, actor))
    except (NotSimulated, NotSignedIn, Refused, httpx.HTTPError) as error:
        raise _fail(f"✗ {error or type(error).__name__}") from error
    if not agree:
        raise typer.Exit(1)


async def _compare_books(url: str, home: Path, actor: str) -> bool:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        return await check(client, lambda subject: signed_in(home, subject), actor, typer.echo)


app.add_typer(recovery_commands, name="recovery")
app.add_typer(audit_commands, name="audit")
app.add_typer(key_commands, name="keys")
app.add_typer(ledger_commands, name="ledger")
app.command("import")(import_households)


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
