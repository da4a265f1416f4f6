"""The keys of a service: files in one folder (`ANSINH_KEYS`), never in the database and never in the environment.

Each file holds 32 random bytes in URL-safe base64.

- `audit_<service>` is the seed of an Ed25519 key that signs the heads of the service's audit chain; the key by which
  personal values are digested in audit rows is derived from it.
- `data_<service>.<generation>` seals what the service keeps of identities and accounts (`shared/encryption.py`).
- `index_<service>` is the key of blind indexes: a number is found and held unique by its digest.
- `people.<generation>` seals fields of events on `registry.people`; only services that may read that topic have it.
"""

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

from shared.encryption import KEY_BYTES, Keyring, generations_of, read_key
from shared.settings import SERVICES, ServiceName

PEOPLE = "people"
_KNOW_PEOPLE: tuple[ServiceName, ...] = ("registry", "benefits", "notifications")
_DIGEST_CHARACTERS = 32  # 128 bits


@dataclass(frozen=True)
class Digests:
    """Keyed digests (HMAC-SHA256, first 128 bits): who has the key can prove that a value is the one that was meant.

    A bare hash of a twelve-digit number is found by trying them all within minutes.
    """

    key: bytes

    def of(self, value: str | bytes) -> str:
        """Return the digest of a value."""
        return self.whole(value)[:_DIGEST_CHARACTERS]

    def whole(self, value: str | bytes) -> str:
        """Return all 256 bits of the digest of a value, as 64 hexadecimal digits."""
        data = value.encode() if isinstance(value, str) else value
        return hmac.digest(self.key, data, hashlib.sha256).hex()

    def of_all(self, values: Iterable[str]) -> str:
        """Return the digest of a set of values, whatever their order."""
        return self.of("\n".join(sorted(values)))

    def of_many(self) -> "RunningDigest":
        """Return what makes the digest that `of_all` gives of values that come in their order."""
        return RunningDigest(hmac.new(self.key, digestmod=hashlib.sha256))


class RunningDigest:
    """The digest of very many values, which are not held."""

    def __init__(self, digest: hmac.HMAC) -> None:
        self._digest = digest
        self.count = 0

    def add(self, value: str) -> None:
        """Take in the next value."""
        self._digest.update(f"\n{value}".encode() if self.count else value.encode())
        self.count += 1

    def so_far(self) -> str:
        """Return the digest of all that came."""
        return self._digest.hexdigest()[:_DIGEST_CHARACTERS]


@dataclass(frozen=True)
class BlindIndex:
    """Digests by which an encrypted number is found and held unique; the same number in two columns has two.

    The key is no other's: who reads the index cannot open values, who opens values cannot try numbers.
    """

    digests: Digests

    def of(self, column: str, value: str) -> str:
        """Return the index of a value; `column` names what is indexed: `people.phone`."""
        return self.digests.of(f"{column}\x1f{value}")


@dataclass(frozen=True)
class Keys:
    """The keys of one service. `data` seals what it keeps, `people` fields of events on `registry.people`."""

    signing: Ed25519PrivateKey
    digests: Digests
    data: Keyring
    index: BlindIndex
    people: Keyring


def keys_of(session: AsyncSession) -> Keys:
    """Return the keys that belong to a session's database.

    Raises:
        LookupError: the database was opened without keys.
    """
    keys = session.info.get("keys")
    if not isinstance(keys, Keys):
        raise LookupError("this database was opened without keys")
    return keys


def data_ring(service: ServiceName) -> str:
    """Return the name of the key that seals what a service keeps."""
    return f"data_{service}"


def load_keys(folder: Path, service: ServiceName) -> Keys:
    """Read the keys of a service.

    Raises:
        KeysMissing: a file is not there or is not a key.
    """
    signing = Ed25519PrivateKey.from_private_bytes(read_key(folder / f"audit_{service}"))
    data, people = Keyring(folder, data_ring(service)), Keyring(folder, PEOPLE)
    for ring in (data, people) if service in _KNOW_PEOPLE else (data,):
        _ = ring.current  # a service without its keys must not start
    return Keys(
        signing=signing,
        digests=Digests(_derived(signing, b"ansinh audit digests")),
        data=data,
        index=BlindIndex(Digests(read_key(folder / f"index_{service}"))),
        people=people,
    )


def key_files(service: ServiceName) -> list[str]:
    """Return the names of the files that a service has at first."""
    files = [f"audit_{service}", f"{data_ring(service)}.1", f"index_{service}"]
    return [*files, f"{PEOPLE}.1"] if service in _KNOW_PEOPLE else files


def make_keys(folder: Path) -> None:
    """Make the keys that a folder lacks, readable by their owner alone; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for service in SERVICES:
        for name in key_files(service):
            ring, _, generation = name.partition(".")
            if not generation or not generations_of(folder, ring):
                _write_key(folder / name)


def add_generation(folder: Path, ring: str) -> int:
    """Make the next generation of a key; from then on it seals. Return its number.

    Raises:
        KeysMissing: the key has no generation yet.
    """
    generation = Keyring(folder, ring).current + 1
    _write_key(folder / f"{ring}.{generation}")
    return generation


def _derived(key: Ed25519PrivateKey, purpose: bytes) -> bytes:
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(raw)


def _write_key(path: Path) -> None:
    """Write a new key into a file that is not there yet, whole or not at all."""
    if path.exists():
        return
    content = secrets.token_urlsafe(KEY_BYTES).encode()
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
