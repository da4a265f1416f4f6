"""The pages of signing in and out: `/<service>/sign-in`, `sign-in/callback`, `account`, `sign-out`."""

from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import APIRouter, Query
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared import clock
from shared.access.store import grants_of
from shared.http.access import needs
from shared.http.problems import Problem, request_language
from shared.http.transactions import Tx
from shared.identity import IdentityUnavailable
from shared.settings import ServiceName
from shared.signin.provider import Pending, Provider, SignInRefused
from shared.signin.requests import browser_session, cookie_name, refuse_forged
from shared.signin.sessions import LONGEST, end_session, open_session
from shared.texts import text

_PENDING_SECONDS = 600
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


def local_path(wanted: str, otherwise: str) -> str:
    """Return a path of this platform to go on to; `otherwise` for anything that could lead elsewhere."""
    parts = urlsplit(wanted)
    elsewhere = parts.scheme or parts.netloc or wanted.startswith("//") or "\\" in wanted or not wanted.isprintable()
    return otherwise if elsewhere or not wanted.startswith("/") else wanted


def sign_in_router(service: ServiceName) -> APIRouter:
    """Return the pages of a service. They change nothing but the visitor's own session."""
    router = APIRouter(prefix=f"/{service}", dependencies=[needs("system.read")])
    account, pending_cookie = f"/{service}/account", f"ansinh_{service}_pending"
    _begin(router, service, account, pending_cookie)
    _end(router, service)

    @router.get("/sign-in/callback")
    async def callback(
        request: Request,
        tx: Tx,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
        error: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        pending = Pending.read(request.cookies.get(pending_cookie, ""))
        if pending is None or not state or state != pending.state or error or not code:
            raise Problem(400, "sign_in_not_finished")
        provider, base = _provider(request)
        try:
            who = await provider.signed_in(pending, code, f"{base}/{service}/sign-in/callback")
        except SignInRefused as refused:
            raise Problem(400, "sign_in_not_finished") from refused
        except IdentityUnavailable as unavailable:
            raise Problem(503, "identity_unavailable", headers={"Retry-After": "10"}) from unavailable
        secret = await open_session(tx, who.subject, who.id_token, clock.now())
        answer = RedirectResponse(local_path(pending.return_to, account), 303)
        answer.delete_cookie(pending_cookie, path=f"/{service}/sign-in")
        _set(answer, base, cookie_name(service), secret, f"/{service}", int(LONGEST.total_seconds()))
        return answer

    return router


def _begin(router: APIRouter, service: ServiceName, account: str, pending_cookie: str) -> None:
    @router.get("/sign-in")
    async def sign_in(request: Request, return_to: Annotated[str, Query(max_length=2000)] = account) -> Response:
        provider, base = _provider(request)
        if request.url.netloc != urlsplit(base).netloc:
            # The issuer sends people back to one host only, and cookies stay with the host that set them.
            return RedirectResponse(f"{base}/{service}/sign-in?return_to={quote(return_to, safe='')}", 303)
        pending = Pending.begin(local_path(return_to, account))
        try:
            url = await provider.authorization_url(pending, f"{base}/{service}/sign-in/callback")
        except IdentityUnavailable as error:
            raise Problem(503, "identity_unavailable", headers={"Retry-After": "10"}) from error
        answer = RedirectResponse(url, 303)
        _set(answer, base, pending_cookie, pending.cookie, f"/{service}/sign-in", _PENDING_SECONDS)
        return answer

    @router.get("/account")
    async def show_account(request: Request, tx: Tx) -> Response:
        session = await browser_session(request)
        if session is None:
            return RedirectResponse(f"/{service}/sign-in?return_to={quote(account, safe='')}", 303)
        grants = await grants_of(tx, session.subject, clock.today())
        page = _TEMPLATES.get_template("account.html")
        lang = request_language(request)
        return HTMLResponse(page.render(lang=lang, t=text, service=service, session=session, grants=grants))


def _end(router: APIRouter, service: ServiceName) -> None:
    @router.post("/sign-out")
    async def sign_out(request: Request, tx: Tx) -> Response:
        session = await browser_session(request)
        provider, base = _provider(request)
        leave = None
        if session is not None:
            fields = parse_qs((await request.body()).decode("utf-8", "replace"))
            refuse_forged(request, session, fields.get("csrf_token", [""])[0])
            await end_session(tx, session.secret)
            leave = await provider.end_session_url(session.id_token, f"{base}/")
        # The page leads on to the issuer: a redirect out of a form's answer would be stopped by `form-action`.
        page = _TEMPLATES.get_template("signed_out.html")
        answer = HTMLResponse(page.render(lang=request_language(request), t=text, leave=leave or f"{base}/"))
        answer.delete_cookie(cookie_name(service), path=f"/{service}")
        return answer


def _provider(request: Request) -> tuple[Provider, str]:
    """Return the issuer and the platform's own address.

    Raises:
        Problem: 503 `sign_in_not_set_up`.
    """
    provider: Provider = request.app.state.provider
    if provider.public_url is None:
        raise Problem(503, "sign_in_not_set_up")
    return provider, provider.public_url.rstrip("/")


def _set(answer: Response, base: str, name: str, value: str, path: str, seconds: int) -> None:
    secure = base.startswith("https://")
    answer.set_cookie(name, value, max_age=seconds, path=path, secure=secure, httponly=True, samesite="lax")
