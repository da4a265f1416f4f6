"""A folder of a bank's server, by SFTP. Imported only where a bank is reached so: the library takes 7 MB."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from services.benefits.payments.bank.folders import Folder, FolderUnavailable, OpenFolder, TooLarge

_UNAVAILABLE = (OSError, asyncssh.Error, TimeoutError)
_CONNECT_SECONDS = 15.0


@dataclass(frozen=True)
class SftpServer:
    """Where a bank's SFTP server is and how we sign in: by our key, to the host whose key `known_hosts` has."""

    host: str
    port: int
    user: str
    client_key: Path
    known_hosts: Path
    root: str = "."
    timeout: float = 60.0


class _SftpFolder:
    """A folder of a server, over one session."""

    def __init__(self, client: asyncssh.SFTPClient, root: str) -> None:
        self._client = client
        self._root = root

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}"

    async def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted."""
        listed = [each async for each in self._client.scandir(self._path(folder))]
        return sorted(
            str(each.filename) for each in listed if each.attrs.type in (asyncssh.FILEXFER_TYPE_REGULAR, None)
        )

    async def read(self, path: str, limit: int) -> bytes | None:
        """Return the bytes of a file, None when there is none."""
        try:
            async with self._client.open(self._path(path), "rb") as file:
                content: bytes = await file.read(limit + 1)
        except asyncssh.SFTPNoSuchFile:
            return None
        if len(content) > limit:
            raise TooLarge
        return content

    async def write(self, path: str, content: bytes) -> None:
        """Write a file and compare its size."""
        async with self._client.open(self._path(path), "wb") as file:
            await file.write(content)
        if await self._client.getsize(self._path(path)) != len(content):
            raise FolderUnavailable("short_write")

    async def move(self, path: str, to: str) -> None:
        """Give a file another name; servers refuse a name that is taken, and we look before."""
        if await self._client.exists(self._path(to)):
            raise FolderUnavailable("name_taken")
        parent = to.rpartition("/")[0]
        await self._client.makedirs(self._path(parent), exist_ok=True)
        await self._client.rename(self._path(path), self._path(to))


def sftp(server: SftpServer) -> OpenFolder:
    """Return how a folder of a server is opened: one connection for as long as it is used."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Folder]:
        try:
            async with asyncio.timeout(server.timeout):
                async with (
                    asyncssh.connect(
                        server.host,
                        server.port,
                        username=server.user,
                        client_keys=[str(server.client_key)],
                        known_hosts=str(server.known_hosts),
                        config=None,
                        agent_path=None,
                        password=None,
                        connect_timeout=_CONNECT_SECONDS,
                        login_timeout=_CONNECT_SECONDS,
                    ) as connection,
                    connection.start_sftp_client() as client,
                ):
                    yield _SftpFolder(client, server.root)
        except _UNAVAILABLE as error:
            raise FolderUnavailable(type(error).__name__) from error

    return opened
