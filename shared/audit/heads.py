"""Signed heads of the chain, kept outside the database: one JSON line each, only ever appended.

A head says: at this time the chain of this service had this many rows, and the last one's hash was this. Whoever keeps
a copy of a head, on another machine or on paper, can prove that no row up to its sequence was touched since.
"""

import base64
import os
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.keys import public_key


class HeadRefused(ValueError):
    """A line of the file is not a head that one of our keys signed."""


@dataclass(frozen=True)
class Head:
    """The state of a chain: `sequence` rows, the last one's `hash` in hexadecimal, at an aware instant in ISO 8601."""

    service: str
    sequence: int
    hash: str
    at: str

    @property
    def instant(self) -> datetime:
        """When it was signed."""
        return datetime.fromisoformat(self.at)

    def _signed(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    def line(self, signing: Ed25519PrivateKey) -> bytes:
        """Return the signed line, which ends with a line feed."""
        signature = base64.b64encode(signing.sign(self._signed())).decode()
        signed = {**asdict(self), "key": public_key(signing).hex(), "signature": signature}
        return orjson.dumps(signed, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def read(cls, line: bytes, keys: Collection[bytes]) -> "Head":
        """Return the head of a line that was signed by one of these public keys (32 bytes each).

        Raises:
            HeadRefused: it is none.
        """
        try:
            found = orjson.loads(line)
            head = cls(found["service"], found["sequence"], found["hash"], found["at"])
            key = bytes.fromhex(found["key"])
            if key not in keys or head.instant.tzinfo is None or not isinstance(head.sequence, int):
                raise HeadRefused("not a head of ours")
            Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(found["signature"]), head._signed())
        except (InvalidSignature, ValueError, KeyError, TypeError) as error:
            raise HeadRefused(type(error).__name__) from error
        return head


def heads_file(folder: Path, service: str) -> Path:
    """Return the file of a service's heads."""
    return folder / f"{service}.heads.jsonl"


def append(path: Path, line: bytes) -> None:
    """Append a line, to the disk and not only to its cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file of heads; none where there is no file."""
    if path.exists():
        with path.open("rb") as file:
            yield from (line for line in file if line.strip())
