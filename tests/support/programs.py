"""Starting programs of the project as real processes, waiting until they are healthy, killing them."""

import asyncio
import atexit
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

_ROOT = Path(__file__).resolve().parents[2]
_INTERVAL = 0.02
_LOG_LINES = 20


class Program:
    """One running process `python -m MODULE …` that answers on `port`; its output goes to the file `log`."""

    def __init__(self, module: str, args: tuple[str, ...], env: Mapping[str, str], port: int, health: str) -> None:
        self.module = module
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        handle, name = tempfile.mkstemp(prefix=f"{module}-", suffix=".log")
        os.close(handle)
        self.log = Path(name)
        self._command = [sys.executable, "-m", module, *(arg.replace("{port}", str(port)) for arg in args)]
        self._env = {**os.environ, **{name: value.replace("{port}", str(port)) for name, value in env.items()}}
        self._health = health
        self.process = self._spawn()
        atexit.register(self._end_for_good)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command, cwd=_ROOT, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        """The number of the running process."""
        return self.process.pid

    async def until_healthy(self, within: float = 120) -> None:
        """Return when the program answers 200 on its health path; fail the test when it ends or takes too long."""
        deadline = time.monotonic() + within
        async with httpx.AsyncClient(base_url=self.url, timeout=2, trust_env=False) as client:
            while not await self._is_healthy(client):
                if self.process.poll() is not None:
                    pytest.fail(f"{self.module} ended with {self.process.returncode}:\n{self.last_output()}")
                if time.monotonic() > deadline:
                    pytest.fail(f"{self.module} is not healthy after {within:g} s:\n{self.last_output()}")
                await asyncio.sleep(_INTERVAL)

    async def _is_healthy(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(self._health)).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def kill(self) -> None:
        """End the process at once (SIGKILL), as a power cut of its machine would, and wait until it is gone."""
        self.process.kill()
        await asyncio.to_thread(self.process.wait)

    async def stop(self, within: float = 120) -> int:
        """Ask the process to end (SIGTERM) and return its exit status; kill it and fail the test if it will not."""
        self.process.terminate()
        try:
            return await asyncio.to_thread(self.process.wait, within)
        except subprocess.TimeoutExpired:
            await self.kill()
            pytest.fail(f"{self.module} did not end within {within:g} s of SIGTERM:\n{self.last_output()}")

    async def start_again(self) -> None:
        """Start the ended program with the same arguments on the same port, and wait until it is healthy."""
        if self.process.poll() is None:
            raise RuntimeError(f"{self.module} still runs")
        self.process = self._spawn()
        await self.until_healthy()

    def last_output(self) -> str:
        """Return the last lines that the program wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def _end_for_good(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.unlink(missing_ok=True)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def start(
    module: str,
    *args: str | Path,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    health: str = "/healthz",
) -> Program:
    """Start `python -m module args…` from the project's root and return it once it is healthy.

    `{port}` in an argument or in a value of `env` stands for the port; where no argument and no value names it,
    `--port` is appended. The process ends with the test run at the latest: prefer `running`.
    """
    texts, extra = tuple(str(arg) for arg in args), dict(env or {})
    if not any("{port}" in text for text in (*texts, *extra.values())):
        texts += ("--port", "{port}")
    program = Program(module, texts, extra, port or free_port(), health)
    try:
        await program.until_healthy()
    except BaseException:
        await program.kill()
        raise
    return program


@asynccontextmanager
async def running(
    module: str,
    *args: str | Path,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    health: str = "/healthz",
) -> AsyncIterator[Program]:
    """Start a program as `start` does and stop it when the block ends."""
    program = await start(module, *args, env=env, port=port, health=health)
    try:
        yield program
    finally:
        await program.stop()
