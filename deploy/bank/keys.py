"""Signatures: detached JWS over raw bytes, the bank's keys with their times, and the keys of its customer.

Signatures are dated by the wall's clock, whatever the bank's own says: who reads them lives there.
"""

import base64
import hashlib
import json
import secrets
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from deploy.bank import settings
from deploy.counterpart.database import Database

HEADER = "x-jws-signature"
_SETTING = "keys"
_SKEW_SETTING = "signature_skew_seconds"
_YEARS = 10 * 365 * 86_400
_TOLERANCE = 300
_REFETCH_SECONDS = 60
_COORDINATE = 32  # bytes of a P-256 coordinate


class BadSignature(Exception):
    """A message is not signed by whom it says, or not as agreed; one sentence says what is wrong."""


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def sign_with(key: Ed25519PrivateKey, kid: str, body: bytes, claims: Mapping[str, Any]) -> str:
    """Return the detached JWS of a body; claims without a value are left out."""
    given = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": "EdDSA", "kid": kid, "b64": False, "crit": ["b64", *given], **given}
    protected = encode(_compact(header))
    return f"{protected}..{encode(key.sign(protected.encode() + b'.' + body))}"


class BankKeys:
    """The bank's own keys. A rotation brings a new one; the old stays valid as long as it is told to."""

    def __init__(self, database: Database, wall: Callable[[], float] = time.time) -> None:
        self._database = database
        self._wall = wall
        with database.transaction() as db:
            if settings.read(db, _SETTING) is None:
                self._add(db, [], 0)

    def _add(self, db: sqlite3.Connection, keys: list[dict[str, Any]], not_before: float) -> None:
        raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        now = int(self._wall())
        key = {"kid": f"bank-{now}-{len(keys) + 1}", "d": encode(raw), "nbf": int(not_before), "exp": now + _YEARS}
        settings.write(db, _SETTING, json.dumps([*keys, key]))

    def _all(self) -> list[dict[str, Any]]:
        with self._database.transaction() as db:
            found: list[dict[str, Any]] = json.loads(settings.read(db, _SETTING) or "[]")
        return found

    def rotate(self, overlap: float) -> None:
        """Sign with a new key from now on; accept the old ones for `overlap` seconds more."""
        now = self._wall()
        with self._database.transaction() as db:
            keys = json.loads(settings.read(db, _SETTING) or "[]")
            for key in keys:
                key["exp"] = min(key["exp"], int(now + overlap))
            self._add(db, keys, now)

    def skew(self, seconds: float) -> None:
        """Let the clock that dates signatures be so many seconds ahead of the wall's, or behind."""
        with self._database.transaction() as db:
            settings.write(db, _SKEW_SETTING, str(seconds))

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set."""
        keys = []
        for one in self._all():
            public = Ed25519PrivateKey.from_private_bytes(decode(one["d"])).public_key()
            x = encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
            rest = {name: one[name] for name in ("kid", "nbf", "exp")}
            keys.append({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "use": "sig"} | rest)
        return {"keys": keys}

    def sign(
        self, body: bytes, method: str, target: str, *, status: int | None = None, answers: str | None = None
    ) -> str:
        """Return the signature of a request of the bank's, or of its answer to a request with the id `answers`."""
        with self._database.transaction() as db:
            newest = json.loads(settings.read(db, _SETTING) or "[]")[-1]
            ahead = float(settings.read(db, _SKEW_SETTING) or 0)
        claims = {
            "iat": int(self._wall() + ahead),
            "jti": secrets.token_hex(16),
            "htm": method,
            "htu": target,
            "sha256": hashlib.sha256(body).hexdigest(),
            "status": status,
            "rti": answers,
        }
        return sign_with(Ed25519PrivateKey.from_private_bytes(decode(newest["d"])), newest["kid"], body, claims)


class CustomerKeys:
    """The keys of the bank's customer, from a file or an address; fetched again at most once a minute."""

    def __init__(self, source: str, wall: Callable[[], float] = time.time) -> None:
        self._source = source
        self._wall = wall
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched = 0.0
        self._seen: dict[str, float] = {}

    def verify(self, signature: str | None, body: bytes, method: str, target: str) -> dict[str, Any]:
        """Return the claims of a signed request.

        Raises:
            BadSignature: it is not signed, not by the customer, not for this request, too old, or was seen before.
        """
        claims = self.verified(signature, body)
        if claims.get("htm") != method or claims.get("htu") != target:
            raise BadSignature("signed for another request")
        now = self._wall()
        if abs(now - claims["iat"]) > _TOLERANCE:
            raise BadSignature("signed too long ago, or in the future")
        self._seen = {jti: until for jti, until in self._seen.items() if until > now}
        if self._seen.setdefault(str(claims["jti"]), now + 2 * _TOLERANCE) != now + 2 * _TOLERANCE:
            raise BadSignature("seen before")
        return claims

    def verified(self, signature: str | None, body: bytes) -> dict[str, Any]:
        """Return the claims of a signature over a body, whatever it was signed for and when.

        Raises:
            BadSignature: it does not hold.
        """
        try:
            protected, empty, value = (signature or "").split(".")
            header: dict[str, Any] = json.loads(decode(protected))
            crit = {name for name in header if name not in ("alg", "kid", "crit")}
            if empty or header["b64"] is not False or set(header["crit"]) != crit:
                raise BadSignature("not a detached JWS as agreed")
            if header["sha256"] != hashlib.sha256(body).hexdigest():
                raise BadSignature("signed over another body")
            int(header["iat"])
            _check(self._key(header["kid"]), header["alg"], protected.encode() + b"." + body, decode(value))
        except (ValueError, KeyError, TypeError) as broken:
            raise BadSignature("not a detached JWS as agreed") from broken
        except InvalidSignature as wrong:
            raise BadSignature("the signature does not hold") from wrong
        return header

    def _key(self, kid: str) -> dict[str, Any]:
        now = self._wall()
        if kid not in self._keys and now - self._fetched > _REFETCH_SECONDS:
            self._fetch()
            self._fetched = now
        key = self._keys.get(kid)
        if key is None or not key.get("nbf", 0) <= now < key.get("exp", now + 1):
            raise BadSignature("no such key, or not one that is valid now")
        return key

    def _fetch(self) -> None:
        if self._source.startswith(("http://", "https://")):
            with urllib.request.urlopen(self._source, timeout=10) as answer:  # noqa: S310 - the operator's own setting
                content = answer.read()
        else:
            content = Path(self._source).read_bytes()
        self._keys = {key["kid"]: key for key in json.loads(content)["keys"]}


def _check(key: Mapping[str, Any], alg: str, data: bytes, signature: bytes) -> None:
    if alg != key["alg"]:
        raise BadSignature("not the algorithm of the key")
    if alg == "EdDSA":
        Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(signature, data)
    elif alg == "ES256":
        point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1())
        halves = signature[:_COORDINATE], signature[_COORDINATE:]
        der = utils.encode_dss_signature(*(int.from_bytes(half) for half in halves))
        point.public_key().verify(der, data, ec.ECDSA(hashes.SHA256()))
    elif alg == "PS256":
        public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
        public.verify(signature, data, pss, hashes.SHA256())
    else:
        raise BadSignature("not an algorithm that was agreed")


def _number(text: str) -> int:
    return int.from_bytes(decode(text))
