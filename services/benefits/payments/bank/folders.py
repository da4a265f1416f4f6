"""Folders in which messages are exchanged, and one of this machine (mounted); `sftp.py` has one of a server."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

T = TypeVar("T")


class FolderUnavailable(Exception):
    """The folder does not answer, or not as it should; the text names the kind of error alone."""


class TooLarge(Exception):
    """A file has more bytes than it may."""


class Folder(Protocol):
    """A tree of files. Paths are `in/NAME`, `out/read/NAME`. What fails raises `FolderUnavailable`."""

    async def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted.

        A folder that is not there is no empty one: a share that is not mounted must not read as "never received".
        """
        ...

    async def read(self, path: str, limit: int) -> bytes | None:
        """Return the bytes of a file, None when there is none. Raises `TooLarge` over `limit` bytes."""
        ...

    async def write(self, path: str, content: bytes) -> None:
        """Write a file, and see that it is all there. What had that name is replaced: for `.part` alone."""
        ...

    async def move(self, path: str, to: str) -> None:
        """Give a file another name, which no file has yet."""
        ...


OpenFolder = Callable[[], AbstractAsyncContextManager[Folder]]


class LocalFolder:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted."""
        return await self._apart(lambda: _names(self._root / folder))

    async def read(self, path: str, limit: int) -> bytes | None:
        """Return the bytes of a file, None when there is none."""
        return await self._apart(lambda: _read(self._root / path, limit))

    async def write(self, path: str, content: bytes) -> None:
        """Write a file through to the disk."""
        await self._apart(lambda: _write(self._root / path, content))

    async def move(self, path: str, to: str) -> None:
        """Give a file another name, which no file has: we alone write here, so that to look before is enough."""
        await self._apart(lambda: _move(self._root / path, self._root / to))

    async def _apart(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise FolderUnavailable(type(error).__name__) from error


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.is_file())


def _read(path: Path, limit: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        return None
    if len(content) > limit:
        raise TooLarge
    return content


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _move(path: Path, to: Path) -> None:
    if to.exists():
        raise FileExistsError
    to.parent.mkdir(parents=True, exist_ok=True)
    path.rename(to)


def local(root: Path) -> OpenFolder:
    """Return how a folder of this machine is opened."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Folder]:
        yield LocalFolder(root)

    return opened
