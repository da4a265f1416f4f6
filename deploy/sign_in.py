"""`ansinh sign-in`: somebody at a terminal becomes somebody to the platform (OAuth 2.0 Device Grant, RFC 8628).

The terminal shows an address and a code, a browser anywhere signs in, and the terminal gets an access token.
"""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import httpx

_CLIENT = "ansinh-cli"
_SLOWER = 5.0  # seconds, RFC 8628 section 3.5


class NotSignedInThere(Exception):
    """The issuer gave no token; the sentence says why, Vietnamese first."""


def access_token(issuer: str, say: Callable[[str], None]) -> str:
    """Return an access token of who signs in by browser at the address that is said.

    Raises:
        NotSignedInThere: nobody did in time, or the issuer does not offer this.
        httpx.HTTPError: the issuer does not answer.
    """
    verifier = secrets.token_urlsafe(48)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    with httpx.Client(timeout=30, follow_redirects=False) as client:
        found = client.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration").raise_for_status().json()
        if "device_authorization_endpoint" not in found:
            raise NotSignedInThere(f"{issuer} không hỗ trợ. / {issuer} does not offer signing in from a terminal.")
        wanted = {"client_id": _CLIENT, "scope": "openid", "code_challenge": challenge, "code_challenge_method": "S256"}
        begun = client.post(found["device_authorization_endpoint"], data=wanted).raise_for_status().json()
        say(f"Mở / open: {begun['verification_uri_complete']}\nMã / code: {begun['user_code']}")
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": _CLIENT,
            "device_code": begun["device_code"],
            "code_verifier": verifier,
        }
        return _until_signed_in(client, found["token_endpoint"], form, begun)


def _until_signed_in(client: httpx.Client, endpoint: str, form: dict[str, str], begun: dict[str, Any]) -> str:
    pause, deadline = float(begun.get("interval", _SLOWER)), time.monotonic() + float(begun["expires_in"])
    while time.monotonic() < deadline:
        time.sleep(pause)
        answer = client.post(endpoint, data=form)
        if answer.status_code == httpx.codes.OK:
            return str(answer.json()["access_token"])
        error = answer.json().get("error") if answer.is_client_error else answer.raise_for_status()
        if error == "slow_down":
            pause += _SLOWER
        elif error != "authorization_pending":
            raise NotSignedInThere(f"Không đăng nhập được. / The issuer refuses: {error}")
    raise NotSignedInThere("Quá lâu không ai đăng nhập. / Nobody signed in in time.")
