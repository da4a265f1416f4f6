"""A signing key in a folder of the platform's own, and the access tokens that it signs."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from deploy.issuer.files import write_private
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
        self.keys = folder / "keys.json"
        self.people = folder / "people.json"

    @classmethod
    def make(cls, folder: Path, *, url: str) -> "LocalIssuer":
        """Return the issuer of a folder, made with a new key where there is none; `url` is where it answers."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            key = cls(folder)._key
        except IssuerMissing:
            key = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True) | {"kid": uuid4().hex}
        public = {name: value for name, value in key.items() if name != "d"} | {"use": "sig", "alg": "EdDSA"}
        write_private(folder / "issuer.json", {"url": url, "key": key})
        write_private(folder / "keys.json", {"keys": [public]})
        return cls(folder)

    @property
    def settings(self) -> IdentitySettings:
        """What services are told to accept this issuer's tokens."""
        return IdentitySettings(oidc_issuer=self.url, oidc_audience=AUDIENCE, oidc_jwks_file=self.keys)

    def token(self, subject: str, *, lifetime: int = LIFETIME, **claims: Any) -> str:
        """Return an access token of a person; `claims` replace or add to its own."""
        own = {"aud": AUDIENCE, "typ": "Bearer", "azp": "ansinh-cli", "scope": "openid", "jti": uuid4().hex}
        return self._signed(subject, lifetime, own | claims, "at+jwt")

    def id_token(self, subject: str, *, client: str, nonce: str) -> str:
        """Return an ID token of a person who signed in to a client (OpenID Connect Core 1.0, section 2)."""
        return self._signed(subject, LIFETIME, {"aud": client, "azp": client, "typ": "ID", "nonce": nonce}, "JWT")

    def headers(self, subject: str) -> dict[str, str]:
        """Return the request headers with which a person acts."""
        return {"Authorization": f"Bearer {self.token(subject)}"}

    def _signed(self, subject: str, lifetime: int, claims: Mapping[str, Any], kind: str) -> str:
        now = int(time.time())
        own = {"iss": self.url, "sub": subject, "preferred_username": subject, "iat": now, "exp": now + lifetime}
        key = jwt.PyJWK(self._key, algorithm="EdDSA")
        return jwt.encode({**own, **claims}, key, algorithm="EdDSA", headers={"kid": self._key["kid"], "typ": kind})
