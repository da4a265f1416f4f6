"""A signing key in a folder of the platform's own, and the access tokens that it signs."""

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from shared.settings import IdentitySettings

AUDIENCE = "ansinh"
LIFETIME = 3600  # seconds that a token is valid


class IssuerMissing(Exception):
    """There is no local issuer in a folder: the platform that runs has its sign-in elsewhere."""


class LocalIssuer:
    """Issues tokens with the same claims as a Keycloak realm does. Whoever can read its folder can be anybody."""

    def __init__(self, folder: Path) -> None:
        """Take the issuer of a folder.

        Raises:
            IssuerMissing: there is none.
        """
        try:
            state = json.loads((folder / "issuer.json").read_text(encoding="utf-8"))
        except OSError as error:
            raise IssuerMissing(
                f"Không có nơi cấp mã truy cập trong {folder}. / There is no local issuer in {folder}: "
                "tokens of this platform come from its own sign-in."
            ) from error
        self.url: str = state["url"]
        self._key: dict[str, Any] = state["key"]
        self._keys = folder / "keys.json"

    @classmethod
    def make(cls, folder: Path, *, url: str) -> "LocalIssuer":
        """Return the issuer of a folder, made with a new key where there is none; `url` is where it answers."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            key = cls(folder)._key
        except IssuerMissing:
            key = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True) | {"kid": uuid4().hex}
        public = {name: value for name, value in key.items() if name != "d"} | {"use": "sig", "alg": "EdDSA"}
        _write(folder / "issuer.json", {"url": url, "key": key})
        _write(folder / "keys.json", {"keys": [public]})
        return cls(folder)

    @property
    def settings(self) -> IdentitySettings:
        """What services are told to accept this issuer's tokens."""
        return IdentitySettings(oidc_issuer=self.url, oidc_audience=AUDIENCE, oidc_jwks_file=self._keys)

    def token(self, subject: str, *, lifetime: int = LIFETIME, **claims: Any) -> str:
        """Return an access token of a person; `claims` replace or add to its own."""
        now = int(time.time())
        own = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "preferred_username": subject,
            "typ": "Bearer",
            "azp": "ansinh-cli",
            "scope": "openid",
            "iat": now,
            "exp": now + lifetime,
            "jti": uuid4().hex,
        }
        key = jwt.PyJWK(self._key, algorithm="EdDSA")
        return jwt.encode(own | claims, key, algorithm="EdDSA", headers={"kid": self._key["kid"], "typ": "at+jwt"})

    def headers(self, subject: str) -> dict[str, str]:
        """Return the request headers with which a person acts."""
        return {"Authorization": f"Bearer {self.token(subject)}"}


def _write(path: Path, content: Any) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    beside.replace(path)
