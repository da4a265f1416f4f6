"""The local issuer over HTTP, under `/issuer`: OpenID Connect by the code flow with PKCE, for one client.

It is for one machine: browsers and the services reach it on the same port as everything else.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.issuer.codes import Memory, Wanted
from deploy.issuer.local import LIFETIME, LocalIssuer
from deploy.issuer.people import SHORTEST, People, WeakPassword
from shared.http.middleware import BodyLimitMiddleware, TraceMiddleware
from shared.settings import SERVICES, IdentitySettings
from shared.texts import preferred_language, text

CLIENT = IdentitySettings.model_fields["oidc_client_id"].default
_COOKIE = "ansinh_issuer"
_BODY_LIMIT = 16 * 1024
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


def issuer_app(issuer: LocalIssuer, people: People) -> Starlette:
    """Return the app."""
    pages = _Pages(issuer, people)
    routes = [
        Route("/issuer/.well-known/openid-configuration", pages.discovery),
        Route("/issuer/keys", pages.keys),
        Route("/issuer/authorize", pages.ask, methods=["GET"]),
        Route("/issuer/authorize", pages.sign_in, methods=["POST"]),
        Route("/issuer/token", pages.token, methods=["POST"]),
        Route("/issuer/end-session", pages.end_session),
    ]
    return Starlette(
        routes=routes, middleware=[Middleware(TraceMiddleware), Middleware(BodyLimitMiddleware, limit=_BODY_LIMIT)]
    )


class _Pages:
    def __init__(self, issuer: LocalIssuer, people: People) -> None:
        self._issuer = issuer
        self._people = people
        self._memory = Memory()
        self._one_at_a_time = asyncio.Lock()  # judging a password is heavy by design
        self._site = issuer.url.removesuffix("/issuer")
        self._callbacks = {f"{self._site}/{service}/sign-in/callback" for service in SERVICES}

    async def discovery(self, _: Request) -> Response:
        """Tell what there is (OpenID Connect Discovery 1.0, section 3)."""
        url = self._issuer.url
        return JSONResponse(
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "end_session_endpoint": f"{url}/end-session",
                "jwks_uri": f"{url}/keys",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid", "profile"],
            }
        )

    async def keys(self, _: Request) -> Response:
        """Give the public keys."""
        return Response(await asyncio.to_thread(self._issuer.keys.read_bytes), media_type="application/jwk-set+json")

    async def ask(self, request: Request) -> Response:
        """Ask who somebody is; who is signed in already goes straight back."""
        wanted = self._wanted(request.query_params)
        if wanted is None:
            return self._page(request, "refused.html", 400)
        subject = self._memory.signed_in(request.cookies.get(_COOKIE, ""))
        return self._form(request, wanted) if subject is None else self._back(subject, wanted)

    async def sign_in(self, request: Request) -> Response:
        """Judge a name and password; let who has a one-time password choose another."""
        fields = await _fields(request)
        wanted = self._wanted(fields)
        if wanted is None or request.headers.get("origin", self._site) != self._site:
            return self._page(request, "refused.html", 400)
        name, password, new = (fields.get(each, "") for each in ("username", "password", "new_password"))
        async with self._one_at_a_time:
            outcome = await asyncio.to_thread(self._people.judge, name, password)
            if outcome == "change" and new:
                try:
                    await asyncio.to_thread(self._people.choose, name, password, new)
                    outcome = "ok"
                except WeakPassword:
                    return self._form(request, wanted, name=name, change=True, wrong="weak")
        if outcome == "change":
            return self._form(request, wanted, name=name, change=True)
        if outcome != "ok":
            return self._form(request, wanted, name=name, wrong=outcome)
        answer = self._back(name, wanted)
        secure = self._site.startswith("https://")
        answer.set_cookie(
            _COOKIE, self._memory.sign_in(name), path="/issuer", httponly=True, samesite="lax", secure=secure
        )
        return answer

    async def token(self, request: Request) -> Response:
        """Give tokens for a code (RFC 6749, section 4.1.3)."""
        fields = await _fields(request)
        if fields.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        found = self._memory.redeem(
            fields.get("code", ""),
            client=fields.get("client_id", ""),
            redirect_uri=fields.get("redirect_uri", ""),
            verifier=fields.get("code_verifier", ""),
        )
        if found is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        subject, nonce = found
        tokens = {
            "access_token": self._issuer.token(subject, azp=CLIENT),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "id_token": self._issuer.id_token(subject, client=CLIENT, nonce=nonce),
        }
        return JSONResponse(tokens, headers={"Cache-Control": "no-store"})

    async def end_session(self, request: Request) -> Response:
        """Forget who signed in (OpenID Connect RP-Initiated Logout 1.0)."""
        self._memory.sign_out(request.cookies.get(_COOKIE, ""))
        answer = RedirectResponse(f"{self._site}/", 303)
        answer.delete_cookie(_COOKIE, path="/issuer")
        return answer

    def _wanted(self, fields: Mapping[str, str]) -> Wanted | None:
        """Return what a client asks for, None when it is not our client or asks otherwise than it must."""
        expected = {"client_id": CLIENT, "response_type": "code", "code_challenge_method": "S256"}
        right = all(fields.get(name) == value for name, value in expected.items())
        if not right or "openid" not in fields.get("scope", "").split() or len(fields.get("code_challenge", "")) != 43:
            return None
        if fields.get("redirect_uri") not in self._callbacks:
            return None
        return Wanted(
            CLIENT, fields["redirect_uri"], fields.get("state", ""), fields.get("nonce", ""), fields["code_challenge"]
        )

    def _back(self, subject: str, wanted: Wanted) -> Response:
        query = {"code": self._memory.code(subject, wanted), "state": wanted.state, "iss": self._issuer.url}
        return RedirectResponse(f"{wanted.redirect_uri}?{urlencode(query)}", 303)

    def _form(
        self, request: Request, wanted: Wanted, *, name: str = "", change: bool = False, wrong: str = ""
    ) -> Response:
        kept = {
            "client_id": wanted.client,
            "redirect_uri": wanted.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": wanted.state,
            "nonce": wanted.nonce,
            "code_challenge": wanted.challenge,
            "code_challenge_method": "S256",
        }
        status = 401 if wrong else 200
        return self._page(request, "sign_in.html", status, kept=kept, name=name, change=change, wrong=wrong)

    @staticmethod
    def _page(request: Request, template: str, status: int, **fields: object) -> Response:
        lang = preferred_language(request.headers.get("accept-language", ""))
        page = _TEMPLATES.get_template(template).render(lang=lang, t=text, shortest=SHORTEST, **fields)
        return HTMLResponse(page, status, {"Cache-Control": "no-store"})


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form, the first of each name."""
    parsed = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in parsed.items()}
