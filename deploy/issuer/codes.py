"""What the local issuer remembers while it runs: codes that work once, and who is signed in with it."""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass

_CODE_SECONDS, _SESSION_SECONDS = 60.0, 10 * 3600.0
_MOST = 10_000


@dataclass(frozen=True)
class Wanted:
    """What a client asked for when it sent somebody to sign in."""

    client: str
    redirect_uri: str
    state: str
    nonce: str
    challenge: str


@dataclass(frozen=True)
class _Kept:
    subject: str
    until: float
    wanted: Wanted | None = None


class Memory:
    """Codes (one minute) and sessions (ten hours). A restart forgets both: people sign in again."""

    def __init__(self) -> None:
        self._codes: dict[str, _Kept] = {}
        self._sessions: dict[str, _Kept] = {}

    def code(self, subject: str, wanted: Wanted) -> str:
        """Return a code for somebody who signed in."""
        return self._keep(self._codes, _Kept(subject, time.monotonic() + _CODE_SECONDS, wanted))

    def redeem(self, code: str, *, client: str, redirect_uri: str, verifier: str) -> tuple[str, str] | None:
        """Return the subject and nonce of a code, None when it is not good; in any case it is used up (RFC 7636)."""
        kept = self._codes.pop(code, None)
        if kept is None or kept.wanted is None or kept.until < time.monotonic():
            return None
        wanted = kept.wanted
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if (wanted.client, wanted.redirect_uri, wanted.challenge) != (client, redirect_uri, challenge):
            return None
        return kept.subject, wanted.nonce

    def sign_in(self, subject: str) -> str:
        """Return the secret of a new session."""
        return self._keep(self._sessions, _Kept(subject, time.monotonic() + _SESSION_SECONDS))

    def signed_in(self, secret: str) -> str | None:
        """Return whose session it is."""
        kept = self._sessions.get(secret)
        return kept.subject if kept is not None and kept.until > time.monotonic() else None

    def sign_out(self, secret: str) -> None:
        """End a session."""
        self._sessions.pop(secret, None)

    @staticmethod
    def _keep(where: dict[str, _Kept], kept: _Kept) -> str:
        secret = secrets.token_urlsafe(32)
        where[secret] = kept
        while len(where) > _MOST:
            del where[next(iter(where))]
        return secret
