"""The platform as people start it on one machine."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.smoke import SmokeFailed, tell_the_story
from tests.support.postgres import CreateDatabase
from tests.support.programs import free_port, running
from tests.support.waiting import until

_UP = [sys.executable, "-m", "deploy.cli", "up"]


def _up(home: Path, port: int, *more: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "ANSINH_HOME": str(home)}
    with (home.parent / "up.log").open("a") as log:
        return subprocess.Popen(
            [*_UP, "--port", str(port), *more], env=environment, stdout=log, stderr=subprocess.STDOUT, text=True
        )


async def _until_ready(platform: "subprocess.Popen[str]", home: Path, times: int = 1) -> None:
    log = home.parent / "up.log"

    def ready() -> bool:
        assert platform.poll() is None, log.read_text()
        return log.read_text().count("Ansinh is ready") >= times

    await until(ready, within=120, describe="the platform is ready")


async def _interrupt(platform: "subprocess.Popen[str]") -> None:
    """Press Ctrl-C; nothing that the platform started may be left."""
    started = psutil.Process(platform.pid).children(recursive=True)
    platform.send_signal(signal.SIGINT)
    await until(lambda: platform.poll() is not None, within=60, describe="the platform has stopped")
    assert platform.returncode == 0
    await until(lambda: not any(process.is_running() for process in started), within=30, describe="nothing left")


async def test_the_story_is_told_on_one_machine_twice_and_its_data_outlive_a_stop(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    home.mkdir()
    heard: list[str] = []
    platform = _up(home, port)
    try:
        await _until_ready(platform, home)
        await tell_the_story(f"http://127.0.0.1:{port}", heard.append)
        await _interrupt(platform)
        platform = _up(home, port)
        await _until_ready(platform, home, times=2)
        await tell_the_story(f"http://127.0.0.1:{port}", heard.append)
        await _interrupt(platform)
    finally:
        platform.kill()
        platform.wait()
    moved = [line for line in heard if line.startswith("✓ Chỉ số")]
    assert len(moved) == 2
    # The second telling counts from where the first one ended.
    assert int(moved[1].split()[3]) == int(moved[0].split()[3]) + 1


async def test_the_story_is_not_told_where_the_bank_is_real(
    embedded_log_url: str, create_database: CreateDatabase
) -> None:
    env = {"ANSINH_DATABASE_URL": await create_database("benefits"), "ANSINH_EVENTLOG_URL": embedded_log_url}
    async with running(
        "deploy.cli", "serve", "benefits", "--port", "{port}", env=env, health="/benefits/readyz"
    ) as benefits:
        with pytest.raises(SmokeFailed, match="not simulated"):
            await tell_the_story(benefits.url, lambda _: None)


@pytest.mark.parametrize("trouble", ["taken_port", "broken_folder"])
def test_trouble_at_the_start_is_one_sentence(trouble: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1] if trouble == "taken_port" else free_port()
        if trouble == "broken_folder":
            (home / "postgres" / "data").mkdir(parents=True)
            (home / "postgres" / "data" / "PG_VERSION").write_text("nonsense")
        done = subprocess.run(
            [*_UP, "--port", str(port)],
            env={**os.environ, "ANSINH_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
