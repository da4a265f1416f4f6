"""A process beside the service's own, for work that would hold up its event loop: it answers message by message.

The module that is run calls `answer(…)`. It ends when the pipe from the service closes, so also when that is killed.
"""

import asyncio
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_LENGTH = struct.Struct("!I")
_LARGEST = 1 << 28  # bytes


class SideProcessEnded(OSError):
    """The process ended before it answered; what was asked may be asked anew."""


class SideProcess:
    """A running one; `ask` one thing at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, message: bytes) -> bytes:
        """Return the answer to a message.

        Raises:
            SideProcessEnded: it was killed, or what it ran raised.
        """
        assert self._process.stdin is not None  # noqa: S101 - opened with pipes
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(_LENGTH.pack(len(message)) + message)
            await self._process.stdin.drain()
            (length,) = _LENGTH.unpack(await self._process.stdout.readexactly(_LENGTH.size))
            return await self._process.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise SideProcessEnded(str(self._process.pid)) from error


@asynccontextmanager
async def side_process(module: str) -> AsyncIterator[SideProcess]:
    """Run a module of ours for the block."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=pipe, stdout=pipe, limit=_LARGEST
    )
    try:
        yield SideProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def answer(handle: Callable[[bytes], bytes]) -> None:
    """Answer the messages on standard input until it ends. What `handle` raises ends the process."""
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    while len(head := incoming.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        said = handle(incoming.read(length))
        outgoing.write(_LENGTH.pack(len(said)) + said)
        outgoing.flush()
