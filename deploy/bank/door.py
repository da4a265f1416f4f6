"""The door of the customers' channel: reads a request whole, verifies it, disturbs it, signs the answer."""

import asyncio
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.bank.chance import Chance, Disturbance
from deploy.bank.keys import HEADER, BadSignature, BankKeys, CustomerKeys, sign_with
from deploy.bank.outage import Outage
from deploy.bank.problems import problem
from deploy.bank.store import Terms
from deploy.counterpart.server import NoAnswer

FORGED = "x-forged"
"""A header by which the channel asks for a signature that is not the bank's; it never leaves the bank."""

SIGNED_AT = "vn.ansinh.signed_at"
"""Where a request's scope holds the second at which it was signed."""

_LONG_SILENCE = 3_600.0
_UNPROCESSED = {
    Disturbance.REFUSE: (503, "MS03", "the bank's channel is closed"),
    Disturbance.ERROR_BEFORE: (500, "MS03", "internal error"),
}


@dataclass(frozen=True)
class Door:
    """An ASGI application before another; it lets through whatever is not of the channel (`/v1`)."""

    app: ASGIApp
    terms: Terms
    keys: BankKeys
    customer: CustomerKeys | None
    outage: Outage
    chance: Chance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        body = await self._body(receive)
        jti: str | None = None
        answer: Response | None = None
        disturbance = self.outage.strike() or self.chance.draw(scope["method"], scope["path"])
        if disturbance in _UNPROCESSED:
            answer = problem(*_UNPROCESSED[disturbance], "unknown")
            if disturbance is Disturbance.REFUSE:
                answer.headers["Retry-After"] = "1"
        elif disturbance in (Disturbance.HANG, Disturbance.DROP_BEFORE):
            answer = NoAnswer(_LONG_SILENCE if disturbance is Disturbance.HANG else self.terms.silence)
        elif body is None:
            answer = problem(400, "FF01", f"a message has at most {self.terms.largest_file} bytes")
        elif self.customer is not None:
            try:
                jti = await asyncio.to_thread(self._verify, scope, body)
            except (BadSignature, OSError) as refused:
                answer = problem(401, "DS02", str(refused))
        captured = _Captured(body or b"", receive)
        await (answer or self.app)(scope, captured.receive, captured.send)
        if captured.start is None:
            return  # the connection was cut
        if disturbance is Disturbance.DROP_AFTER:
            await NoAnswer(self.terms.silence)(scope, receive, send)
            return
        if disturbance is Disturbance.ERROR_AFTER:
            captured = _Captured(b"", receive)
            await problem(500, "MS03", "internal error", "unknown")(scope, captured.receive, captured.send)
        await self._answer(scope, captured, jti, send)

    async def _body(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.terms.largest_file:
                return None
            if not message.get("more_body"):
                return bytes(body)

    def _verify(self, scope: Scope, body: bytes) -> str:
        if self.customer is None:
            raise AssertionError("nobody to verify for")
        signature = Headers(scope=scope).get(HEADER)
        claims = self.customer.verify(signature, body, scope["method"], _target(scope))
        scope[SIGNED_AT] = int(claims["iat"])
        return str(claims["jti"])

    async def _answer(self, scope: Scope, captured: "_Captured", jti: str | None, send: Send) -> None:
        start: Any = captured.start
        headers = MutableHeaders(raw=start["headers"])
        request = (scope["method"], _target(scope))
        if headers.get(FORGED):
            del headers[FORGED]
            claims = {"htm": request[0], "htu": request[1], "status": start["status"]}
            signature = sign_with(Ed25519PrivateKey.generate(), "bank", captured.body, claims)
        else:
            signature = await asyncio.to_thread(
                self.keys.sign, captured.body, *request, status=start["status"], answers=jti
            )
        headers[HEADER] = signature
        await send(start)
        await send({"type": "http.response.body", "body": captured.body})


class _Captured:
    """Gives an application the body that was read, and keeps its answer."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive
        self.start: Message | None = None
        self.body = b""

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


def _target(scope: Scope) -> str:
    path = (scope.get("raw_path") or scope["path"].encode()).decode()
    return f"{path}?{scope['query_string'].decode()}" if scope["query_string"] else path


def answer_of(response: Response, *, forged: bool) -> Response:
    """Return an answer, marked where its signature is to be forged."""
    if forged:
        response.headers[FORGED] = "1"
    return response
