"""The simulated bank and the simulated SMS gateway, as programs beside the platform that end with it."""

import os
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path
from signal import Signals
from typing import Self

from deploy.child import Child, wait_for

_START_SECONDS = 30.0


class CounterpartError(Exception):
    """One sentence: a program beside the platform did not start."""


class Counterpart:
    """A program of `deploy`, run by this Python, with its data in a folder of its own."""

    def __init__(self, module: str, folder: Path, *arguments: str) -> None:
        self._module = module
        self._folder = folder
        self._arguments = arguments
        self.url = f"http://127.0.0.1:{_free_port()}"

    def __enter__(self) -> Self:
        log = self._folder.with_suffix(".log")
        port = self.url.rpartition(":")[2]
        command: list[str | Path] = [
            sys.executable,
            "-m",
            self._module,
            "--data",
            self._folder,
            "--port",
            port,
            *self._arguments,
        ]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._child = Child(command, stop_signal=Signals.SIGTERM, log=log, environment=os.environ)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CounterpartError(
                f"Không dùng được thư mục {self._folder} ({reason}). "
                "/ The folder cannot be used; move what is in its place away, and give this user the right to write."
            ) from error
        if not wait_for(lambda: self._child.returncode() is not None or self._healthy(), within=_START_SECONDS):
            self._child.kill()
        if self._child.returncode() is not None:
            raise CounterpartError(
                f"{self._module} không khởi động được. / {self._module} did not start; its own words are in {log}"
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop(within=5, then=Signals.SIGKILL)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=1) as answer:  # noqa: S310 - our own loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
