"""Which tokens are accepted, as whom, and that every known trick is refused."""

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from deploy.issuer import LocalIssuer
from shared.identity import IdentityUnavailable, Principal, TokenRefused, TokenVerifier
from shared.identity.keys import KeySet
from shared.settings import IdentitySettings
from tests.support.waiting import until

ISSUER, AUDIENCE = "https://signin.example/realms/ansinh", "ansinh"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
RSA_PEM = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def jwks() -> dict[str, Any]:
    rsa_key = RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True) | {"kid": "r1", "use": "sig", "alg": "RS256"}
    ec_key = ECAlgorithm.to_jwk(EC.public_key(), as_dict=True) | {"kid": "e1"}
    encrypting = RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True) | {"kid": "enc", "use": "enc"}
    secret = {"kty": "oct", "kid": "s1", "k": base64.urlsafe_b64encode(b"k" * 32).decode()}
    return {"keys": [rsa_key, ec_key, encrypting, secret]}


class Published:
    """An issuer's key set whose answers a test decides, and a clock."""

    def __init__(self) -> None:
        self.keys: Mapping[str, Any] | None = jwks()
        self.asked = 0
        self.time = 1000.0

    async def fetch(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.keys is None:
            raise OSError("unreachable")
        return self.keys

    def verifier(self) -> TokenVerifier:
        settings = IdentitySettings(oidc_issuer=ISSUER, oidc_audience=AUDIENCE)
        return TokenVerifier(settings, KeySet(self.fetch, now=lambda: self.time))


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    own = {
        "iss": ISSUER,
        "aud": ["account", AUDIENCE],
        "sub": "5e7a",
        "preferred_username": "can-bo.tan-son",
        "typ": "Bearer",
        "azp": "pages",
        "scope": "openid people.unmask",
        "iat": now,
        "exp": now + 3600,  # some are made when tests are collected
    }
    return {name: value for name, value in (own | changes).items() if value is not None}


def signed(key: Any = RSA, *, kid: str | None = "r1", alg: str = "RS256", more: Any = None, **changes: Any) -> str:
    headers = ({} if kid is None else {"kid": kid}) | (more or {})
    return jwt.encode(claims(**changes), key, algorithm=alg, headers=headers)


async def test_a_person_is_known_by_user_name_and_brings_scopes() -> None:
    principal = await Published().verifier().verify(signed())
    assert principal == Principal("can-bo.tan-son", machine=False, scopes=frozenset({"openid", "people.unmask"}))


async def test_elliptic_curves_are_accepted_too() -> None:
    assert (await Published().verifier().verify(signed(EC, kid="e1", alg="ES256"))).subject == "can-bo.tan-son"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"preferred_username": "service-account-bank", "client_id": "bank"}, id="as Keycloak names it"),
        pytest.param({"preferred_username": None, "sub": "bank", "client_id": "bank"}, id="as RFC 9068 names it"),
    ],
)
async def test_a_machine_is_known_by_its_client_and_never_as_a_person(changes: dict[str, Any]) -> None:
    principal = await Published().verifier().verify(signed(**changes))
    assert (principal.subject, principal.machine) == ("machine.bank", True)


def forged(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def by_public_key_as_secret() -> str:
    import hashlib
    import hmac

    head = forged({"alg": "HS256", "kid": "r1"}, claims()).rpartition(".")[0]
    return f"{head}." + base64.urlsafe_b64encode(hmac.new(RSA_PEM, head.encode(), hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param("", "malformed", id="nothing"),
        pytest.param("a.b.c", "malformed", id="no JWT"),
        pytest.param("x" * 20_000, "malformed", id="too long"),
        pytest.param(forged({"alg": "none", "kid": "r1"}, claims()), "untrusted", id="alg none"),
        pytest.param(forged({"alg": "NoNe", "kid": "r1"}, claims()), "untrusted", id="alg none in other letters"),
        pytest.param(by_public_key_as_secret(), "untrusted", id="the public key as a shared secret"),
        pytest.param(signed(b"k" * 32, kid="s1", alg="HS256"), "untrusted", id="a published secret"),
        pytest.param(signed(OTHER), "untrusted", id="another's key under our key's id"),
        pytest.param(signed(OTHER, kid="enc"), "untrusted", id="a key for encryption"),
        pytest.param(signed(kid="unknown"), "untrusted", id="an unknown key"),
        pytest.param(signed(kid=None), "untrusted", id="no key id"),
        pytest.param(signed(kid="../../r1"), "untrusted", id="a path as key id"),
        pytest.param(signed(alg="RS512"), "untrusted", id="not the algorithm of the key"),
        pytest.param(
            signed(OTHER, more={"jwk": RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True)}),
            "untrusted",
            id="a key that the token brings itself",
        ),
        pytest.param(
            signed(OTHER, kid="mine", more={"jku": "https://evil.example/keys", "x5u": "https://evil.example/c"}),
            "untrusted",
            id="an address of keys that the token brings itself",
        ),
        pytest.param(signed(exp=int(time.time()) - 60), "expired", id="expired"),
        pytest.param(signed(nbf=int(time.time()) + 3600), "not_yet", id="not yet valid"),
        pytest.param(signed(iat=int(time.time()) + 3600), "not_yet", id="issued in the future"),
        pytest.param(signed(exp=None), "untrusted", id="never expires"),
        pytest.param(signed(aud="another"), "audience", id="for another system"),
        pytest.param(signed(aud=None), "untrusted", id="for nobody"),
        pytest.param(signed(iss="https://signin.example/realms/other"), "untrusted", id="of another issuer"),
        pytest.param(signed(typ="ID"), "subject", id="an identity token"),
        pytest.param(signed(preferred_username=None), "subject", id="nobody's name"),
        pytest.param(signed(preferred_username="a b"), "subject", id="a name that is none"),
        pytest.param(signed(preferred_username="machine.bank"), "subject", id="a person who calls himself a machine"),
    ],
)
async def test_what_is_not_a_token_of_our_issuer_for_us_is_refused_with_the_reason(token: str, reason: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        await Published().verifier().verify(token)
    assert refused.value.reason == reason


async def test_clocks_may_differ_by_half_a_minute() -> None:
    now = int(time.time())
    await Published().verifier().verify(signed(exp=now - 20))
    await Published().verifier().verify(signed(iat=now + 20, nbf=now + 20))


async def test_a_new_key_is_fetched_when_it_is_first_used_and_made_up_ids_cost_the_issuer_nothing() -> None:
    published = Published()
    verifier = published.verifier()
    await verifier.verify(signed())
    assert published.asked == 1
    rotated = RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True) | {"kid": "r2"}
    published.keys = {"keys": [*jwks()["keys"], rotated]}
    published.time += 11
    await verifier.verify(signed(OTHER, kid="r2"))
    assert published.asked == 2
    for number in range(50):
        with pytest.raises(TokenRefused):
            await verifier.verify(signed(kid=f"made-up-{number}"))
    assert published.asked == 2


async def test_a_withdrawn_key_is_refused_after_ten_minutes() -> None:
    published = Published()
    verifier = published.verifier()
    await verifier.verify(signed())
    published.keys = {"keys": [key for key in jwks()["keys"] if key["kid"] != "r1"]}
    published.time += 601
    with pytest.raises(TokenRefused):
        await verifier.verify(signed())


async def test_while_the_issuer_is_away_known_keys_serve_for_ten_minutes_and_then_nothing_is_open() -> None:
    published = Published()
    verifier = published.verifier()
    await verifier.verify(signed())
    published.keys = None
    published.time += 590
    await verifier.verify(signed())
    published.time += 20
    with pytest.raises(IdentityUnavailable):
        await verifier.verify(signed())
    published.keys = jwks()
    published.time += 11
    await verifier.verify(signed())


async def test_a_token_that_was_accepted_is_refused_from_its_end_on() -> None:
    now = int(time.time())
    verifier, token = Published().verifier(), signed(iat=now - 300, exp=now - 28)  # clocks may differ by 30

    async def refused() -> str | None:
        try:
            await verifier.verify(token)
        except TokenRefused as error:
            return error.reason
        return None

    assert await refused() is None
    assert await until(refused, describe="it has ended") == "expired"


async def test_a_token_that_was_accepted_is_refused_once_its_key_is_withdrawn_or_another() -> None:
    published = Published()
    verifier, token = published.verifier(), signed()
    await verifier.verify(token)
    other = RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True) | {"kid": "r1", "use": "sig", "alg": "RS256"}
    published.keys = {"keys": [other]}
    published.time += 601
    with pytest.raises(TokenRefused):
        await verifier.verify(token)


async def test_a_token_that_was_accepted_opens_nothing_when_a_letter_of_it_differs() -> None:
    verifier, token = Published().verifier(), signed()
    await verifier.verify(token)
    head, body, signature = token.split(".")
    for changed in (f"{head}.{body}.{signature[::-1]}", f"{token} "):
        with pytest.raises(TokenRefused):
            await verifier.verify(changed)


async def test_without_an_issuer_nobody_is_let_in() -> None:
    settings = IdentitySettings.model_construct(
        oidc_issuer=None, oidc_audience=AUDIENCE, oidc_jwks_file=None, oidc_jwks_url=None
    )
    with pytest.raises(IdentityUnavailable):
        await TokenVerifier(settings).verify(signed())


async def test_the_local_issuer_keeps_its_key_to_its_owner_and_over_restarts(tmp_path: Path) -> None:
    first = LocalIssuer.make(tmp_path / "issuer", url="http://localhost:1/issuer")
    token = first.token("can-bo.mau")
    again = LocalIssuer.make(tmp_path / "issuer", url="http://localhost:1/issuer")
    principal = await TokenVerifier(again.settings).verify(token)
    assert principal.subject == "can-bo.mau"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "issuer").iterdir()}
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "issuer").stat().st_mode & 0o777 == 0o700
    assert '"d"' not in (tmp_path / "issuer" / "keys.json").read_text()
