"""The keys of a service: files in one folder (`ANSINH_KEYS`), never in the database and never in the environment.

Each file holds 32 random bytes in URL-safe base64. `audit_<service>` is the seed of an Ed25519 key that signs the heads
of the service's audit chain; the key by which personal values are digested in audit rows is derived from it.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy.ext.asyncio import AsyncSession

from shared.settings import SERVICES, ServiceName

_KEY_BYTES = 32
_DIGEST_CHARACTERS = 32  # 128 bits


class KeysMissing(Exception):
    """A sentence: which key cannot be read, and what to do."""


@dataclass(frozen=True)
class Digests:
    """Keyed digests (HMAC-SHA256, first 128 bits): who has the key can prove that a value is the one that was meant.

    A bare hash of a twelve-digit number is found by trying them all within minutes.
    """

    key: bytes

    def of(self, value: str | bytes) -> str:
        """Return the digest of a value."""
        data = value.encode() if isinstance(value, str) else value
        return hmac.new(self.key, data, hashlib.sha256).hexdigest()[:_DIGEST_CHARACTERS]

    def of_all(self, values: Iterable[str]) -> str:
        """Return the digest of a set of values, whatever their order."""
        return self.of("\n".join(sorted(values)))


@dataclass(frozen=True)
class Keys:
    """The keys of one service, as read when it starts."""

    signing: Ed25519PrivateKey
    digests: Digests


def keys_of(session: AsyncSession) -> Keys:
    """Return the keys that belong to a session's database.

    Raises:
        LookupError: the database was opened without keys.
    """
    keys = session.info.get("keys")
    if not isinstance(keys, Keys):
        raise LookupError("this database was opened without keys")
    return keys


def load_keys(folder: Path, service: ServiceName) -> Keys:
    """Read the keys of a service.

    Raises:
        KeysMissing: a file is not there or is not a key.
    """
    signing = Ed25519PrivateKey.from_private_bytes(_read(folder / f"audit_{service}"))
    return Keys(signing=signing, digests=Digests(_derived(signing, b"ansinh audit digests")))


def make_keys(folder: Path) -> None:
    """Make the keys that a folder lacks, readable by their owner alone; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for service in SERVICES:
        _write_new(folder / f"audit_{service}", secrets.token_urlsafe(_KEY_BYTES).encode())


def _read(path: Path) -> bytes:
    try:
        written = path.read_bytes().strip()
        key = base64.urlsafe_b64decode(written + b"=" * (-len(written) % 4))
    except (OSError, binascii.Error) as error:
        raise KeysMissing(
            f"Không đọc được khoá {path}; hãy tạo bằng `ansinh keys make`. / "
            f"The key {path} cannot be read ({type(error).__name__}); `ansinh keys make` makes one"
        ) from error
    if len(key) != _KEY_BYTES:
        raise KeysMissing(f"{path} không phải khoá 32 byte. / {path} is not a key of 32 bytes")
    return key


def _derived(key: Ed25519PrivateKey, purpose: bytes) -> bytes:
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(raw)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def public_key(signing: Ed25519PrivateKey) -> bytes:
    """Return the raw public key (32 bytes) of a signing key."""
    return signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
