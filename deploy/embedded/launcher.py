"""`ansinh up`: PostgreSQL, the event log, four services, the simulated bank and SMS gateway, behind one port."""

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import structlog
import uvloop
from fastapi import FastAPI

from deploy.apps import SETTINGS, build
from deploy.demo.command import fill
from deploy.embedded.counterparts import Counterparts
from deploy.embedded.gateway import Gateway
from deploy.embedded.server import listen, make_server
from deploy.first_grants import FirstGrantRefused, first_grants
from deploy.issuer import LocalIssuer
from deploy.issuer.app import issuer_app
from deploy.issuer.people import People
from deploy.people import demonstration_grants
from deploy.postgres import EmbeddedPostgres
from shared.db import migrations
from shared.keys import make_keys
from shared.logs import configure_logging
from shared.settings import SERVICES, AuditSettings, EventLogSettings, ServiceName, ServiceSettings

log = structlog.get_logger(__name__)

_LOG = "services.log"
_HOST = "127.0.0.1"  # who reads the issuer's folder can be anybody: the platform is for this machine alone


class CannotStart(Exception):
    """One sentence: the folder of the data cannot be written, or what is in it cannot be brought up to date."""


@dataclass(frozen=True)
class Surroundings:
    """What the services stand on."""

    databases: dict[ServiceName, str]
    event_log: EventLogSettings
    bank_url: str
    sms_url: str
    keys: Path
    audit: AuditSettings


def up(*, port: int, home: Path, demonstration: Fraction | None) -> None:
    """Run the platform until it is interrupted, filled with the demonstration at a scale where it is missing.

    Raises:
        CannotStart, PortTaken, EmbeddedPostgresError, CounterpartError: one sentence says what is wrong.
    """
    started = time.monotonic()
    _make_home(home)
    listener = listen(_HOST, port)
    with contextlib.closing(listener), ExitStack() as stack:
        surroundings = stack.enter_context(_surroundings(home))
        _say("Các dịch vụ / services")
        issuer = LocalIssuer.make(home / "issuer", url=f"http://localhost:{port}/issuer")
        apps = {name: build(settings) for name, settings in _settings(surroundings, issuer).items()}
        # The terminal is for people; log lines go to a file.
        logs = stack.enter_context((home / _LOG).open("a", encoding="utf-8"))
        configure_logging("platform", stream=logs)
        uvloop.run(_serve(apps, listener, port, issuer, demonstration=demonstration, started=started))
    _say("Đã dừng, dữ liệu còn nguyên. / Stopped; the data are kept.")


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home), (home / _LOG).open("a"):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotStart(
            f"Không ghi được vào thư mục dữ liệu {home} ({reason}): hãy cho người dùng này quyền ghi hoặc chọn thư mục "
            "khác bằng ANSINH_HOME. / The data folder cannot be written: give this user the right to write there, or "
            "choose another with ANSINH_HOME."
        ) from error


@contextmanager
def _surroundings(home: Path) -> Iterator[Surroundings]:
    with ExitStack() as stack:
        _say("PostgreSQL")
        postgres = stack.enter_context(EmbeddedPostgres(home / "postgres"))
        for database in (*SERVICES, "eventlog"):
            postgres.ensure(database, database)
        databases: dict[ServiceName, str] = {name: postgres.url(name, name) for name in SERVICES}
        _say("Cấu trúc dữ liệu / migrations")
        asyncio.run(_migrate(databases))
        asyncio.run(_grant(databases["registry"]))
        _say("Ngân hàng và cổng SMS mô phỏng / simulated bank and SMS gateway")
        counterparts = stack.enter_context(Counterparts(home))
        event_log = EventLogSettings()
        if event_log.kafka is None:
            event_log = event_log.model_copy(update={"eventlog_url": postgres.url("eventlog", "eventlog")})
        make_keys(home / "keys")
        audit = AuditSettings(heads=home / "audit")
        yield Surroundings(databases, event_log, counterparts.bank_url, counterparts.sms_url, home / "keys", audit)


async def _migrate(databases: dict[ServiceName, str]) -> None:
    for service, url in databases.items():
        try:
            await migrations.upgrade(service, url)
        except migrations.MigrationFailed as error:
            raise CannotStart(str(error)) from error


async def _grant(registry_url: str) -> None:
    """Give the people of the demonstration their roles, unless somebody administers roles here already."""
    with contextlib.suppress(FirstGrantRefused):
        await first_grants(registry_url, demonstration_grants(), by="ansinh up")


def _settings(surroundings: Surroundings, issuer: LocalIssuer) -> dict[ServiceName, ServiceSettings]:
    own: dict[ServiceName, dict[str, object]] = {
        "registry": {},
        "benefits": {"bank_url": surroundings.bank_url, "bank_simulated": True},
        "indicators": {},
        "notifications": {"sms_url": surroundings.sms_url, "quiet_hours": False},
    }
    return {
        name: SETTINGS[name].model_validate(
            {
                "service": name,
                "database_url": url,
                "event_log": surroundings.event_log,
                "identity": issuer.settings.model_copy(update={"public_url": issuer.url.removesuffix("/issuer")}),
                "keys": surroundings.keys,
                "audit": surroundings.audit,
                "pool_size": 2,  # each connection is a server process of some megabytes
                **own[name],
            }
        )
        for name, url in surroundings.databases.items()
    }


async def _serve(
    apps: dict[ServiceName, FastAPI],
    listener: socket.socket,
    port: int,
    issuer: LocalIssuer,
    *,
    demonstration: Fraction | None,
    started: float,
) -> None:
    """Serve until SIGINT or SIGTERM; fill in the demonstration first where it is missing."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    gateway = Gateway(apps, issuer_app(issuer, People(issuer.people)), pages="indicators")
    server = make_server(gateway)
    async with gateway.running():
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        work = asyncio.create_task(_welcome(port, issuer, demonstration=demonstration, started=started))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, serving], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        server.should_exit = True
        await serving


async def _welcome(port: int, issuer: LocalIssuer, *, demonstration: Fraction | None, started: float) -> None:
    url = f"http://localhost:{port}"
    if demonstration is not None:
        try:
            await fill(url, issuer.headers, demonstration)
        except Exception as error:  # whatever it is, the platform itself runs, and people hear of it now
            log.exception("the demonstration is not whole")
            _say(_NOT_WHOLE.format(reason=str(error) or type(error).__name__))
    sys.stdout.write(_READY.format(url=url, seconds=time.monotonic() - started))
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stdout.write(f"  · {text}\n")
    sys.stdout.flush()


_NOT_WHOLE = (
    "Chưa nạp xong dữ liệu trình diễn, lần chạy sau sẽ nạp tiếp ({reason}). "
    "/ The demonstration is not whole; the next start goes on with it."
)
_READY = """
  Ansinh sẵn sàng sau {seconds:.0f} giây. / Ansinh is ready after {seconds:.0f} seconds.

  Bảng chỉ số      {url}/                     figures on a page (?lang=en)
  API              {url}/registry/docs        also /benefits, /indicators, /notifications
  Sức khỏe         {url}/registry/readyz      is everything there?

  Thử ngay / try   .venv/bin/ansinh smoke --url {url}
                   đi hết câu chuyện: rà soát → quyết định → trợ cấp → ngân hàng → chỉ số → tin nhắn
  Mã truy cập      .venv/bin/ansinh token --role commune_officer --area 08566
                   an access token of somebody with that role, for the API
  Bàn làm việc     {url}/registry/desk        the officer's desk; {url}/benefits/desk for payments
                   .venv/bin/ansinh person can-bo.mau   (officer; chu-tich.mau approves): a password to sign in once
  Dừng / stop      Ctrl-C (dữ liệu giữ trong .ansinh / data stay in .ansinh)

"""
