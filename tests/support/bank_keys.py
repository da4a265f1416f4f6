"""Signing keys of two sides, as JSON Web Key sets, for tests."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2040, 1, 1, tzinfo=UTC)


def private_jwk(
    kid: str, alg: str = "ES256", *, not_before: datetime = EPOCH, not_after: datetime = END
) -> dict[str, Any]:
    """Return a new private key."""
    if alg == "ES256":
        jwk = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    elif alg == "EdDSA":
        jwk = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
    else:
        jwk = RSAAlgorithm.to_jwk(rsa.generate_private_key(public_exponent=65537, key_size=2048), as_dict=True)
    times = {"nbf": int(not_before.timestamp()), "exp": int(not_after.timestamp())}
    return dict(jwk) | {"kid": kid, "alg": alg, "use": "sig"} | times


def public_jwk(jwk: dict[str, Any]) -> dict[str, Any]:
    """Return the public half of a key."""
    return {name: value for name, value in jwk.items() if name not in {"d", "p", "q", "dp", "dq", "qi"}}


def public_set(*keys: dict[str, Any]) -> dict[str, Any]:
    """Return a set of the public halves."""
    return {"keys": [public_jwk(key) for key in keys]}


def signed_by_hand(jwk: dict[str, Any], header: dict[str, Any], body: bytes) -> str:
    """Return a detached JWS with just this header, as the standards say and with no code of ours."""
    key = jwt.PyJWK(jwk, algorithm=jwk["alg"])
    protected = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    signature = key.Algorithm.sign(protected + b"." + body, key.key)
    return f"{protected.decode()}..{urlsafe_b64encode(signature).rstrip(b'=').decode()}"
