"""The HTTP channel: files, status reports and statements, asked for by our own ids."""

import asyncio
import hashlib
import ssl
from urllib.parse import quote

import httpx

from services.benefits.payments.bank.port import (
    Accepted,
    Found,
    NotFound,
    NotSent,
    QueryAnswer,
    RawStatement,
    Rejected,
    SubmitOutcome,
    Unavailable,
    Unknown,
)
from services.benefits.payments.domain.payees import Payee, bank_name
from services.benefits.payments.domain.reasons import ReasonClass, reason_class
from services.benefits.payments.domain.verification import Verdict, Verification, compare
from services.benefits.payments.iso20022.reading import LARGEST_MESSAGE

_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_NOT_TAKEN = (401, 403, 429)  # refused at the door: nothing was read
_NOT_OFFERED = (404, 405, 501)  # the bank has no such service
_CONNECT_SECONDS = 5.0


def _classified(response: httpx.Response, message_id: str, content: bytes) -> SubmitOutcome:
    """Return what an answer proves; what proves nothing is unknown."""
    if response.status_code in _NOT_TAKEN:
        return NotSent(f"http_{response.status_code}")
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Unknown(f"http_{response.status_code}_unreadable")
    if response.status_code == httpx.codes.ACCEPTED:
        ours = body.get("message_id") == message_id and body.get("sha256") == hashlib.sha256(content).hexdigest()
        return Accepted(str(body.get("bank_ref"))) if ours else Unknown("receipt_of_another_file")
    if response.status_code in (400, 422) and body.get("processed") == "no":
        code = str(body.get("code"))
        # A duplicate is no failure: the bank may hold the original, which a query finds.
        return Unknown(code) if reason_class("status", code) is ReasonClass.DUPLICATE else Rejected(code)
    if response.status_code == httpx.codes.CONFLICT:
        return Unknown("conflict")
    return Unknown(f"http_{response.status_code}")


class HttpBank:
    """The adapter of a bank at a base URL. `timeout` is in seconds, for the whole of an answer."""

    def __init__(self, bank: str, url: str, *, timeout: float) -> None:
        self.bank = bank
        self._url = url.rstrip("/")
        self._seconds = timeout
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
        self._tls = ssl.create_default_context()

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._url, timeout=self._timeout, verify=self._tls, trust_env=False)

    async def submit(self, message_id: str, content: bytes) -> SubmitOutcome:
        """Send a pain.001; the bank does nothing twice under one message id."""
        headers = {"Content-Type": "application/xml", "Idempotency-Key": message_id}
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                response = await client.post("/v1/payment-files", content=content, headers=headers)
        except _NOTHING_SENT as error:
            return NotSent(type(error).__name__)
        except (httpx.HTTPError, TimeoutError) as error:
            return Unknown(type(error).__name__)
        return _classified(response, message_id, content)

    async def query(self, message_id: str) -> QueryAnswer:
        """Ask for the newest pain.002 of a file."""
        response = await self._get(f"/v1/payment-files/{quote(message_id, safe='')}/status")
        if isinstance(response, Unavailable):
            return response
        if response.status_code == httpx.codes.OK:
            return Found(response.content)
        if response.status_code == httpx.codes.NOT_FOUND:
            return _absence(response)
        return Unavailable(f"http_{response.status_code}")

    async def next_statement(self, account: str, after: int) -> RawStatement | Unavailable | None:
        """List the statements after a number and fetch the first."""
        path = f"/v1/accounts/{quote(account, safe='')}/statements"
        listed = await self._get(f"{path}?after={after}")
        if isinstance(listed, Unavailable):
            return listed
        sequences = _sequences(listed)
        if sequences is None:
            return Unavailable(f"http_{listed.status_code}")
        if not sequences:
            return None
        response = await self._get(f"{path}/{min(sequences)}")
        if isinstance(response, Unavailable):
            return response
        if response.status_code != httpx.codes.OK:
            return Unavailable(f"http_{response.status_code}")
        return RawStatement(min(sequences), response.content)

    async def verify_account(self, payee: Payee) -> Verification | Unavailable:
        """Post bank, number and name; the bank answers with a verdict, or with the holder's name for us to compare."""
        asked = {
            "bin": payee.bank_bin,
            "account": payee.account_number,
            "name": bank_name(payee.holder_name or ""),
        }
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                response = await client.post("/v1/account-verifications", json=asked)
        except (httpx.HTTPError, TimeoutError) as error:
            return Unavailable(type(error).__name__)
        if response.status_code in _NOT_OFFERED:
            return Verification(Verdict.NOT_CHECKABLE, "not_offered")
        return _verification(response, payee.holder_name or "")

    async def _get(self, path: str) -> httpx.Response | Unavailable:
        try:
            async with asyncio.timeout(self._seconds), self._client() as client, client.stream("GET", path) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LARGEST_MESSAGE:
                        return Unavailable("answer_too_large")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Unavailable(type(error).__name__)
        return httpx.Response(response.status_code, content=bytes(body))


def _absence(response: httpx.Response) -> NotFound | Unavailable:
    try:
        body = response.json()
    except ValueError:
        return Unavailable("http_404_unreadable")
    # A 404 of a proxy or a wrong URL is no word of the bank about the file.
    return NotFound(final=body.get("final") is True) if isinstance(body, dict) else Unavailable("http_404_unreadable")


def _sequences(response: httpx.Response) -> list[int] | None:
    if response.status_code != httpx.codes.OK:
        return None
    try:
        listed = response.json()
        return [int(one["sequence"]) for one in listed]
    except (ValueError, TypeError, KeyError):
        return None


def _verification(response: httpx.Response, holder_name: str) -> Verification | Unavailable:
    """Read `{"verdict", "reason", "holder_name"}`; a verdict that nobody knows is none."""
    if response.status_code != httpx.codes.OK:
        return Unavailable(f"http_{response.status_code}")
    try:
        body = response.json()
    except ValueError:
        return Unavailable("unreadable")
    if not isinstance(body, dict):
        return Unavailable("unreadable")
    reason, holder = body.get("reason"), body.get("holder_name")
    theirs = holder if isinstance(holder, str) and holder.strip() else None
    if body.get("verdict") in set(Verdict):
        verdict = Verdict(body["verdict"])
    else:
        verdict = compare(holder_name, theirs) if theirs and "verdict" not in body else Verdict.NOT_CHECKABLE
    return Verification(verdict, str(reason) if reason is not None else None, theirs)
