"""An HTTP server that leaves signals to whoever runs it, and says plainly when its port is taken."""

import contextlib
import errno
import gc
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

_FIRST_FREE_FOR_ALL = 1024
_LOOK_EVERY = (20_000, 50, 100)  # new objects; looks at those; looks at what outlived one


class PortTaken(Exception):
    """One sentence: another program listens there."""


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the last of several servers would win."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve; what was made until then stays, so that nobody need look through it for garbage again.

        Batches make some hundred thousand objects that all go at once. To look through them every 700, as Python does
        by itself, takes a third of the time of such work.
        """
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_LOOK_EVERY)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortTaken: another program has the port, or this user may not open it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EACCES:
            vietnamese, english = f"Không có quyền mở cổng {port}", f"No right to open port {port}"
        else:
            vietnamese, english = f"Cổng {port} đang được chương trình khác dùng", f"Port {port} is taken"
        other = f"make run PORT={port + 1 if port >= _FIRST_FREE_FOR_ALL else 8080}"
        raise PortTaken(f"{vietnamese}, hãy chọn cổng khác: {other} / {english}; choose another: {other}") from error
    listener.listen(1024)
    return listener


def make_server(app: Any) -> Server:
    """Return a server for an ASGI app whose lifespan somebody else runs; logging is already set up."""
    return Server(
        uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=5)
    )
