"""A bank that signs: it stands before the simulated bank, asks for our signatures and puts its own on the answers.

Written from the interface alone; it shares no code with the side that it is a counterpart of.
"""

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.bank_keys import public_set, signed_by_hand
from tests.support.serving import serving

HEADER = "x-jws-signature"


def decoded(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SigningBank:
    """Its keys, and those of the platform; `spoil` changes an answer's headers before they leave."""

    def __init__(self, url: str, own: dict[str, Any], theirs: dict[str, Any]) -> None:
        self.url = url
        self.own = own
        self.published = [own]
        self._theirs = {theirs["kid"]: theirs}
        self.seen: set[str] = set()
        self.refused: list[str] = []
        self.spoil: Callable[[dict[str, str]], dict[str, str]] = dict

    def signature(self, body: bytes, **bound: object) -> str:
        """Return the bank's signature of a body, bound to what is given."""
        claims = {
            "iat": int(datetime.now(UTC).timestamp()),
            "jti": uuid4().hex,
            **bound,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        header = {"alg": self.own["alg"], "kid": self.own["kid"], "b64": False, "crit": ["b64", *claims], **claims}
        return signed_by_hand(self.own, header, body)

    def _request_id(self, request: Request, body: bytes) -> str | None:
        """Return the id of a request whose signature holds."""
        try:
            protected, _, signature = request.headers[HEADER].split(".")
            header = json.loads(decoded(protected))
            jwk = self._theirs[header["kid"]]
            key = jwt.PyJWK(jwk, algorithm=jwk["alg"])
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            bound = (header["htm"], header["htu"], header["sha256"])
            holds = key.Algorithm.verify(protected.encode() + b"." + body, key.key, decoded(signature))
            if not holds or bound != (request.method, target, hashlib.sha256(body).hexdigest()):
                return None
        except (KeyError, ValueError):
            return None
        fresh = header["jti"] not in self.seen
        self.seen.add(header["jti"])
        return str(header["jti"]) if fresh else None

    async def answer(self, request: Request) -> Response:
        """Answer as the simulated bank does, signed."""
        if request.url.path == "/.well-known/jwks.json":
            return JSONResponse(public_set(*self.published))
        body = await request.body()
        jti = self._request_id(request, body)
        if jti is None:
            self.refused.append(request.url.path)
            return JSONResponse({"status": 401, "processed": "no"}, 401)
        passed = {name: value for name, value in request.headers.items() if name in ("idempotency-key", "content-type")}
        async with httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False) as client:
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            given = await client.request(request.method, target, content=body, headers=passed)
        signature = self.signature(given.content, htm=request.method, htu=target, status=given.status_code, rti=jti)
        kind = {"content-type": given.headers.get("content-type", "application/json")}
        return Response(given.content, given.status_code, kind | self.spoil({HEADER: signature}))


@asynccontextmanager
async def signing_bank(url: str, own: dict[str, Any], theirs: dict[str, Any]) -> AsyncIterator[tuple[SigningBank, str]]:
    """Run a signing bank before the one at a URL; yield it with its own URL."""
    bank = SigningBank(url, own, theirs)
    app = Starlette(routes=[Route("/{path:path}", bank.answer, methods=["GET", "POST"])])
    async with serving(app) as address:
        yield bank, address
