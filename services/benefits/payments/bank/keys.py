"""Signing keys, ours and a bank's: JSON Web Keys from `nbf` to `exp`, so that two overlap while one rotates."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from jwt.algorithms import OKPAlgorithm

ALGORITHMS: Mapping[str, str] = {"ES256": "EC", "PS256": "RSA", "EdDSA": "OKP"}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_REFRESH_EVERY = timedelta(minutes=1)


class KeysUnusable(Exception):
    """A key file cannot be used; the text says which and why, and quotes nothing of it."""


class KeyRefused(Exception):
    """No key that may sign: `unknown_key` or `key_out_of_time`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Key:
    """A key of a set. It holds from `not_before` (inclusive) to `not_after` (exclusive)."""

    kid: str
    alg: str
    not_before: datetime
    not_after: datetime
    jwk: jwt.PyJWK
    public: Mapping[str, Any]

    def holds(self, now: datetime) -> bool:
        """Return whether it may sign at an instant."""
        return self.not_before <= now < self.not_after

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some bytes; takes a private key."""
        signature: bytes = self.jwk.Algorithm.sign(data, self.jwk.key)
        return signature

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """Return whether a signature of some bytes is this key's."""
        return bool(self.jwk.Algorithm.verify(data, self.jwk.key, signature))


@dataclass(frozen=True)
class KeySet:
    """Keys by their ids."""

    keys: Mapping[str, Key]

    def current(self, now: datetime) -> Key:
        """Return the newest key that holds, to sign with.

        Raises:
            KeyRefused: none holds.
        """
        holding = [key for key in self.keys.values() if key.holds(now)]
        if not holding:
            raise KeyRefused("key_out_of_time")
        return max(holding, key=lambda key: (key.not_before, key.kid))

    @property
    def ends(self) -> datetime | None:
        """When the last key ends, None where there is no key."""
        return max((key.not_after for key in self.keys.values()), default=None)

    def published(self, now: datetime) -> list[dict[str, Any]]:
        """Return the public halves of the keys that have not ended, those that hold only later too."""
        return [dict(key.public) for key in self.keys.values() if now < key.not_after]


def read_keys(document: object) -> KeySet:
    """Return the usable keys of a JWK set; others (for encryption, of other algorithms, symmetric ones) are left out.

    Raises:
        KeysUnusable: it is no JWK set, or two keys have one id.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeysUnusable("not a JSON Web Key set")
    keys = [key for each in listed if isinstance(each, dict) and (key := _key(each)) is not None]
    if len({key.kid for key in keys}) != len(keys):
        raise KeysUnusable("two keys of one kid")
    return KeySet({key.kid: key for key in keys})


def read_key_file(path: Path, *, private: bool) -> KeySet:
    """Return the keys of a file; `private` ones are to sign with.

    Raises:
        KeysUnusable: it cannot be read, holds no usable key, or public keys where private ones are needed.
    """
    try:
        keys = read_keys(json.loads(path.read_bytes()))
    except OSError as error:
        raise KeysUnusable(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise KeysUnusable(f"{path} is not JSON") from error
    except KeysUnusable as error:
        raise KeysUnusable(f"{path}: {error}") from error
    if not keys.keys:
        raise KeysUnusable(f"{path} has no key for signatures with {', '.join(ALGORITHMS)}")
    if private and not all(_is_private(key) for key in keys.keys.values()):
        raise KeysUnusable(f"{path} has a key without its private half")
    return keys


def _is_private(key: Key) -> bool:
    return hasattr(key.jwk.key, "private_bytes")


def _key(jwk: Mapping[str, Any]) -> Key | None:
    alg, kid = jwk.get("alg"), jwk.get("kid")
    if ALGORITHMS.get(str(alg)) != jwk.get("kty") or jwk.get("use", "sig") != "sig" or not isinstance(kid, str):
        return None
    try:
        made = jwt.PyJWK(dict(jwk), algorithm=str(alg))
        not_before, not_after = (datetime.fromtimestamp(int(jwk[name]), UTC) for name in ("nbf", "exp"))
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
    if isinstance(made.Algorithm, OKPAlgorithm) and jwk.get("crv") != "Ed25519":
        return None
    public = {name: value for name, value in jwk.items() if name not in _PRIVATE}
    return Key(kid, str(alg), not_before, not_after, made, public)


class TrustedKeys:
    """A bank's keys. An id that is not among them makes us fetch the set again, at most once a minute."""

    def __init__(self, keys: KeySet, fetch: Callable[[], Awaitable[KeySet | None]] | None = None) -> None:
        self._keys = keys
        self._fetch = fetch
        self._asked: datetime | None = None
        self._lock = asyncio.Lock()

    @property
    def ends(self) -> datetime | None:
        """When the last key that we know of ends, None where we know none."""
        return self._keys.ends

    async def key(self, kid: str, signed_at: datetime, now: datetime) -> Key:
        """Return the key of an id that held when a signature was made, as the signature says.

        Raises:
            KeyRefused: the bank has no such key, or it does not hold then.
        """
        if kid not in self._keys.keys:
            await self._refresh(kid, now)
        key = self._keys.keys.get(kid)
        if key is None:
            raise KeyRefused("unknown_key")
        if not key.holds(signed_at):
            raise KeyRefused("key_out_of_time")
        return key

    async def _refresh(self, kid: str, now: datetime) -> None:
        async with self._lock:
            early = self._asked is not None and abs(now - self._asked) < _REFRESH_EVERY
            if self._fetch is None or early or kid in self._keys.keys:
                return
            self._asked = now
            fetched = await self._fetch()
            if fetched is not None and fetched.keys:
                self._keys = fetched


def published(sets: Iterable[KeySet], now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the JWK set of our public keys over all channels, each once."""
    by_id = {each["kid"]: each for keys in sets for each in keys.published(now)}
    return {"keys": [by_id[kid] for kid in sorted(by_id)]}
