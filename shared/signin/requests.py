"""Who makes a request by the cookie of a browser, and whether a change that it makes comes from our own pages."""

from urllib.parse import urlsplit

from starlette.requests import Request

from shared import clock
from shared.db import Database
from shared.http.problems import Problem
from shared.signin.provider import Provider
from shared.signin.sessions import BrowserSession, find_session

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(service: str) -> str:
    """Return the name of a service's session cookie."""
    return f"ansinh_{service}"


async def browser_session(request: Request) -> BrowserSession | None:
    """Return the session of a request's cookie, None when it has none."""
    secret = request.cookies.get(cookie_name(request.app.state.service))
    if not secret:
        return None
    database: Database = request.app.state.database
    async with database.transaction() as session:
        return await find_session(session, secret, clock.now())


def refuse_forged(request: Request, session: BrowserSession, csrf_token: str) -> None:
    """Pass for reading, and for a change that a page of this session sends.

    Raises:
        Problem: 403 `request_forged`.
    """
    if request.method in _SAFE:
        return
    provider: Provider = request.app.state.provider
    origin, ours = request.headers.get("origin"), urlsplit(provider.public_url or "")
    foreign = origin is not None and origin != f"{ours.scheme}://{ours.netloc}"
    if foreign or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Problem(403, "request_forged")
    if not session.knows(csrf_token):
        raise Problem(403, "request_forged")
