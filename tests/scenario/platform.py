"""The platform as a person starts it: `ansinh up` as a process, what it prints, Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import httpx
import psutil

from deploy.client import Platform
from deploy.issuer import LocalIssuer
from deploy.people import OFFICER
from shared import clock
from tests.support.programs import free_port
from tests.support.waiting import until

UP = [sys.executable, "-m", "deploy.cli", "up"]
READY_WITHIN = 300.0  # on a busy machine; alone it takes about a minute
_ANOTHER_DAY = Path(__file__).parents[1] / "support" / "another_day"


class Home:
    """A folder of data and the port of the platform that runs on it, one start after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._starts = 0

    @asynccontextmanager
    async def platform(self, *options: str, on: date | None = None) -> AsyncIterator[str]:
        """Start the platform, on a day; give what it printed until it was ready, and press Ctrl-C in the end.

        Nothing that it started may be left.
        """
        self._starts += 1
        log = self.folder.parent / f"up-{self._starts}.log"
        environment = {**os.environ, "ANSINH_HOME": str(self.folder)}
        if on is not None:
            days = (on - clock.today()).days
            environment |= {"PYTHONPATH": str(_ANOTHER_DAY), "ANSINH_TEST_DAYS": str(days)}
        process = _start([*UP, "--port", str(self.port), *options], environment, log)

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            return "Ansinh is ready" in log.read_text()

        try:
            await until(ready, within=READY_WITHIN, describe=f"the platform is ready, see {log}")
            yield log.read_text()
            await _interrupt(process)
        finally:
            process.kill()
            process.wait()

    def acting(self, subject: str) -> dict[str, str]:
        """Return the headers with which somebody acts, by a token of the platform's own issuer."""
        return LocalIssuer(self.folder / "issuer").headers(subject)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Platform]:
        """Return a client of the running platform."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False) as client:
            yield Platform(client, self.acting, reader=OFFICER)


def _start(command: list[str], environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("w") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)


async def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    await until(lambda: process.poll() is not None, within=60, describe="the platform has stopped")
    assert process.returncode == 0
    await until(lambda: not any(child.is_running() for child in started), within=30, describe="nothing left")
