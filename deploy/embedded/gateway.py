"""One port for all apps: who serves a path is told by its first part. Nothing is stripped from it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from shared.settings import ServiceName


class Gateway:
    """Hands `/<service>/…` to that service, `/issuer/…` to the issuer, and every other path to the dashboard's."""

    def __init__(self, apps: Mapping[ServiceName, FastAPI], issuer: Starlette, *, pages: ServiceName) -> None:
        self._apps: dict[str, Starlette] = {str(name): app for name, app in apps.items()} | {"issuer": issuer}
        self._pages = self._apps[pages]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = str(scope["path"]).lstrip("/").partition("/")[0]
        await self._apps.get(first, self._pages)(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run every app's lifespan for the block; mounting an app alone would not."""
        async with AsyncExitStack() as stack:
            for app in self._apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield
