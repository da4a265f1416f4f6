"""Memory of the embedded platform, process by process: at rest, and while the story is told."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psutil

from deploy.acting import Acting
from deploy.issuer import LocalIssuer
from deploy.smoke import tell_the_story
from tests.bench.ground import report

_READY_SECONDS = 120.0


def measure_memory() -> None:
    """Start the platform as `make run` does; print what each of its processes holds, in MB of resident memory."""
    with tempfile.TemporaryDirectory() as home:
        port = _free_port()
        began = time.perf_counter()
        platform = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "up", "--port", str(port)],
            env={**os.environ, "ANSINH_HOME": home},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            _wait_until_ready(platform)
            report("ready_with_sample_commune", time.perf_counter() - began, "s", goal="<= 60 s")
            acting = LocalIssuer(Path(home) / "issuer").headers
            _report_processes("memory_at_rest", _resident(platform.pid))
            _report_processes("memory_at_work", _highest_during_story(platform.pid, f"http://localhost:{port}", acting))
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


def _highest_during_story(pid: int, url: str, acting: Acting) -> dict[str, int]:
    highest: Counter[str] = Counter()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            for name, size in _resident(pid).items():
                highest[name] = max(highest[name], size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        asyncio.run(tell_the_story(url, acting, lambda _: None))
    finally:
        done.set()
        watcher.join()
    return dict(highest)


def _resident(pid: int) -> dict[str, int]:
    """Return the memory of a process and all that it started, by what they are; shared pages are counted once."""
    sizes: Counter[str] = Counter()
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            command, memory = " ".join(process.cmdline()), process.memory_full_info()
        except psutil.Error:
            continue
        sizes[_kind(command)] += memory.pss
    return dict(sizes)


def _kind(command: str) -> str:
    for part, name in (("deploy.bank", "bank"), ("deploy.sms", "sms gateway"), ("postgres", "PostgreSQL")):
        if part in command:
            return name
    return "four services" if "deploy.cli" in command else "supervisors"


def _report_processes(figure: str, sizes: dict[str, int]) -> None:
    by_process = {name: round(size / 1e6, 1) for name, size in sorted(sizes.items())}
    report(figure, sum(sizes.values()) / 1e6, "MB", processes=by_process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
