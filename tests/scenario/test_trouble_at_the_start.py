"""What can go wrong when the platform starts is told in one sentence, in both languages."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from deploy.postgres import EmbeddedPostgres, binary
from tests.scenario.platform import UP
from tests.support.programs import free_port

# Root of its own: no right to a port below 1024, and none outside.
_NOBODY_IN_A_NETWORK_OF_ITS_OWN = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--net", "--"]


@contextmanager
def _taken_port(home: Path) -> Iterator[Sequence[str]]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield [*UP, "--port", str(other.getsockname()[1])]


@contextmanager
def _port_of_root(home: Path) -> Iterator[Sequence[str]]:
    yield [*_NOBODY_IN_A_NETWORK_OF_ITS_OWN, *UP, "--port", "80"]


@contextmanager
def _no_home(home: Path) -> Iterator[Sequence[str]]:
    home.touch()
    yield UP


@contextmanager
def _foreign_data(home: Path) -> Iterator[Sequence[str]]:
    (home / "postgres" / "data").mkdir(parents=True)
    (home / "postgres" / "data" / "PG_VERSION").write_text("nonsense")
    yield UP


@contextmanager
def _data_of_a_later_release(home: Path) -> Iterator[Sequence[str]]:
    with EmbeddedPostgres(home / "postgres", durable=False) as postgres:
        postgres.ensure("registry", "registry")
        later = "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('9999')"
        psql = [str(binary("psql")), postgres.url("registry", "registry"), "-q", "-c", later]
        subprocess.run(psql, check=True)
    yield UP


@contextmanager
def _data_in_use(home: Path) -> Iterator[Sequence[str]]:
    with EmbeddedPostgres(home / "postgres", durable=False):
        yield UP


@contextmanager
def _no_folder_for_the_bank(home: Path) -> Iterator[Sequence[str]]:
    home.mkdir()
    (home / "bank").touch()
    yield UP


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        pytest.param(_taken_port, "is taken; choose another: make run PORT=", id="taken port"),
        pytest.param(_port_of_root, "No right to open port 80", id="port of root"),
        pytest.param(_no_home, "The data folder cannot be written", id="home that cannot be a folder"),
        pytest.param(_foreign_data, "The data are of PostgreSQL nonsense", id="foreign data"),
        pytest.param(_data_of_a_later_release, "is of a later version", id="data of a later release"),
        pytest.param(_data_in_use, "Another launcher", id="data in use"),
        pytest.param(_no_folder_for_the_bank, "The folder cannot be used", id="no folder for the bank"),
    ],
)
def test_trouble_at_the_start_is_one_sentence(
    trouble: Callable[[Path], AbstractContextManager[Sequence[str]]], says: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with trouble(home) as command:
        done = subprocess.run(
            command,
            env={**os.environ, "ANSINH_HOME": str(home), "PORT": str(free_port())},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    assert done.returncode == 1, done.stderr
    [sentence] = done.stderr.strip().splitlines()
    vietnamese, _, english = sentence.partition(" / ")
    assert not vietnamese.isascii()
    assert says in english
