"""Who uses a database folder: a lock that launcher, supervisor and server hold together until the last has ended."""

import contextlib
import fcntl
import os
from pathlib import Path
from signal import Signals

import psutil
from pydantic import BaseModel

from deploy.child import close_own, keep_from_forks, wait_for

_WAIT_SECONDS = 60.0


class FolderInUseError(Exception):
    """Another launcher runs on the folder, or the server that a dead one left does not end.

    Its arguments are the sentence in Vietnamese and in English.
    """


class _Holder(BaseModel):
    """What a lock file says: its launcher, when that process started (Unix time), a socket folder elsewhere."""

    pid: int | None = None
    started: float = 0.0
    sockets: Path | None = None


class FolderLock:
    """The lock file of a folder. It names its launcher by process number and start, so that a number used again is
    not taken for it.

    A server keeps the descriptor of the lock to its end: who holds the lock knows that no server of the folder lives.
    """

    def __init__(self, path: Path, data: Path) -> None:
        self.path = path
        self.earlier_sockets: Path | None = None
        self._data = data
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The lock's open descriptor, for the server to inherit."""
        if self._descriptor is None:
            raise RuntimeError("the lock is not taken")
        return self._descriptor

    def take(self) -> None:
        """Take the lock; when a dead launcher's server is still ending, wait for it.

        Raises:
            FolderInUseError: another launcher runs, or what it left does not end.
            OSError: the lock file cannot be opened.
        """
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        keep_from_forks(self._descriptor)
        if not self._try():
            self._wait_for_the_dead()
        self.earlier_sockets = self._read().sockets
        self._write(None)

    def note(self, sockets: Path) -> None:
        """Write down a socket folder outside the database folder, for the next launcher to remove if we cannot."""
        self._write(sockets)

    def release(self) -> None:
        """Let go of the lock. Without effect when it is not held."""
        if self._descriptor is not None:
            close_own(self._descriptor)
            self._descriptor = None

    def _try(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_for_the_dead(self) -> None:
        asked = False

        def free() -> bool:
            nonlocal asked
            if self._try():
                return True
            if (launcher := self._living_launcher()) is not None:
                self.release()
                raise FolderInUseError(
                    f"Dữ liệu ở {self.path.parent} đang được tiến trình {launcher} dùng: hãy dừng nó hoặc chọn thư mục "
                    "khác.",
                    f"Another launcher (process {launcher}) runs the database; stop it or choose another folder.",
                )
            asked = asked or self._ask_orphan_to_end()
            return False

        if not wait_for(free, within=_WAIT_SECONDS):
            self.release()
            raise FolderInUseError(
                f"Dữ liệu ở {self.path.parent} còn bị một máy chủ cũ giữ, chưa dừng hẳn.",
                "The database is held by a server that does not end; "
                f"its process number stands in {self._data / 'postmaster.pid'}.",
            )

    def _living_launcher(self) -> int | None:
        written = self._read()
        if written.pid is None or written.pid == os.getpid():
            return None  # what holds it is left of our own killed server, and ends by itself
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(written.pid)
            if abs(process.create_time() - written.started) < 2 and process.status() != psutil.STATUS_ZOMBIE:
                return process.pid
        return None

    def _ask_orphan_to_end(self) -> bool:
        """Ask a server whose supervisor was killed too, and only one that is provably of this folder."""
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            server = psutil.Process(int((self._data / "postmaster.pid").read_text().splitlines()[0]))
            if server.name() == "postgres" and Path(server.cwd()) == self._data.resolve():
                server.send_signal(Signals.SIGINT)  # a fast shutdown; asked twice it is the same
                return True
        return False

    def _read(self) -> _Holder:
        with contextlib.suppress(ValueError):
            return _Holder.model_validate_json(os.pread(self.descriptor, 10_000, 0))
        return _Holder()

    def _write(self, sockets: Path | None) -> None:
        me = psutil.Process()
        text = _Holder(pid=me.pid, started=me.create_time(), sockets=sockets).model_dump_json()
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text.encode(), 0)
