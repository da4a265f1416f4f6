"""The server of our apps: tells them that it stops, so that streams end before it waits for open connections."""

import socket
from collections.abc import Sequence

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """uvicorn for apps made by `create_app`; `apps` are all those behind `config`, also inside a mount."""

    def __init__(self, config: uvicorn.Config, apps: Sequence[FastAPI]) -> None:
        super().__init__(config)
        self._apps = apps

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: end streams, take no more requests, answer those that run, then end the apps' lifespans."""
        for app in self._apps:
            app.state.stopping.set()
        await super().shutdown(sockets)
