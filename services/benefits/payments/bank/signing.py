"""Detached signatures over raw bytes (JWS, RFC 7515 and 7797), bound to where a message went and when."""

import binascii
import hashlib
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.benefits.payments.bank.keys import Key, KeyRefused, KeySet, TrustedKeys

HEADER = "x-jws-signature"
TOLERANCE = timedelta(seconds=300)
FILE_AGE = timedelta(days=7)  # how long a signed file may wait in a folder
_LONGEST = 4096
_JTI = re.compile(r"[A-Za-z0-9_-]{16,64}")
_BASE = frozenset({"alg", "kid", "b64", "crit"})


class SignatureRefused(Exception):
    """A signature proves nothing. `code` says why: unsigned, malformed, algorithm, unknown_key, … ."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Signing:
    """Whose keys sign and verify on a channel."""

    ours: KeySet
    theirs: TrustedKeys


@dataclass(frozen=True, slots=True)
class Binding:
    """What a signature is bound to beside the bytes. Answers have the HTTP status and the request's `jti` too."""

    method: str
    target: str
    status: int | None = None
    answers: str | None = None

    def members(self, body: bytes) -> dict[str, Any]:
        """Return the header members that say it."""
        bound: dict[str, Any] = {
            "htm": self.method,
            "htu": self.target,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        if self.status is not None:
            bound |= {"status": self.status, "rti": self.answers}
        return bound


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was made or that holds."""

    jws: str
    kid: str
    jti: str
    signed_at: datetime


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise SignatureRefused("malformed") from error
    if _encoded(data) != text:
        raise SignatureRefused("malformed")  # one signature has one spelling
    return data


def sign(keys: KeySet, body: bytes, binding: Binding, now: datetime) -> Signature:
    """Return the signature of a message by our newest key.

    Raises:
        KeyRefused: no key of ours holds.
    """
    key = keys.current(now)
    jti = secrets.token_urlsafe(16)
    claims = {"iat": int(now.timestamp()), "jti": jti, **binding.members(body)}
    header = {"alg": key.alg, "kid": key.kid, "b64": False, "crit": ["b64", *claims], **claims}
    protected = _encoded(json.dumps(header, separators=(",", ":")).encode())
    signature = key.sign(protected.encode() + b"." + body)
    return Signature(f"{protected}..{_encoded(signature)}", key.kid, jti, now)


async def verify(
    keys: TrustedKeys, jws: str | None, body: bytes, binding: Binding, now: datetime, *, age: timedelta = TOLERANCE
) -> Signature:
    """Return the signature when it is of these very bytes, made for this place by a key that held.

    `age` is how long ago it may have been made. The key must have held then; a clock ahead of ours is borne with for
    the tolerance.

    Raises:
        SignatureRefused: it is not.
    """
    protected, signature = _parts(jws)
    header = _header(protected)
    signed_at = datetime.fromtimestamp(header["iat"], UTC)
    if signed_at - now > TOLERANCE or now - signed_at > age:
        raise SignatureRefused("stale")
    try:
        key = await keys.key(header["kid"], signed_at, now)
    except KeyRefused as error:
        raise SignatureRefused(error.code) from error
    _check(key, header, protected, signature, body)
    if {name: header[name] for name in header.keys() - _BASE - {"iat", "jti"}} != binding.members(body):
        raise SignatureRefused("other_message")
    return Signature(str(jws), key.kid, header["jti"], signed_at)


def _check(key: Key, header: dict[str, Any], protected: str, signature: bytes, body: bytes) -> None:
    if header["alg"] != key.alg:
        raise SignatureRefused("algorithm")
    if not key.verifies(protected.encode() + b"." + body, signature):
        raise SignatureRefused("signature_wrong")


def _parts(jws: str | None) -> tuple[str, bytes]:
    if not jws:
        raise SignatureRefused("unsigned")
    parts = jws.split(".")
    if len(jws) > _LONGEST or not jws.isascii() or len(parts) != 3 or parts[1]:
        raise SignatureRefused("malformed")
    return parts[0], _decoded(parts[2])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a member twice")
    return dict(pairs)


def _header(protected: str) -> dict[str, Any]:
    """Return the header when it has the members it must have, each critical, and no other."""
    try:
        header = json.loads(_decoded(protected), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise SignatureRefused("malformed") from error
    if not isinstance(header, dict) or not {"iat", "jti"} <= header.keys():
        raise SignatureRefused("malformed")
    crit = header.get("crit")
    critical = header.keys() - {"alg", "kid", "crit"}
    iat, jti = header["iat"], header["jti"]
    well = (
        isinstance(header.get("kid"), str)
        and isinstance(header.get("alg"), str)
        and header.get("b64") is False
        and isinstance(crit, list)
        and all(isinstance(name, str) for name in crit)
        and len(crit) == len(critical)
        and set(crit) == critical
        and type(iat) is int
        and 0 <= iat < 2**33
        and isinstance(jti, str)
        and _JTI.fullmatch(jti) is not None
    )
    if not well:
        raise SignatureRefused("malformed")
    return header
