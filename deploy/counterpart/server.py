"""The HTTP server of a counterpart, which can also leave a request without any answer."""

import argparse
import asyncio
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import uvicorn
import uvloop
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from deploy.counterpart.database import FolderTaken
from deploy.counterpart.logs import write_json_lines

T = TypeVar("T")

_ABORT = "vn.ansinh.abort"


class DroppableConnection(HttpToolsProtocol):
    """The server's protocol, with the means to cut the connection handed to the application in its scope."""

    def on_message_begin(self) -> None:
        """Start a request and put the way to cut its connection into `scope["extensions"]`."""
        super().on_message_begin()
        self.scope["extensions"] = {_ABORT: {"call": self.transport.abort}}


class NoAnswer(Response):
    """Cut the connection without one byte of an answer, after `silence` seconds."""

    def __init__(self, silence: float = 0) -> None:
        super().__init__()
        self._silence = silence

    async def __call__(self, scope: Scope, receive: Receive, _: Send) -> None:
        """Wait, cut, and return once the server knows that the connection is gone."""
        await asyncio.sleep(self._silence)
        scope["extensions"][_ABORT]["call"]()
        while (await receive())["type"] != "http.disconnect":
            pass


def arguments(program: str, description: str) -> argparse.ArgumentParser:
    """Return a command line with what every counterpart takes: its folder, host and port."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder of this program's own store")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    return parser


def give_up(sentence: str) -> NoReturn:
    """Say in one sentence why the program cannot start, and end with status 2."""
    sys.stderr.write(sentence + "\n")
    sys.exit(2)


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


def opened(what: str, folder: Path, open_store: Callable[[], T]) -> T:
    """Return a program's store; give up in one sentence where its folder cannot be used."""
    try:
        return open_store()
    except (FolderTaken, OSError, sqlite3.Error) as refused:
        give_up(f"{what} cannot open its folder {folder}: {refused}")


def serve(host: str, apps: Mapping[int, ASGIApp]) -> None:
    """Serve each app on its port until SIGTERM or SIGINT, then raise `SystemExit(0)`.

    A request in work gets five seconds to end.
    """
    listeners = {port: _listener(host, port) for port in apps}
    write_json_lines()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # each server raises the signal again once it has shut down
    options: dict[str, Any] = {"http": DroppableConnection, "log_config": None, "access_log": False, "lifespan": "on"}
    configs = {port: uvicorn.Config(app, timeout_graceful_shutdown=5, **options) for port, app in apps.items()}

    async def run() -> None:
        servers = (uvicorn.Server(config).serve(sockets=[listeners[port]]) for port, config in configs.items())
        await asyncio.gather(*servers)

    uvloop.run(run())


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as refused:
        give_up(f"cannot listen on {host}:{port}: {refused.strerror or refused}")
