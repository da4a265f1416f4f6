"""Sealing what names a person's money or identity: AES-256-GCM, with the key's generation written on each value.

A sealed text reads `k2.` and base64, sealed bytes `k2.` and bytes: nonce (12), ciphertext, tag (16). What a value is
sealed for, the *place* (`people.account_number` and the row's id), is authenticated with it, so a value that somebody
moves to another row or column is refused.

A ring holds the generations of one key, files `<name>.<generation>` in a folder; the highest seals, all open. A new
file is noticed within a second by every process that sees the folder. How values come to the newest generation is in
`shared/rotation.py`.
"""

import base64
import binascii
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Table

KEY_BYTES = 32
SEALED = "^k[0-9]+[.]"  # a sealed text, as PostgreSQL's constraints know it
_NONCE = 12
_MARK = re.compile(rb"k([0-9]{1,9})\.")
_LOOK_EVERY = 1.0  # seconds


class KeysMissing(Exception):
    """A sentence: which key cannot be read, and what to do."""


class CannotOpen(Exception):
    """A sealed value is refused: it was moved or changed, or its key is not there. The text names place and reason."""


@dataclass(frozen=True)
class SealedTable:
    """Where sealed values stand: columns of a table, each sealed for itself and for the row's `row_id`.

    `at_once` is how many rows are held in memory when their key changes.
    """

    table: Table
    columns: tuple[str, ...]
    row_id: tuple[str, ...] = ("id",)
    at_once: int = 1_000

    def place(self, column: str, row: Mapping[str, Any]) -> tuple[object, ...]:
        """Return what a row's value of a column is sealed for."""
        return (f"{self.table.name}.{column}", *(row[name] for name in self.row_id))


def read_key(path: Path) -> bytes:
    """Read a key of 32 bytes.

    Raises:
        KeysMissing: the file is not there or is not a key.
    """
    try:
        written = path.read_bytes().strip()
        key = base64.urlsafe_b64decode(written + b"=" * (-len(written) % 4))
    except (OSError, binascii.Error) as error:
        raise KeysMissing(
            f"Không đọc được khoá {path}; hãy tạo bằng `ansinh keys make`. / "
            f"The key {path} cannot be read ({type(error).__name__}); `ansinh keys make` makes one"
        ) from error
    if len(key) != KEY_BYTES:
        raise KeysMissing(f"{path} không phải khoá 32 byte. / {path} is not a key of 32 bytes")
    return key


def generations_of(folder: Path, name: str) -> list[int]:
    """Return the generations of a key that a folder holds, oldest first."""
    file = re.compile(rf"{re.escape(name)}\.([0-9]{{1,9}})")
    try:
        found = [file.fullmatch(each.name) for each in folder.iterdir()]
    except OSError:
        return []
    return sorted(int(match[1]) for match in found if match is not None)


@dataclass(frozen=True)
class _Known:
    """The generations as they were when the folder had that time of change."""

    changed: int
    current: int
    ciphers: Mapping[int, AESGCM]


class Keyring:
    """The generations of one key."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._known: _Known | None = None
        self._looked = 0.0

    @property
    def name(self) -> str:
        """The name of its files."""
        return self._name

    @property
    def current(self) -> int:
        """The generation that seals now. Raises KeysMissing."""
        return self._look().current

    def look_again(self) -> int:
        """Look into the folder now; return the generation that seals from here on. Raises KeysMissing."""
        return self._look(anew=True).current

    @overload
    def seal(self, value: None, *place: object) -> None: ...
    @overload
    def seal(self, value: str, *place: object) -> str: ...
    def seal(self, value: str | None, *place: object) -> str | None:
        """Return a text sealed for a place; None stays None.

        Raises:
            KeysMissing: there is no generation.
        """
        if value is None:
            return None
        known = self._look()
        return f"k{known.current}.{base64.urlsafe_b64encode(_encrypted(known, value.encode(), place)).decode()}"

    @overload
    def open(self, sealed: None, *place: object) -> None: ...
    @overload
    def open(self, sealed: str, *place: object) -> str: ...
    def open(self, sealed: str | None, *place: object) -> str | None:
        """Return what was sealed for a place; None stays None.

        Raises:
            CannotOpen: it was sealed for another place, changed, or by a key that is not there.
        """
        if sealed is None:
            return None
        head, _, body = sealed.encode().partition(b".")
        try:
            return self._decrypted(head + b".", base64.urlsafe_b64decode(body), place).decode()
        except binascii.Error as error:
            raise _refused(place, "it is not a sealed value") from error

    def seal_bytes(self, value: bytes, *place: object) -> bytes:
        """Return bytes sealed for a place. Raises KeysMissing."""
        known = self._look()
        return f"k{known.current}.".encode() + _encrypted(known, value, place)

    def open_bytes(self, sealed: bytes, *place: object) -> bytes:
        """Return the bytes that were sealed for a place. Raises CannotOpen."""
        head, _, body = sealed.partition(b".")
        return self._decrypted(head + b".", body, place)

    def _decrypted(self, mark: bytes, body: bytes, place: tuple[object, ...]) -> bytes:
        match = _MARK.fullmatch(mark)
        if match is None or len(body) < _NONCE:
            raise _refused(place, "it is not a sealed value")
        generation = int(match[1])
        cipher = self._look().ciphers.get(generation) or self._look(anew=True).ciphers.get(generation)
        if cipher is None:
            raise _refused(place, f"the key {self._name}.{generation} is not in {self._folder}")
        try:
            return cipher.decrypt(body[:_NONCE], body[_NONCE:], _authenticated(place))
        except InvalidTag as error:
            raise _refused(place, "it was sealed for another place or with another key, or was changed") from error

    def _look(self, *, anew: bool = False) -> _Known:
        """Return the generations that are there; look into the folder when it may have changed."""
        now = time.monotonic()
        if self._known is not None and not anew and now - self._looked < _LOOK_EVERY:
            return self._known
        self._looked = now
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            changed = 0
        if self._known is None or anew or self._known.changed != changed:
            self._known = self._read(changed)
        return self._known

    def _read(self, changed: int) -> _Known:
        found = generations_of(self._folder, self._name)
        if not found:
            raise KeysMissing(
                f"Không có khoá {self._name} trong {self._folder}; hãy tạo bằng `ansinh keys make`. / "
                f"There is no key {self._name} in {self._folder}; `ansinh keys make` makes one"
            )
        ciphers = {each: AESGCM(read_key(self._folder / f"{self._name}.{each}")) for each in found}
        return _Known(changed, found[-1], ciphers)


def _encrypted(known: _Known, value: bytes, place: tuple[object, ...]) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + known.ciphers[known.current].encrypt(nonce, value, _authenticated(place))


def _authenticated(place: tuple[object, ...]) -> bytes:
    return "\x1f".join(map(str, place)).encode()


def _refused(place: tuple[object, ...], why: str) -> CannotOpen:
    return CannotOpen(f"{' '.join(map(str, place))}: {why}")
