"""The addresses that every app has beside its own: health, figures, and what explains its API."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from shared.http.access import needs
from shared.http.health import Check, readiness
from shared.http.metrics import Metrics
from shared.http.openapi import document
from shared.http.problems import Problem, request_language
from shared.http.router import Router
from shared.texts import CATALOGUE, has_text

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


def _health(router: Router, metrics: Metrics, checks: Sequence[Check]) -> None:
    @router.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"alive": True})

    @router.get("/readyz")
    async def readyz() -> Response:
        ready, outcomes = await readiness(checks)
        return JSONResponse({"ready": ready, "checks": outcomes}, 200 if ready else 503)

    @router.get("/metrics")
    async def figures() -> Response:
        text, content_type = metrics.exposition()
        return Response(text, headers={"Content-Type": content_type})


def _explanations(router: Router, app: FastAPI, service: str) -> None:
    @router.get("/openapi.json")
    async def openapi() -> Response:
        return JSONResponse(await asyncio.to_thread(document, app))

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        operations = [
            {"path": path, "method": method.upper(), **operation}
            for path, methods in (await asyncio.to_thread(document, app))["paths"].items()
            for method, operation in methods.items()
        ]
        page = _PAGES.get_template("docs.html")
        language = request_language(request)
        return HTMLResponse(page.render(language=language, title=app.title, service=service, operations=operations))

    @router.get("/problems/{code}")
    async def problem_kind(code: str, request: Request) -> Response:
        titles, details = f"problem.{code}.title", f"problem.{code}.detail"
        if not has_text(titles):
            raise Problem(404, "not_found")
        page = _PAGES.get_template("problem.html")
        language = request_language(request)
        return HTMLResponse(
            page.render(language=language, code=code, title=CATALOGUE[titles], detail=CATALOGUE[details])
        )


def system_router(app: FastAPI, *, service: str, metrics: Metrics, checks: Sequence[Check]) -> Router:
    """Return the routes `/<service>/healthz`, `readyz`, `metrics`, `openapi.json`, `docs` and `problems/{code}`."""
    router = Router(prefix=f"/{service}", tags=["system"], dependencies=[needs("system.read")])
    router.include_in_schema = False
    _health(router, metrics, checks)
    _explanations(router, app, service)
    return router
