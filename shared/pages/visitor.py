"""Who looks at a page, and the service's own API as they may use it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse

from shared.http.problems import Answered, request_language
from shared.pages.fields import Fields
from shared.signin.requests import browser_session, cookie_name, refuse_forged
from shared.signin.sessions import BrowserSession
from shared.texts import Language
from shared.tracing import current_request_id, current_traceparent

_SECONDS = 60.0


class Refused(Exception):
    """The API refused: `problem` is its document in the visitor's language."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("code", status))
        self.status = status
        self.problem = problem

    def at(self, place: str) -> "Refused":
        """Return the refusal with what it says of the `query`, say, as of fields of the form that was sent."""
        return self._moved(f"/{place}/")

    @property
    def by_field(self) -> dict[str, str]:
        """What is wrong with each field of the form, by the field's name."""
        return {
            str(error["pointer"]).removeprefix("/body/"): str(error["message"])
            for error in self.problem.get("errors", ())
        }

    def inside(self, name: str) -> "Refused":
        """Return the refusal with its pointers seen from inside `/body/<name>`: which of several shapes is no field."""
        return self._moved(f"/body/{name}/")

    def _moved(self, part: str) -> "Refused":
        errors = [
            {**error, "pointer": str(error["pointer"]).replace(part, "/body/", 1)}
            for error in self.problem.get("errors", ())
        ]
        return Refused(self.status, {**self.problem, "errors": errors})


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in, on a page of theirs. `form` holds what they sent."""

    session: BrowserSession
    language: Language
    path: str
    form: Fields
    _api: httpx.AsyncClient

    async def get(self, path: str, **query: Any) -> Any:
        """Return what the API answers to a GET; queries that are None are left out.

        Raises:
            Refused: the API refuses.
        """
        asked = {name: value for name, value in query.items() if value is not None}
        return self._read(await self._api.get(path, params=asked))

    async def send(self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Any:
        """Send a change under the form's own idempotency key: sent twice, it is done once.

        Raises:
            Refused: the API refuses; nothing was changed.
        """
        marks = {"X-CSRF-Token": self.session.csrf_token, "Idempotency-Key": self.form.get("idempotency_key") or "-"}
        return self._read(await self._api.request(method, path, json=body, headers={**marks, **(headers or {})}))

    async def version_of(self, path: str) -> str:
        """Return the `ETag` of a resource, for `If-Match`.

        Raises:
            Refused: the API refuses.
        """
        answered = await self._api.get(path)
        self._read(answered)
        return answered.headers["etag"]

    def _read(self, answered: httpx.Response) -> Any:
        document = answered.json() if answered.content else None
        if answered.is_error:
            raise Refused(answered.status_code, document or {})
        return document


async def if_allowed(visitor: Visitor, path: str, **query: Any) -> Any:
    """Return what the API answers to a GET, None where it is not for this visitor.

    Raises:
        Refused: the API refuses for another reason.
    """
    try:
        return await visitor.get(path, **query)
    except Refused as refusal:
        if refusal.status == 403:
            return None
        raise


async def _visitor(request: Request) -> AsyncIterator[Visitor]:
    session = await browser_session(request)
    service, path = request.app.state.service, request.url.path
    if session is None:
        wanted = f"{path}?{request.url.query}" if request.method == "GET" and request.url.query else path
        raise Answered(RedirectResponse(f"/{service}/sign-in?return_to={quote(wanted, safe='')}", 303))
    form = Fields.read(await request.body()) if request.method == "POST" else Fields(())
    refuse_forged(request, session, form.get("csrf_token"))
    language = request_language(request)
    headers = {
        "Cookie": f"{cookie_name(service)}={session.secret}",
        "Accept-Language": language,
        "X-Request-Id": current_request_id() or "",
        "traceparent": current_traceparent() or "",
    }
    transport = httpx.ASGITransport(app=request.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://own-api", headers=headers, timeout=_SECONDS, trust_env=False
    ) as api:
        request.state.visitor = Visitor(session, language, path, form, api)
        yield request.state.visitor


Visiting = Annotated[Visitor, Depends(_visitor)]
