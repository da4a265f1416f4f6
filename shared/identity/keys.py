"""An issuer's public keys (JWK Set, RFC 7517): fetched, kept for a while, fetched again when a new one is used."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import structlog

log = structlog.get_logger(__name__)

_FRESH = 600.0  # seconds: a key that the issuer withdrew is refused after this long at most
_AGAIN = 10.0  # seconds between two looks for a key that is not there: made-up key ids cost the issuer nothing
_LARGEST = 256 * 1024


class KeysUnavailable(Exception):
    """The issuer's keys cannot be had and those at hand are too old; nobody can be told from anybody."""


Fetch = Callable[[], Awaitable[Mapping[str, Any]]]


def keys_in_file(path: Path) -> Fetch:
    """Return what reads a JWK Set from a file, for networks in which the issuer cannot be asked."""

    async def fetch() -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(await asyncio.to_thread(path.read_bytes))
        return found

    return fetch


def keys_at(issuer: str, jwks_url: str | None) -> Fetch:
    """Return what asks an issuer for its JWK Set, at a URL or where its discovery document says."""

    async def fetch() -> Mapping[str, Any]:
        async with httpx.AsyncClient(timeout=5, follow_redirects=False) as client:
            url = jwks_url
            if url is None:
                where = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                url = str((await client.get(where)).raise_for_status().json()["jwks_uri"])
            answer = (await client.get(url)).raise_for_status()
            if len(answer.content) > _LARGEST:
                raise ValueError("the key set is too large")
            found: Mapping[str, Any] = answer.json()
            return found

    return fetch


class KeySet:
    """The keys of one issuer, by key id."""

    def __init__(self, fetch: Fetch, *, now: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._now = now
        self._keys: Mapping[str, Mapping[str, Any]] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._turn = asyncio.Lock()

    async def key(self, key_id: str) -> Mapping[str, Any] | None:
        """Return the JWK of an id, None when the issuer has none.

        Raises:
            KeysUnavailable: the issuer does not answer and the keys at hand are too old to trust.
        """
        if not self._fresh() or (key_id not in self._keys and self._may_ask_again()):
            await self._refresh(key_id)
        if not self._fresh():
            raise KeysUnavailable
        return self._keys.get(key_id)

    def _fresh(self) -> bool:
        return self._fetched is not None and self._now() - self._fetched < _FRESH

    def _may_ask_again(self) -> bool:
        return self._tried is None or self._now() - self._tried >= _AGAIN

    async def _refresh(self, key_id: str) -> None:
        async with self._turn:
            if (self._fresh() and key_id in self._keys) or not self._may_ask_again():
                return  # somebody else has just asked
            self._tried = self._now()
            try:
                found = await self._fetch()
                keys = {str(key["kid"]): key for key in found["keys"] if "kid" in key}
            except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
                log.warning("issuer_keys_unavailable", error=type(error).__name__)
                return
            self._keys, self._fetched = keys, self._now()
