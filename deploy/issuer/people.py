"""The people of the local issuer: a file that only its owner may read, with a scrypt hash of each password."""

import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.issuer.files import write_private

Outcome = Literal["wrong", "blocked", "change", "ok"]

SHORTEST = 12  # letters and other signs of a password
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_COST = {"n": 2**14, "r": 8, "p": 5, "maxmem": 64 * 1024 * 1024}
_FAILURES, _BLOCKED_SECONDS = 5, 900.0
_NAMES_WATCHED = 10_000
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for another when read aloud


class BadName(Exception):
    """Nobody can be called that; the sentence says why."""


class WeakPassword(Exception):
    """A password that is too short, or the one-time password itself."""


@dataclass(frozen=True)
class _Person:
    salt: str
    hash: str
    change: bool


class People:
    """Who may sign in, with attempts counted in this process: five wrong ones block a name for a quarter of an hour."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._failures: dict[str, tuple[int, float]] = {}

    def invite(self, name: str) -> str:
        """Add a person, or give a known one a new start; return the password that works once, to choose another.

        Raises:
            BadName: letters a to z, digits, dots and dashes, two to 64 of them; no `machine.`.
        """
        if not _NAME.fullmatch(name) or name.startswith("machine."):
            raise BadName(
                f"Tên {name!r} không dùng được: 2 đến 64 ký tự a-z, 0-9, dấu chấm, gạch. / The name cannot be used: "
                "2 to 64 of a-z, 0-9, dots and dashes."
            )
        password = one_time_password()
        self._keep(name, password, change=True)
        return password

    def judge(self, name: str, password: str) -> Outcome:
        """Return what a name and password amount to. About 0.1 s of work, whether there is such a person or not."""
        count, since = self._failures.get(name, (0, 0.0))
        if count >= _FAILURES and time.monotonic() - since < _BLOCKED_SECONDS:
            return "blocked"
        person = self._all().get(name, _Person("00", "00", change=False))
        if not secrets.compare_digest(_hash(password, person.salt), person.hash):
            self._failures[name] = (count + 1, time.monotonic())
            while len(self._failures) > _NAMES_WATCHED:
                del self._failures[next(iter(self._failures))]
            return "wrong"
        self._failures.pop(name, None)
        return "change" if person.change else "ok"

    def choose(self, name: str, old: str, new: str) -> None:
        """Replace a password, once `judge` has found the old one right.

        Raises:
            WeakPassword: the new one is too short or the same.
        """
        if len(new) < SHORTEST or new == old:
            raise WeakPassword
        self._keep(name, new, change=False)

    def _keep(self, name: str, password: str, *, change: bool) -> None:
        salt = secrets.token_hex(16)
        people = self._all() | {name: _Person(salt, _hash(password, salt), change)}
        write_private(self._file, {each: vars(person) for each, person in people.items()})

    def _all(self) -> dict[str, _Person]:
        try:
            stored = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return {name: _Person(**fields) for name, fields in stored.items()}


def one_time_password() -> str:
    """Return a password to be read out and typed once: 20 letters and digits, about 98 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def _hash(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **_COST).hex()
