"""deploy/preflight.py: what is said of a machine before the start."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import make_env
from deploy.preflight import Finding, compose, disk, look, main, memory, port, settings
from deploy.preflight import read as read_env
from tests.support.compose_file import ROOT


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        pytest.param(memory(8.0), "PASS", id="enough memory"),
        pytest.param(memory(4.2), "WARN", id="a little under what a 4.5 GiB machine is sold with"),
        pytest.param(memory(2.0), "FAIL", id="too little memory"),
        pytest.param(disk(100.0), "PASS", id="enough disk"),
        pytest.param(disk(25.0), "WARN", id="disk for a year"),
        pytest.param(disk(3.0), "FAIL", id="too little disk"),
        pytest.param(compose("2.29.1"), "PASS", id="a Compose of today"),
        pytest.param(compose("v2.24.0"), "PASS", id="the oldest that does"),
        pytest.param(compose("2.3.3"), "FAIL", id="too old, though 3 looks like more than 24"),
        pytest.param(compose(None), "FAIL", id="no Compose"),
        pytest.param(port(443, free=True), "PASS", id="a free port"),
        pytest.param(port(443, free=False), "FAIL", id="a port that is taken"),
    ],
)
def test_each_finding_is_one_line_in_both_languages(finding: Finding, level: str) -> None:
    assert finding.level == level
    assert str(finding).startswith(f"{level}  ")
    assert " / " in str(finding)


def test_a_port_in_use_and_settings_that_are_missing_are_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        make_env.main(["--domain", "a.example", "--https-port", str(number), "--folder", str(tmp_path)])
        lines = [str(each) for each in look(tmp_path)]
    assert f"FAIL  Cổng {number} đang bị chiếm / port {number} is taken; stop who has it, or choose another" in lines
    assert "FAIL  Thiếu ANSINH_SMS_URL trong .env / ANSINH_SMS_URL in .env is missing" in lines


def test_secrets_that_others_may_read_are_refused(tmp_path: Path) -> None:
    make_env.main(["--demo", "--folder", str(tmp_path)])
    assert {each.level for each in settings(tmp_path, read_env(tmp_path))} == {"PASS"}
    (tmp_path / ".env").chmod(0o644)
    assert {each.level for each in settings(tmp_path, read_env(tmp_path))} == {"FAIL"}


def test_only_a_failure_stops_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(lambda _: iter([memory(8.0), disk(25.0)]), tmp_path) == 0
    assert main(lambda _: iter([memory(8.0), disk(2.0)]), tmp_path) == 1
    assert [line[:4] for line in capsys.readouterr().out.splitlines()] == ["PASS", "WARN", "PASS", "FAIL"]


def test_it_runs_with_nothing_but_python() -> None:
    script = str(ROOT / "deploy" / "preflight.py")
    done = subprocess.run([sys.executable, "-I", "-S", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()
    assert not done.stderr
