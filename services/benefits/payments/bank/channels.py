"""Which banks there are and how each is reached, from one file that an operator writes; secrets are files of their own.

::

    {"banks": [
      {"code": "agribank", "name": "Agribank Phú Thọ", "channel": {"kind": "http", "url": "https://h2h.bank.example",
        "ca": "/run/secrets/ca.pem", "certificate": "/run/secrets/us.pem", "certificate_key": "/run/secrets/us.key",
        "signing_keys": "/run/secrets/us.jwks.json", "bank_keys": "/etc/ansinh/bank.jwks.json"}},
      {"code": "vbsp", "name": "Ngân hàng Chính sách xã hội", "channel": {"kind": "manual"}}]}
"""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.benefits.payments.bank.certificates import End, Proof, ends_at, last_ends_at
from services.benefits.payments.bank.files import FileBank
from services.benefits.payments.bank.folders import OpenFolder, local
from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.bank.keys import KeySet, KeysUnusable, TrustedKeys, read_key_file
from services.benefits.payments.bank.port import BankAdapter
from services.benefits.payments.bank.signing import Signing
from shared.settings import BadSetting


class CertificatesUnusable(Exception):
    """A certificate or its key cannot be used; the text says which setting names it and why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Signed(_Part):
    """`signing_keys`: our private keys; `bank_keys`: the bank's public ones, as exchanged by hand."""

    signing_keys: Path | None = None
    bank_keys: Path | None = None

    def ours(self) -> KeySet | None:
        """Return our keys, None where the channel is not signed."""
        return None if self.signing_keys is None else read_key_file(self.signing_keys, private=True)

    def pinned(self) -> KeySet | None:
        """Return the bank's keys as exchanged by hand."""
        return None if self.bank_keys is None else read_key_file(self.bank_keys, private=False)


class HttpChannel(_Signed):
    """A bank's HTTP channel. `timeout` is in seconds; certificates are PEM files."""

    kind: Literal["http"]
    url: str = Field(pattern=r"^https?://")
    timeout: float = Field(default=60.0, gt=0)
    ca: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("certificate and certificate_key come together")
        return self

    def tls(self) -> ssl.SSLContext:
        """Return what the bank's certificate is held against, and the one that we show.

        Raises:
            CertificatesUnusable: a file cannot be read or used.
        """
        named = {"ca": self.ca, "certificate": self.certificate, "certificate_key": self.certificate_key}
        for name, path in named.items():
            _see(name, path)
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except ssl.SSLError as error:
            raise CertificatesUnusable(f"ca names {self.ca}, which has no certificate in PEM") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None and self.certificate_key is not None:
            try:
                context.load_cert_chain(self.certificate, self.certificate_key, password="")  # nobody is asked for one
            except ssl.SSLError as error:
                shown = f"{self.certificate} and {self.certificate_key}"
                raise CertificatesUnusable(f"{shown} are not a certificate and its key, in PEM, unencrypted") from error
        return context


def _see(name: str, path: Path | None) -> None:
    try:
        if path is not None:
            path.read_bytes()
    except OSError as error:
        raise CertificatesUnusable(f"{name} names {path}, which cannot be read: {error.strerror}") from error


class _FileChannel(_Signed):
    """Where signatures are used in a folder, the bank's keys are exchanged by hand."""

    @model_validator(mode="after")
    def _keys_of_both(self) -> Self:
        if (self.signing_keys is None) != (self.bank_keys is None):
            raise ValueError("signing_keys and bank_keys come together")
        return self

    def signing(self) -> Signing | None:
        """Return whose keys sign and verify manifests."""
        ours, theirs = self.ours(), self.pinned()
        return None if ours is None or theirs is None else Signing(ours, TrustedKeys(theirs))


class FolderChannel(_FileChannel):
    """A folder that is mounted here."""

    kind: Literal["folder"]
    path: Path

    def folder(self) -> OpenFolder:
        """Return how it is opened."""
        return local(self.path)


class SftpChannel(_FileChannel):
    """A folder of an SFTP server, which we enter with our SSH key."""

    kind: Literal["sftp"]
    host: str
    port: int = 22
    user: str
    client_key: Path
    known_hosts: Path
    root: str = "."
    timeout: float = Field(default=60.0, gt=0)

    def folder(self) -> OpenFolder:
        """Return how it is opened."""
        from services.benefits.payments.bank.sftp import SftpServer, sftp  # only here: few installations need it

        return sftp(
            SftpServer(self.host, self.port, self.user, self.client_key, self.known_hosts, self.root, self.timeout)
        )


class ManualChannel(_Part):
    """People carry files to the bank and type what it answered."""

    kind: Literal["manual"]


class CashPointChannel(_Part):
    """An organisation pays in cash by a list and reports which lines it paid."""

    kind: Literal["cash-point"]


class ReportChannel(_Part):
    """The bank only reports; nothing is sent to it."""

    kind: Literal["report"]


Channel = Annotated[
    HttpChannel | FolderChannel | SftpChannel | ManualChannel | CashPointChannel | ReportChannel,
    Field(discriminator="kind"),
]


class Bank(_Part):
    """A bank, by the code under which payer accounts name it.

    `exceptions_only`: its reports list only the payments that are otherwise than the file's status.
    """

    code: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")
    name: str = Field(min_length=1, max_length=200)
    exceptions_only: bool = False
    channel: Channel


class _Banks(_Part):
    banks: tuple[Bank, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({bank.code for bank in self.banks}) != len(self.banks):
            raise ValueError("two banks of one code")
        return self


def read_banks(path: Path) -> Sequence[Bank]:
    """Return the banks of a file.

    Raises:
        BadSetting: it cannot be read, or is not as it should be; the text says where.
    """
    try:
        return _Banks.model_validate_json(path.read_bytes()).banks
    except OSError as error:
        raise BadSetting(f"ANSINH_BANKS names {path}, which cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = "/".join(str(step) for step in first["loc"])
        raise BadSetting(f"{path}: {place}: {first['msg']}.") from error


@dataclass(frozen=True)
class Connection:
    """A bank that is reached by program. `timeout` is how long a call of it lasts at most (s)."""

    adapter: BankAdapter
    timeout: float
    signing: Signing | None
    exceptions_only: bool


def connect(bank: Bank) -> Connection | None:
    """Return the connection of a bank, None where people are the channel.

    Raises:
        BadSetting: a key or certificate of it cannot be used.
    """
    channel = bank.channel
    try:
        if isinstance(channel, HttpChannel):
            adapter = HttpBank(
                bank.code,
                channel.url,
                timeout=channel.timeout,
                tls=channel.tls(),
                ours=channel.ours(),
                pinned=channel.pinned(),
            )
            return Connection(adapter, channel.timeout, adapter.signing, bank.exceptions_only)
        if isinstance(channel, FolderChannel | SftpChannel):
            signing = channel.signing()
            timeout = channel.timeout if isinstance(channel, SftpChannel) else 60.0
            return Connection(FileBank(bank.code, channel.folder(), signing), timeout, signing, bank.exceptions_only)
    except (KeysUnusable, CertificatesUnusable) as error:
        raise BadSetting(f"bank {bank.code}: {error}.") from error
    return None


def ends_of(bank: Bank, connection: Connection | None) -> Mapping[Proof, End]:
    """Return what tells when each proof ends by which a bank and we know each other."""
    ends: dict[Proof, End] = {}
    channel = bank.channel
    if isinstance(channel, HttpChannel):
        ends["our_certificate"] = lambda: ends_at(channel.certificate)
        ends["bank_authority"] = lambda: last_ends_at(channel.ca)
    if connection is not None and isinstance(connection.adapter, HttpBank):
        adapter = connection.adapter
        ends["bank_certificate"] = lambda: adapter.certificate_ends
    if connection is not None and connection.signing is not None:
        signing = connection.signing
        ends |= {"our_signing_keys": lambda: signing.ours.ends, "bank_signing_keys": lambda: signing.theirs.ends}
    return ends


def connections(banks: Sequence[Bank]) -> Mapping[str, Connection]:
    """Return the connections of those banks that are reached by program, by code.

    Raises:
        BadSetting: as `connect` says.
    """
    made = {bank.code: connect(bank) for bank in banks}
    return {code: connection for code, connection in made.items() if connection is not None}
