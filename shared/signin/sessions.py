"""Browser sessions: opened after a sign-in, found by what the cookie holds, ended by sign-out, rest or age."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from shared.db import Transaction
from shared.signin.tables import browser_sessions

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)  # a working day
_NOTED_EVERY = timedelta(minutes=1)

_s = browser_sessions.c


@dataclass(frozen=True)
class BrowserSession:
    """Somebody's session. `csrf_token` goes into the forms of its pages and comes back with each change."""

    secret: str
    subject: str
    id_token: str

    @property
    def csrf_token(self) -> str:
        """A value that only pages of this session can know: the cookie itself is out of scripts' reach."""
        return hashlib.sha256(f"csrf:{self.secret}".encode()).hexdigest()

    def knows(self, csrf_token: str) -> bool:
        """Return whether a change comes from a page of this session."""
        return secrets.compare_digest(self.csrf_token.encode(), csrf_token.encode())


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def open_session(session: Transaction, subject: str, id_token: str, now: datetime) -> str:
    """Open a session; return what the cookie is to hold. Sessions that are over are forgotten."""
    secret = secrets.token_urlsafe(32)
    await session.execute(delete(browser_sessions).where(or_(_s.expires_at < now, _s.used_at < now - IDLE)))
    row = {"id_hash": _hash(secret), "subject": subject, "id_token": id_token}
    times = {"created_at": now, "used_at": now, "expires_at": now + LONGEST}
    await session.execute(insert(browser_sessions), [row | times])
    return secret


async def find_session(session: Transaction, secret: str, now: datetime) -> BrowserSession | None:
    """Return the session of a cookie, None when there is none or it is over."""
    query = select(_s.subject, _s.id_token, _s.used_at).where(
        _s.id_hash == _hash(secret), _s.expires_at > now, _s.used_at > now - IDLE
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    if now - found.used_at > _NOTED_EVERY:
        await session.execute(update(browser_sessions).where(_s.id_hash == _hash(secret)).values(used_at=now))
    return BrowserSession(secret, found.subject, found.id_token)


async def end_session(session: Transaction, secret: str) -> None:
    """End a session at once."""
    await session.execute(delete(browser_sessions).where(_s.id_hash == _hash(secret)))
