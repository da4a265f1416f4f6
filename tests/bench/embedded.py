"""The embedded platform as `make run` starts it: how soon it is ready, what it holds in memory, how fast it reads."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.acting import Acting
from deploy.issuer import LocalIssuer
from deploy.smoke.story import OFFICER
from tests.bench.ground import free_port, report
from tests.bench.memory import measure_memory
from tests.bench.reads import measure_reads

_READY_SECONDS = 180.0


@dataclass(frozen=True)
class Running:
    """A platform that is ready after `seconds`."""

    pid: int
    url: str
    home: Path
    acting: Acting
    seconds: float


def measure_embedded() -> None:
    """Start the platform and print its figures."""
    with _running() as platform:
        report("ready_with_demonstration", platform.seconds, "s", goal="<= 90 s")
        measure_memory(platform.pid, platform.url, platform.acting)
        measure_reads(platform.url, platform.home, platform.acting(OFFICER))


@contextmanager
def _running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        began = time.perf_counter()
        platform = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "up", "--port", str(port)],
            env={**os.environ, "ANSINH_HOME": home},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            _wait_until_ready(platform)
            seconds = time.perf_counter() - began
            acting = LocalIssuer(Path(home) / "issuer").headers
            yield Running(platform.pid, f"http://localhost:{port}", Path(home), acting, seconds)
        finally:
            platform.send_signal(signal.SIGINT)
            platform.communicate(timeout=60)


def _wait_until_ready(platform: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + _READY_SECONDS
    assert platform.stdout is not None
    for line in platform.stdout:
        if "Ansinh is ready" in line:
            return
        if time.monotonic() > deadline:
            break
    raise RuntimeError("the platform did not become ready")
