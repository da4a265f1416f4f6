"""One signed HTTP call of a bank: bounded, verified over the raw bytes, or nothing at all."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx
from cryptography import x509

from services.benefits.payments.bank.keys import KeyRefused, KeySet, KeysUnusable, TrustedKeys, read_keys
from services.benefits.payments.bank.signing import HEADER, Binding, SignatureRefused, Signing, sign, verify
from services.benefits.payments.iso20022.reading import LARGEST_MESSAGE
from shared import clock

_CONNECT_SECONDS = 5.0
_LARGEST_KEY_SET = 256 * 1024
_NO_HEADERS: Mapping[str, str] = {}
# Refused at the door: nothing was read, and whoever keeps the door may have no key of the bank.
NOT_TAKEN = (401, 403, 429)


@dataclass(frozen=True)
class Answer:
    """An answer whose signature holds, where the channel is signed."""

    status: int
    body: bytes


class NothingSent(Exception):
    """The call never left us, or was refused at the door; the text says why."""


class NoAnswer(Exception):
    """The call may have been received, and no answer came that can be believed; the text says why."""


_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class HttpExchange:
    """Calls to a base URL. `timeout` is in seconds, for the whole of an answer; `tls` has our client certificate.

    With keys of ours every call is signed and every answer must be, by a key of the `pinned` ones or of those that the
    bank publishes.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        tls: ssl.SSLContext | None = None,
        ours: KeySet | None = None,
        pinned: KeySet | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._seconds = timeout
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
        self._tls = tls or _trust(self._url)
        theirs = TrustedKeys(pinned or KeySet({}), self._fetch_keys)
        self.signing = None if ours is None else Signing(ours, theirs)
        self._shown: bytes | None = None

    async def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = _NO_HEADERS
    ) -> Answer:
        """Send a request and return its answer.

        Raises:
            NothingSent: nobody can have received it.
            NoAnswer: somebody may have.
        """
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                request = client.build_request(method, path, content=content or None, headers=headers)
                jti = self._sign(request, content)
                response = await client.send(request, stream=True)
                self._shown = _certificate_of(response) or self._shown
                try:
                    body = await _bounded(response, LARGEST_MESSAGE)
                finally:
                    await response.aclose()
        except _NOTHING_SENT as error:
            raise NothingSent(type(error).__name__) from error
        except KeyRefused as error:
            raise NothingSent(error.code) from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise NoAnswer(type(error).__name__) from error
        if response.status_code not in NOT_TAKEN:
            await self._verify(request, response, body, jti)
        return Answer(response.status_code, body)

    @property
    def certificate_ends(self) -> datetime | None:
        """When the certificate ends that the bank showed at the last call, None where it showed none."""
        return None if self._shown is None else x509.load_der_x509_certificate(self._shown).not_valid_after_utc

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._url,
            timeout=self._timeout,
            verify=self._tls,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},  # signatures are over the bytes as they come
        )

    def _sign(self, request: httpx.Request, content: bytes) -> str | None:
        if self.signing is None:
            return None
        signature = sign(self.signing.ours, content, Binding(request.method, _target(request)), clock.now())
        request.headers[HEADER] = signature.jws
        return signature.jti

    async def _verify(self, request: httpx.Request, response: httpx.Response, body: bytes, jti: str | None) -> None:
        if self.signing is None:
            return
        binding = Binding(request.method, _target(request), response.status_code, jti)
        try:
            await verify(self.signing.theirs, response.headers.get(HEADER), body, binding, clock.now())
        except SignatureRefused as error:
            raise NoAnswer(f"signature_{error.code}") from error

    async def _fetch_keys(self) -> KeySet | None:
        """Return the bank's published keys, None when they cannot be had; TLS says whose they are."""
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client() as client,
                client.stream("GET", "/.well-known/jwks.json") as response,
            ):
                if response.status_code != httpx.codes.OK:
                    return None
                body = await _bounded(response, _LARGEST_KEY_SET)
            return read_keys(httpx.Response(200, content=body).json())
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, NoAnswer, ValueError, KeysUnusable):
            return None


def _trust(url: str) -> ssl.SSLContext:
    """Return the authorities of this machine; none of them are read where nothing is encrypted."""
    return ssl.create_default_context() if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _certificate_of(response: httpx.Response) -> bytes | None:
    """Return the certificate (DER) of the other side of a connection, None where nothing is encrypted."""
    stream = response.extensions.get("network_stream")
    tls: ssl.SSLObject | None = None if stream is None else stream.get_extra_info("ssl_object")
    return None if tls is None else tls.getpeercert(binary_form=True)


def _target(request: httpx.Request) -> str:
    return request.url.raw_path.decode()


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > limit:
            raise NoAnswer("answer_too_large")
    return bytes(body)
