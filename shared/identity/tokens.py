"""Access tokens (JWT, RFC 7519, by the advice of RFC 8725): who holds one, or why it is refused."""

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from shared.identity.keys import KeySet, KeysUnavailable, keys_at, keys_in_file
from shared.identity.principal import Principal
from shared.settings import IdentitySettings

# Asymmetric only: with a shared secret, or none, whoever reads the public keys could write tokens.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
MACHINE = "machine."
# What Keycloak and others write into `typ`: an ID token is no access token, nor the other way round.
_ACCESS, _IDENTITY = ("Bearer", "at+jwt"), ("ID",)
_LARGEST = 16 * 1024
_MOST_SEEN = 4096
_LEEWAY = 30  # seconds that clocks may differ
_SUBJECT = re.compile(r"[A-Za-z0-9._@:-]{1,128}")
_SERVICE_ACCOUNT = "service-account-"  # how Keycloak names the user behind a client's own token

Reason = Literal["malformed", "expired", "not_yet", "untrusted", "audience", "subject"]


class TokenRefused(Exception):
    """A token is not accepted; `reason` says why, without a word of the token itself."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class IdentityUnavailable(Exception):
    """Nobody can be told from anybody: no issuer is set, or it does not answer. Nothing is open meanwhile."""


@dataclass(frozen=True)
class _Seen:
    """A token that was found right: whose it is, until when (epoch seconds), and by which key of the issuer's."""

    principal: Principal
    until: float
    key_id: str
    key: Mapping[str, Any]


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience."""

    def __init__(self, settings: IdentitySettings, keys: KeySet | None = None) -> None:
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._keys = keys or self._own_keys(settings)
        self._seen: dict[bytes, _Seen] = {}  # by the token's digest: no token is kept

    @staticmethod
    def _own_keys(settings: IdentitySettings) -> KeySet | None:
        if settings.oidc_jwks_file is not None:
            return KeySet(keys_in_file(settings.oidc_jwks_file))
        if settings.oidc_issuer is None:
            return None
        return KeySet(keys_at(settings.oidc_issuer, settings.oidc_jwks_url))

    async def ping(self) -> None:
        """Raise IdentityUnavailable when tokens cannot be verified now."""
        await self._key("")

    async def verify(self, token: str) -> Principal:
        """Return who holds a token. One that was found right is known again until it ends or its key is withdrawn.

        Raises:
            TokenRefused: it is not one of our issuer's for us, or not now.
            IdentityUnavailable: the issuer's keys cannot be had.
        """
        digest = hashlib.sha256(token.encode()).digest()
        seen = self._seen.get(digest)
        if seen is not None and time.time() < seen.until and await self._key(seen.key_id) is seen.key:
            return seen.principal
        claims, key_id, key = await self._verified(token, self._audience)
        principal = _principal(claims, _ACCESS)
        self._seen[digest] = _Seen(principal, float(claims["exp"]) + _LEEWAY, key_id, key)
        while len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return principal

    def person(self, claims: Mapping[str, Any]) -> Principal:
        """Return the person of whom the claims of an ID token speak.

        Raises:
            TokenRefused: it is no ID token, or speaks of a machine.
        """
        principal = _principal(claims, _IDENTITY)
        if principal.machine:
            raise TokenRefused("subject")
        return principal

    async def claims(self, token: str, *, audience: str | None = None) -> Mapping[str, Any]:
        """Return what a token says, once its signature, issuer, audience and times are found right.

        Raises:
            TokenRefused, IdentityUnavailable: as `verify`.
        """
        claims, _, _ = await self._verified(token, audience or self._audience)
        return claims

    async def _verified(self, token: str, audience: str) -> tuple[dict[str, Any], str, Mapping[str, Any]]:
        """Return what a token says, and the id and key by which that was found right."""
        algorithm, key_id = _header(token)
        jwk = await self._key(key_id)
        if jwk is None or jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm:
            raise TokenRefused("untrusted")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                jwt.PyJWK(dict(jwk), algorithm=algorithm),
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=audience,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("expired") from error
        except jwt.ImmatureSignatureError as error:
            raise TokenRefused("not_yet") from error
        except jwt.InvalidAudienceError as error:
            raise TokenRefused("audience") from error
        except jwt.PyJWTError as error:
            raise TokenRefused("untrusted") from error
        return claims, key_id, jwk

    async def _key(self, key_id: str) -> Mapping[str, Any] | None:
        if self._keys is None or self._issuer is None:
            raise IdentityUnavailable
        try:
            return await self._keys.key(key_id)
        except KeysUnavailable as error:
            raise IdentityUnavailable from error


def _header(token: str) -> tuple[str, str]:
    """Return the algorithm and key id of a token. Keys or addresses of keys that it brings itself are not looked at."""
    if len(token) > _LARGEST:
        raise TokenRefused("malformed")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenRefused("malformed") from error
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS or not isinstance(key_id, str):
        raise TokenRefused("untrusted")
    return str(algorithm), key_id


def _principal(claims: Mapping[str, Any], kinds: tuple[str, ...]) -> Principal:
    scopes = frozenset(str(claims.get("scope") or "").split())
    name = str(claims.get("preferred_username") or "")
    client = claims.get("client_id") or claims.get("azp")
    machine = name.startswith(_SERVICE_ACCOUNT) or (not name and client is not None and claims["sub"] == client)
    subject = f"{MACHINE}{client}" if machine else name
    if claims.get("typ", kinds[0]) not in kinds or not _SUBJECT.fullmatch(subject):
        raise TokenRefused("subject")
    if not machine and subject.startswith(MACHINE):
        raise TokenRefused("subject")
    return Principal(subject, machine=machine, scopes=scopes)
