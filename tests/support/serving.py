"""An app behind a real port of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

from tests.support.waiting import until


@asynccontextmanager
async def serving(app: Starlette, **tls: Any) -> AsyncIterator[str]:
    """Serve an app, without its lifespan, for the block; give its base URL. `tls` are uvicorn's `ssl_*`."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", **tls)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started, describe="the server listens")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
