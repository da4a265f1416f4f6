"""What surrounds every request: its ids, the limit of its body, its log line and figures, the headers of its answer.

Plain ASGI, so that streams stay streams and context variables reach the endpoint.
"""

import time
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog import get_logger

from shared.http.metrics import Metrics
from shared.http.problems import BodyTooLarge, Problem, answer
from shared.tracing import accepted_request_id, next_traceparent, trace

_log = get_logger("shared.http.access")
_CLIENT_LEFT = 499  # no answer was sent; the number that proxies log for it
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = ("/healthz", "/readyz", "/metrics")

_SAFE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cache-Control": "private, no-cache",
}


def route_template(scope: Scope) -> str:
    """Return the template of the route that answers, `unmatched` when none does: never an id."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


class TraceMiddleware:
    """Gives each request its id and trace context, and each answer the id and the headers of a careful server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = accepted_request_id(headers.get("x-request-id"))

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered["X-Request-Id"] = request_id
                for name, value in _SAFE_HEADERS.items():
                    answered.setdefault(name, value)
            await send(message)

        with trace(next_traceparent(headers.get("traceparent")), request_id=request_id):
            await self._app(scope, receive, send_marked)


class AccessMiddleware:
    """Writes one line and counts one answer a request; an exception nobody expected becomes a 500 problem."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        began = time.perf_counter()

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception:
            _log.exception("request_failed", route=route_template(scope))
            if status:
                raise  # the answer has begun: only breaking it off tells the client
            failed = answer(Request(scope), Problem(500, "internal_error"))
            await failed(scope, receive, send_noted)
        finally:
            self._note(scope, status or _CLIENT_LEFT, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"  # clients may invent any number of others
        self._metrics.observe(method=method, route=route, status=status, seconds=seconds)
        write = _log.debug if route.endswith(_QUIET) else _log.info
        write("request", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 1))


class BodyLimitMiddleware:
    """Refuses a request whose body is over `limit` bytes, by what it announces and by what it sends.

    `larger` has the limits of paths that take files.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int] = MappingProxyType({})) -> None:
        self._app = app
        self._limit = limit
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit:
            await answer(Request(scope), BodyTooLarge(limit).problem)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLarge(limit)
            return message

        await self._app(scope, receive_counted, send)
