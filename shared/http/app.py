"""The one factory of apps: every service has the same manners and nothing of its own at module level."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from types import MappingProxyType

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from shared.db import Database
from shared.http.health import Check
from shared.http.metrics import Metrics
from shared.http.middleware import AccessMiddleware, BodyLimitMiddleware, TraceMiddleware
from shared.http.openapi import refuse_repeated_names
from shared.http.problems import Problem
from shared.http.refusals import install
from shared.http.router import Router
from shared.http.system import system_router
from shared.identity import TokenVerifier
from shared.logs import name_service
from shared.settings import ServiceName
from shared.signin.provider import Provider

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_BODY_LIMIT = 1 << 20


def _named_lifespan(service: str, lifespan: Lifespan | None) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        name_service(service)
        async with nullcontext() if lifespan is None else lifespan(app):
            yield

    return run


def create_app(
    *,
    service: ServiceName,
    title: str,
    database: Database,
    metrics: Metrics,
    routers: Sequence[Router],
    identity: TokenVerifier,
    provider: Provider,
    checks: Sequence[Check] = (),
    constraints: Mapping[str, Problem] = MappingProxyType({}),
    lifespan: Lifespan | None = None,
    pages: Sequence[APIRouter] = (),
    body_limit: int = _BODY_LIMIT,
    body_limits: Mapping[str, int] = MappingProxyType({}),
) -> FastAPI:
    """Return the app of a service, which answers under `/<service>/`, and where its `pages` do.

    `checks` are what readiness names beside the database; `constraints` tells which problem a violated constraint of
    the service's tables means; `lifespan` runs what lives as long as the app (consumers, relay, jobs); `body_limit` is
    in bytes, `body_limits` has those of paths that take more; `identity` tells who makes a request, `provider` is where
    people sign in by browser. `database` and `metrics` belong to the caller, who closes the database after the app.

    Raises:
        ValueError: a route is outside `/<service>/`, or two operations have one id.
    """
    app = FastAPI(
        title=title,
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_named_lifespan(service, lifespan),
    )
    app.state.service = service
    app.state.database = database
    app.state.request_transaction = database.transaction
    app.state.metrics = metrics
    app.state.identity = identity
    app.state.provider = provider
    app.state.stopping = asyncio.Event()  # set when the server stops: streams end then
    install(app, constraints)
    all_checks = (Check("database", database.ping), *checks)
    app.state.routers = (system_router(app, service=service, metrics=metrics, checks=all_checks), *routers)
    for router in app.state.routers:
        if not router.prefix.startswith(f"/{service}/") and router.prefix != f"/{service}":
            raise ValueError(f"the routes at {router.prefix!r} are outside /{service}/")
    # The routes as they are: an included router is matched twice a request, and its routes are built twice.
    for part in (*app.state.routers, *pages):
        app.router.routes.extend(part.routes)
    # Added last, runs first: ids before log lines, log lines before refusals.
    app.add_middleware(BodyLimitMiddleware, limit=body_limit, larger=body_limits)
    app.add_middleware(AccessMiddleware, metrics=metrics)
    app.add_middleware(TraceMiddleware)
    refuse_repeated_names([route for router in routers for route in router.routes if isinstance(route, APIRoute)])
    return app
