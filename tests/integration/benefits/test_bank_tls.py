"""Mutual TLS with a bank, from the file of the banks to a call over a real TLS connection."""

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.benefits.payments.bank.certificates import CertificatesWatch, ends_at
from services.benefits.payments.bank.channels import connect, ends_of, read_banks
from services.benefits.payments.bank.port import (
    BankAdapter,
    NotFound,
    NotSent,
    QueryAnswer,
    SubmitOutcome,
    Unavailable,
    Unknown,
)
from services.benefits.settings import BenefitsSettings
from shared.settings import BadSetting
from tests.support.certificates import Authority, Issued
from tests.support.serving import serving

MESSAGE = "PHUTHO-01-20261123-0001-A"


class Bank:
    """A bank behind TLS that asks who calls; `calls` are those that came through."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority("authority", folder)
        self.server = self.authority.issue("server")
        self.us = self.authority.issue("us")
        self.calls: list[str] = []
        self.url = ""

    async def answer(self, request: Request) -> JSONResponse:
        """Say that there is no such file, and never will be."""
        self.calls.append(request.url.path)
        return JSONResponse({"status": 404, "code": "NOOR", "final": True}, 404)

    def file(self, **changes: Any) -> Path:
        """Return a file of the banks that names this one, as an operator writes it."""
        channel = {
            "kind": "http",
            "url": self.url,
            "timeout": 10,
            "ca": str(self.authority.certificate),
            "certificate": str(self.us.certificate),
            "certificate_key": str(self.us.key),
        }
        kept = {name: value for name, value in (channel | changes).items() if value is not None}
        path = self.folder / "banks.json"
        path.write_text(json.dumps({"banks": [{"code": "agribank", "name": "Agribank", "channel": kept}]}))
        return path

    async def asked(self, **changes: Any) -> QueryAnswer:
        """Connect as a file says, and ask for a file."""
        return await _connected(self.file(**changes)).query(MESSAGE)

    async def told(self, **changes: Any) -> SubmitOutcome:
        """Connect as a file says, and send a file."""
        return await _connected(self.file(**changes)).submit(MESSAGE, b"<x/>")


def _connected(path: Path) -> BankAdapter:
    [bank] = read_banks(path)
    connection = connect(bank)
    assert connection is not None
    return connection.adapter


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    made = Bank(tmp_path)
    app = Starlette(routes=[Route("/{path:path}", made.answer, methods=["GET", "POST"])])
    async with serving(
        app,
        ssl_certfile=made.server.certificate,
        ssl_keyfile=made.server.key,
        ssl_ca_certs=str(made.authority.certificate),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    ) as url:
        made.url = url
        yield made


def shown(issued: Issued) -> dict[str, str]:
    """Return the settings by which a certificate is shown."""
    return {"certificate": str(issued.certificate), "certificate_key": str(issued.key)}


async def test_each_side_proves_who_it_is(bank: Bank) -> None:
    assert await bank.asked() == NotFound(final=True)
    assert bank.calls == [f"/v1/payment-files/{MESSAGE}/status"]


async def test_the_certificate_that_the_bank_shows_is_counted_down(bank: Bank) -> None:
    [known] = read_banks(bank.file())
    connection = connect(known)
    assert connection is not None
    watch = CertificatesWatch({"agribank": ends_of(known, connection)})
    assert "bank_certificate" not in watch.ends_of("agribank"), "nobody has called it yet"
    await connection.adapter.query(MESSAGE)
    ends = watch.ends_of("agribank")
    assert ends["bank_certificate"] == ends_at(bank.server.certificate)
    assert ends.keys() == {"our_certificate", "bank_authority", "bank_certificate"}


async def test_who_shows_no_certificate_or_a_strangers_is_not_let_in(bank: Bank) -> None:
    stranger = Authority("stranger", bank.folder).issue("somebody")
    ended = bank.authority.issue("ended", ended=True)
    for changes in ({"certificate": None, "certificate_key": None}, shown(stranger), shown(ended)):
        assert isinstance(await bank.asked(**changes), Unavailable)
        assert isinstance(await bank.told(**changes), NotSent | Unknown), "TLS 1.3 refuses after our call"
    assert bank.calls == []


async def test_a_bank_whose_certificate_is_not_of_the_agreed_authority_is_told_nothing(bank: Bank) -> None:
    other = Authority("other", bank.folder)
    assert await bank.told(ca=str(other.certificate)) == NotSent("ConnectError")
    assert isinstance(await bank.asked(ca=None), Unavailable), "nor is it one of those that every machine trusts"
    assert isinstance(await bank.asked(url=bank.url.replace("127.0.0.1", "localhost")), Unavailable), "another name"
    assert bank.calls == []


@pytest.mark.parametrize("setting", ["ca", "certificate", "certificate_key"])
async def test_a_file_that_is_missing_is_named_with_its_setting_and_bank(bank: Bank, setting: str) -> None:
    with pytest.raises(BadSetting, match=f"bank agribank: {setting} names /nowhere.pem, which cannot be read: No such"):
        await bank.asked(**{setting: "/nowhere.pem"})


async def test_what_is_no_certificate_or_not_its_key_is_said(bank: Bank) -> None:
    nonsense = bank.folder / "nonsense.pem"
    nonsense.write_text("not PEM")
    with pytest.raises(BadSetting, match=r"bank agribank: ca names .*nonsense\.pem, which has no certificate in PEM"):
        await bank.asked(ca=str(nonsense))
    for changes in (
        {"certificate": str(nonsense)},
        {"certificate_key": str(nonsense)},
        {"certificate_key": str(bank.server.key)},
    ):
        with pytest.raises(BadSetting, match=r"bank agribank: .* are not a certificate and its key"):
            await bank.asked(**changes)


async def test_settings_that_belong_together_come_together(bank: Bank) -> None:
    with pytest.raises(BadSetting, match="certificate and certificate_key come together"):
        await bank.asked(certificate_key=None)
    with pytest.raises(BadSetting, match="url"):
        await bank.asked(url="ftp://127.0.0.1")
    with pytest.raises(BadSetting, match="Extra inputs are not permitted"):
        await bank.asked(password="secret")


def test_a_file_of_banks_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_DATABASE_URL", "postgresql://nobody@127.0.0.1/none")
    monkeypatch.setenv("ANSINH_BANKS", str(tmp_path / "banks.json"))
    with pytest.raises(BadSetting, match=r"ANSINH_BANKS names .*banks\.json, which cannot be read: No such file"):
        BenefitsSettings(service="benefits").known_banks()
