"""The issuer as a browser's sign-in uses it (OpenID Connect Core 1.0, section 3.1; PKCE, RFC 7636)."""

import asyncio
import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog

from shared.identity import IdentityUnavailable, TokenRefused, TokenVerifier
from shared.settings import IdentitySettings

log = structlog.get_logger(__name__)

_FRESH = 600.0  # seconds
_SECONDS = 10.0


class SignInRefused(Exception):
    """The issuer did not confirm that somebody signed in; nothing of what it said is repeated."""


@dataclass(frozen=True)
class Pending:
    """A sign-in under way. It stays in a cookie of the browser that began it, so that no other can end it."""

    state: str
    nonce: str
    verifier: str
    return_to: str

    @classmethod
    def begin(cls, return_to: str) -> "Pending":
        """Return a new one."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, return_to)

    @classmethod
    def read(cls, cookie: str) -> "Pending | None":
        """Return what a cookie holds, None when it is damaged."""
        try:
            fields = json.loads(urlsafe_b64decode(cookie))
            return cls(**{name: str(fields[name]) for name in cls.__dataclass_fields__})
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def cookie(self) -> str:
        """What the cookie holds."""
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()


@dataclass(frozen=True)
class SignedIn:
    """Who signed in, and the ID token that says so."""

    subject: str
    id_token: str


class Provider:
    """One issuer, for the client that the settings name."""

    def __init__(self, settings: IdentitySettings, verifier: TokenVerifier) -> None:
        self._settings = settings
        self._verifier = verifier
        self._document: Mapping[str, Any] = {}
        self._fetched = -_FRESH
        self._turn = asyncio.Lock()

    @property
    def public_url(self) -> str | None:
        """Where browsers reach the platform; None where nobody signs in by browser."""
        return self._settings.public_url if self._settings.oidc_issuer else None

    async def authorization_url(self, pending: Pending, callback: str) -> str:
        """Return where the browser is sent to sign in.

        Raises:
            IdentityUnavailable: the issuer does not answer.
        """
        challenge = urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": callback,
            "scope": "openid profile",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{(await self._discovered())['authorization_endpoint']}?{urlencode(query)}"

    async def signed_in(self, pending: Pending, code: str, callback: str) -> SignedIn:
        """Exchange a code for who signed in.

        Raises:
            SignInRefused: the code, the ID token or its nonce is not right.
            IdentityUnavailable: the issuer does not answer.
        """
        id_token = await self._exchanged(pending, code, callback)
        try:
            claims = await self._verifier.claims(id_token, audience=self._settings.oidc_client_id)
            principal = self._verifier.person(claims)
        except TokenRefused as error:
            raise SignInRefused from error
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), pending.nonce.encode()):
            raise SignInRefused
        return SignedIn(principal.subject, id_token)

    async def end_session_url(self, id_token: str, back: str) -> str | None:
        """Return where the browser is sent so that the issuer forgets it too, None when the issuer has no such page."""
        try:
            endpoint = (await self._discovered()).get("end_session_endpoint")
        except IdentityUnavailable:
            return None
        hint = {"id_token_hint": id_token, "post_logout_redirect_uri": back, "client_id": self._settings.oidc_client_id}
        return f"{endpoint}?{urlencode(hint)}" if endpoint else None

    async def _exchanged(self, pending: Pending, code: str, callback: str) -> str:
        secret = self._settings.oidc_client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "client_id": self._settings.oidc_client_id,
            "code_verifier": pending.verifier,
        } | ({} if secret is None else {"client_secret": secret.get_secret_value()})
        endpoint = str((await self._discovered())["token_endpoint"])
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
                answer = await client.post(endpoint, data=form)
            if answer.status_code != httpx.codes.OK:
                log.warning("code_refused", status=answer.status_code)
                raise SignInRefused
            return str(answer.json()["id_token"])
        except httpx.HTTPError as error:
            raise IdentityUnavailable from error
        except (ValueError, KeyError) as error:
            raise SignInRefused from error

    async def _discovered(self) -> Mapping[str, Any]:
        """Return the issuer's discovery document (OpenID Connect Discovery 1.0), not older than ten minutes."""
        async with self._turn:
            if time.monotonic() - self._fetched >= _FRESH:
                self._document = await self._asked()
                self._fetched = time.monotonic()
        return self._document

    async def _asked(self) -> Mapping[str, Any]:
        issuer = self._settings.oidc_issuer
        if issuer is None:
            raise IdentityUnavailable
        url = self._settings.oidc_discovery_url or f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
                found: Mapping[str, Any] = (await client.get(url)).raise_for_status().json()
            if found["issuer"] != issuer or not found["authorization_endpoint"] or not found["token_endpoint"]:
                raise ValueError("the document of another issuer")
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("issuer_unavailable", error=type(error).__name__)
            raise IdentityUnavailable from error
        return found
