"""The embedded PostgreSQL launcher, with real launchers ended in every way, as root and as an ordinary user."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from deploy.child import wait_for
from deploy.postgres import EmbeddedPostgres, EmbeddedPostgresError, binary

ROOT = Path(__file__).parents[2]
NOBODY = 65534
LAUNCHER = [sys.executable, "-m", "tests.support.postgres_launcher"]

# The interpreter may lie where only root can look: the ordinary user is let look, and do nothing else.
AS_NOBODY = [
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--bounding-set=-all,+dac_read_search",
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
    "--",
]
WHO = ["root", "ordinary user"] if os.geteuid() == 0 else ["ordinary user"]


@dataclass
class Launchers:
    """Starts launchers as one user on folders of that user, and leaves none behind."""

    home: Path
    who: str
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.enter = AS_NOBODY if os.geteuid() == 0 and self.who != "root" else []
        self.folder = self.home / "database"
        if self.enter:
            os.chown(self.home, NOBODY, NOBODY)

    def launch(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a launcher on the folder."""
        launcher = subprocess.Popen(
            [*self.enter, *LAUNCHER, str(self.folder), *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(launcher)
        return launcher

    def serve(self, **environment: str) -> tuple[subprocess.Popen[str], str]:
        """Start a launcher and return it with its URL when the server answers."""
        launcher = self.launch(**environment)
        return launcher, line(launcher)

    def refused(self) -> str:
        """Start a launcher that must refuse; return what it says."""
        launcher = self.launch()
        _, said = launcher.communicate(timeout=60)
        assert launcher.returncode == 1, said
        assert len(said.splitlines()) == 1, said
        assert str(self.folder) in said
        return said

    def server(self) -> psutil.Process:
        """Return the running server of the folder."""
        return psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0]))

    def end(self) -> None:
        """End every launcher, and with it its server."""
        for launcher in self.started:
            launcher.kill()
            launcher.communicate()


@pytest.fixture(params=WHO)
def launchers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Launchers]:
    """Launchers of each kind of user that this machine lets us be."""
    launchers = Launchers(tmp_path, request.param)
    yield launchers
    launchers.end()
    assert wait_for(lambda: not servers_in(launchers.home), within=30), "a server outlived its launcher"


def line(launcher: subprocess.Popen[str]) -> str:
    assert launcher.stdout is not None
    if not (said := launcher.stdout.readline().strip()):
        pytest.fail(f"the launcher ended: {launcher.communicate()[1]}")
    return said


def stop(launcher: subprocess.Popen[str]) -> None:
    _, complaint = launcher.communicate(timeout=60)
    assert (launcher.returncode, complaint) == (0, "")


def query(url: str, statement: str) -> str:
    """Run a statement and return its first value."""
    command = [str(binary("psql")), url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def servers_in(home: Path) -> list[psutil.Process]:
    """Return the PostgreSQL processes that work below a folder."""
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == "postgres" and Path(process.info["cwd"] or "/").is_relative_to(home)
    ]


def remember(url: str) -> None:
    query(url, "CREATE TABLE memory AS SELECT 'Hà Giang' AS word")


def test_data_are_found_again_after_a_stop(launchers: Launchers) -> None:
    first, url = launchers.serve()
    remember(url)
    stop(first)
    assert not servers_in(launchers.home)

    second, url = launchers.serve()
    assert query(url, "SELECT word FROM memory") == "Hà Giang"
    stop(second)


def capabilities(process: int) -> int:
    return int(Path(f"/proc/{process}/status").read_text().partition("CapEff:")[2].split()[0], 16)


def test_the_server_runs_without_roots_rights(launchers: Launchers) -> None:
    launcher, _ = launchers.serve()
    allowed = 0 if launchers.who == "root" else capabilities(launcher.pid)
    assert capabilities(launchers.server().pid) & ~allowed == 0
    stop(launcher)


def test_a_killed_launcher_takes_its_server_along_and_loses_no_data(launchers: Launchers) -> None:
    launcher, url = launchers.serve()
    remember(url)
    server = launchers.server()
    launcher.kill()
    assert psutil.wait_procs([server], timeout=30)[1] == []

    second, url = launchers.serve()
    assert query(url, "SELECT word FROM memory") == "Hà Giang"
    stop(second)


def test_a_start_right_after_a_kill_waits_for_the_old_server(launchers: Launchers) -> None:
    launcher, url = launchers.serve()
    remember(url)
    with subprocess.Popen([str(binary("psql")), url, "-c", "SELECT pg_sleep(600)"], stderr=subprocess.PIPE):
        launcher.kill()
        second, url = launchers.serve()
    assert query(url, "SELECT word FROM memory") == "Hà Giang"
    stop(second)


def test_a_server_that_lost_launcher_and_supervisor_is_ended_before_the_next_starts(launchers: Launchers) -> None:
    launcher, url = launchers.serve()
    remember(url)
    server = launchers.server()
    supervisor = server.parent()
    assert supervisor is not None
    os.kill(launcher.pid, signal.SIGSTOP)  # so that it cannot close the pipe before its supervisor is gone
    # The shell's watcher of the pipe goes too: it is what would have stopped the server.
    for process in [*(child for child in supervisor.children() if child.pid != server.pid), supervisor]:
        process.kill()
    launcher.kill()
    launcher.wait()
    assert server.is_running()

    second, url = launchers.serve()
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE  # where nobody reaps orphans
    assert query(url, "SELECT word FROM memory") == "Hà Giang"
    stop(second)


def test_a_launcher_killed_while_it_makes_the_database_leaves_a_folder_that_starts(launchers: Launchers) -> None:
    launcher = launchers.launch()
    assert wait_for(lambda: bool(list(launchers.folder.glob("initdb-*/base"))), within=30, every=0.001)
    launcher.kill()
    assert not (launchers.folder / "data").exists()

    second, url = launchers.serve()
    assert query(url, "SELECT 1") == "1"
    stop(second)
    assert not list(launchers.folder.glob("initdb-*"))


def test_a_worker_forked_from_a_killed_launcher_does_not_keep_the_server_alive(launchers: Launchers) -> None:
    launcher = launchers.launch("fork")
    worker = psutil.Process(int(line(launcher)))
    line(launcher)
    server = launchers.server()
    launcher.kill()
    try:
        assert psutil.wait_procs([server], timeout=30)[1] == []
        assert worker.is_running()
    finally:
        worker.kill()


def test_ctrl_c_reaches_the_launcher_but_not_the_server(launchers: Launchers) -> None:
    launcher, _ = launchers.serve()
    os.killpg(launcher.pid, signal.SIGINT)
    assert line(launcher) == "still serving"
    stop(launcher)


def test_a_second_launcher_on_the_folder_says_who_runs_and_disturbs_nothing(launchers: Launchers) -> None:
    first, url = launchers.serve()
    server = launchers.server()
    assert f"(process {first.pid})" in launchers.refused()
    assert server.is_running()
    assert query(url, "SELECT 1") == "1"
    stop(first)


def test_a_stale_pid_file_of_a_dead_process_is_no_obstacle(launchers: Launchers) -> None:
    first, url = launchers.serve()
    remember(url)
    pid_file = launchers.folder / "data" / "postmaster.pid"
    stale = pid_file.read_text()
    stop(first)
    pid_file.write_text(stale)

    second, url = launchers.serve()
    assert query(url, "SELECT word FROM memory") == "Hà Giang"
    stop(second)


def test_a_stale_pid_file_that_names_a_foreign_process_is_no_obstacle_and_no_harm(launchers: Launchers) -> None:
    first, url = launchers.serve()
    remember(url)
    pid_file = launchers.folder / "data" / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    stop(first)
    # Of the same user as the server, so that PostgreSQL itself would take it for a living server and refuse.
    foreign = subprocess.Popen([*launchers.enter, sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pid_file.write_text("\n".join([str(foreign.pid), *stale[1:]]))
    lock = launchers.folder / "postgres.lock"
    lock.write_text(json.dumps({**json.loads(lock.read_text()), "pid": foreign.pid}))

    second, url = launchers.serve()
    assert query(url, "SELECT word FROM memory") == "Hà Giang"
    stop(second)
    assert foreign.poll() is None
    foreign.communicate(b"\n")


def test_a_locale_that_the_system_lacks_changes_nothing(launchers: Launchers) -> None:
    launcher, url = launchers.serve(LANG="xx_YY.UTF-8", LC_ALL="xx_YY.UTF-8", LC_MESSAGES="xx_YY")
    shown = "concat_ws(' ', datlocprovider, datlocale, pg_encoding_to_char(encoding))"
    assert query(url, f"SELECT {shown} FROM pg_database WHERE datname = 'kept'") == "b C.UTF-8 UTF8"
    assert query(url, "SELECT upper('đường Ấp Bắc')") == "ĐƯỜNG ẤP BẮC"
    stop(launcher)


def test_variables_of_another_postgresql_change_nothing(launchers: Launchers) -> None:
    launcher, url = launchers.serve(PGDATA="/nowhere", PGPORT="1", PGHOST="nowhere", PGUSER="x", PGOPTIONS="-c bad=1")
    assert query(url, "SELECT 1") == "1"
    stop(launcher)


@pytest.fixture
def runtime_folder() -> Iterator[Path]:
    """A folder with a short path, as that of a signed-in user's running programs is."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_a_runtime_folder_that_is_too_long_for_a_socket_is_passed_over(launchers: Launchers) -> None:
    launchers.folder = launchers.home / ("a" * 100) / "database"
    long = launchers.home / ("b" * 100)
    long.mkdir()
    launcher, url = launchers.serve(XDG_RUNTIME_DIR=str(long))
    assert query(url, "SELECT 1") == "1"
    assert list(long.iterdir()) == []
    stop(launcher)


def test_a_long_path_gets_a_private_socket_folder_elsewhere_that_does_not_pile_up(
    launchers: Launchers, runtime_folder: Path
) -> None:
    launchers.folder = launchers.home / ("a" * 100) / "database"
    if launchers.enter:
        os.chown(runtime_folder, NOBODY, NOBODY)
    first, url = launchers.serve(XDG_RUNTIME_DIR=str(runtime_folder))
    assert query(url, "SELECT 1") == "1"
    (sockets,) = runtime_folder.iterdir()
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    first.kill()

    second, url = launchers.serve(XDG_RUNTIME_DIR=str(runtime_folder))
    assert query(url, "SELECT 1") == "1"
    (of_second,) = runtime_folder.iterdir()
    assert of_second != sockets
    stop(second)
    assert list(runtime_folder.iterdir()) == []


def _file_in_its_place(folder: Path) -> None:
    folder.touch()


def _foreign_files(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "letters.txt").touch()


def _older_version(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("15\n")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(_file_in_its_place, "File exists", id="a file in its place"),
        pytest.param(_foreign_files, "holds files but no PostgreSQL data", id="foreign files"),
        pytest.param(_older_version, "PostgreSQL 15", id="data of another version"),
    ],
)
def test_a_folder_that_cannot_hold_the_data_is_told_in_one_sentence(
    launchers: Launchers, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(launchers.folder)
    if launchers.enter:
        for path in [launchers.folder, *launchers.folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
    assert says in launchers.refused()


def test_a_folder_without_the_right_to_write_is_told_in_one_sentence(launchers: Launchers) -> None:
    if launchers.who == "root":  # whom no mode stops, but who cannot make a folder here either
        launchers.folder = Path("/proc/ansinh")
    else:
        launchers.folder.mkdir()
        launchers.folder.chmod(0o500)
    assert "give this user the right to write there" in launchers.refused()


def test_broken_data_are_told_in_one_sentence_that_names_the_log(launchers: Launchers) -> None:
    first, _ = launchers.serve()
    stop(first)
    (launchers.folder / "data" / "global" / "pg_control").unlink()
    said = launchers.refused()
    assert "pg_control" in said or "could not find the database system" in said
    assert str(launchers.folder / "postgres.log") in said
    assert not servers_in(launchers.home)


def test_data_of_another_user_are_left_alone_and_told_in_one_sentence(tmp_path: Path) -> None:
    launchers = Launchers(tmp_path, WHO[0])
    launchers.folder.mkdir()
    data = launchers.folder / "data"
    if os.geteuid() == 0:
        data.mkdir()
        os.chown(data, NOBODY, NOBODY)
    else:
        data.symlink_to("/etc")
    assert "belongs to" in launchers.refused()
    assert not (launchers.folder / "postgres.log").exists()


def test_a_database_is_closed_to_other_roles_and_to_the_network(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "database") as server:
        for _ in range(2):
            server.ensure("benefits", "benefits")
        server.ensure("registry", "registry")
        assert query(server.url("benefits", "benefits"), "SELECT current_user") == "benefits"
        stranger = [str(binary("psql")), server.url("benefits", "registry"), "-c", "SELECT 1"]
        refused = subprocess.run(stranger, capture_output=True, check=False)
        assert b"permission denied" in refused.stderr
        assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
        assert query(server.url("postgres"), "SHOW listen_addresses") == ""
        assert query(server.url("postgres"), "SHOW fsync") == "on"
        assert query(server.url("postgres"), "SELECT rolsuper FROM pg_roles WHERE rolname = 'benefits'") == "f"


def test_a_server_that_is_not_started_has_no_url(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="is not started"):
        EmbeddedPostgres(tmp_path).url("postgres")


def test_a_machine_without_user_namespaces_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    unshare = tools / "unshare"
    unshare.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    unshare.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(EmbeddedPostgresError, match="start as an ordinary user"):
        EmbeddedPostgres(tmp_path / "database").start()
