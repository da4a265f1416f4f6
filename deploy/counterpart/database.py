"""One SQLite file with one writer: what a transaction committed survives SIGKILL and power loss."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path


class FolderTaken(Exception):
    """Another process of the same program works on this data folder."""


def stamp(instant: datetime) -> str:
    """Return an aware instant as UTC text of fixed width, so that text order is time order."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


class Database:
    """A program's own store: `<name>.sqlite3` in a folder that one process holds at a time.

    Calls block for the length of a disk flush: make them from a thread, never from the event loop.
    """

    def __init__(
        self, folder: Path, name: str, schema: str, *, added: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Open or create the file; `added` are columns (table, name, definition) that files of older programs lack.

        Raises:
            FolderTaken: another process holds the folder.
            OSError: the folder cannot be made or written.
            sqlite3.Error: the file is no SQLite database or cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._hold = (folder / f"{name}.lock").open("w")
        try:
            fcntl.flock(self._hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            self._hold.close()
            raise FolderTaken(f"another {name} program uses the folder {folder}") from taken
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(folder / f"{name}.sqlite3", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._add_columns(added or {})
        self._connection.executescript(schema)

    def _add_columns(self, added: Mapping[str, Mapping[str, str]]) -> None:
        for table, columns in added.items():
            there = {row["name"] for row in self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
            for name, definition in columns.items():
                if there and name not in there:
                    self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {definition}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside one transaction: on disk when the block ends, undone when it raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file and let the folder go."""
        with self._lock:
            self._connection.close()
        self._hold.close()
