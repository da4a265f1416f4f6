"""The simulated bank and the simulated SMS gateway, in a process beside the platform that ends with it."""

import os
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path
from signal import Signals
from typing import Self

from deploy.child import Child, wait_for

BANK, SMS = "bank", "sms"  # folders of their stores
_START_SECONDS = 30.0


class CounterpartError(Exception):
    """One sentence: the program beside the platform did not start."""


class Counterparts:
    """The program `deploy.embedded.simulated`, run by this Python, with its data in folders of `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._bank_port, self._sms_port = _free_ports()
        self.bank_url, self.sms_url = (f"http://127.0.0.1:{port}" for port in (self._bank_port, self._sms_port))

    def __enter__(self) -> Self:
        log = self._home / "simulated.log"
        ports = ["--bank-port", str(self._bank_port), "--sms-port", str(self._sms_port)]
        command: list[str | Path] = [sys.executable, "-m", "deploy.embedded.simulated", "--data", self._home, *ports]
        for name in (BANK, SMS):
            _make_folder(self._home / name)
        self._child = Child(command, stop_signal=Signals.SIGTERM, log=log, environment=os.environ)
        if not wait_for(lambda: self._child.returncode() is not None or self._healthy(), within=_START_SECONDS):
            self._child.kill()
        if self._child.returncode() is not None:
            raise CounterpartError(
                "Ngân hàng và cổng SMS mô phỏng không khởi động được. / The simulated bank and SMS gateway did not "
                f"start; their own words are in {log}"
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop(within=5, then=Signals.SIGKILL)

    def _healthy(self) -> bool:
        return all(_answers(url) for url in (self.bank_url, self.sms_url))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CounterpartError(
            f"Không dùng được thư mục {folder} ({reason}). "
            "/ The folder cannot be used; move what is in its place away, and give this user the right to write."
        ) from error


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=1) as answer:  # noqa: S310 - our own loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
