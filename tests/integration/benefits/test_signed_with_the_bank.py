"""Our end and the simulated bank's, which share no code, sign and believe each other over HTTP and in a folder."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.benefits.payments.bank.files import FileBank
from services.benefits.payments.bank.folders import local
from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.bank.keys import TrustedKeys, read_keys
from services.benefits.payments.bank.port import Accepted, BankAdapter, Found, Inbound, NotFound, NotSent
from services.benefits.payments.bank.signing import Signing
from services.benefits.payments.iso20022 import pain002
from tests.support.bank_keys import private_jwk, public_set
from tests.support.payment_files import Pay, message_id, payment_file
from tests.support.programs import Program, running
from tests.support.waiting import until

OURS = private_jwk("ours")
ACCOUNT = "1900201000099"


@pytest.fixture(scope="module")
async def bank(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Program, Path]]:
    """A bank that asks for our signatures, with a folder."""
    home = tmp_path_factory.mktemp("signed-bank")
    (home / "ours.json").write_text(json.dumps(public_set(OURS)))
    options = ("--data", home / "data", "--customer-keys", home / "ours.json", "--folder", home / "folder")
    async with running("deploy.bank", *options) as program:
        async with httpx.AsyncClient(base_url=program.url, timeout=30, trust_env=False) as client:
            account = {"account": ACCOUNT, "balance": 10_000_000, "holder": "SO Y TE"}
            (await client.post("/admin/accounts", json=account)).raise_for_status()
        yield program, home / "folder"


async def adapters(program: Program, folder: Path) -> dict[str, BankAdapter]:
    """Return our end of both channels."""
    ours = read_keys({"keys": [OURS]})
    async with httpx.AsyncClient(base_url=program.url, timeout=30, trust_env=False) as client:
        theirs = read_keys((await client.get("/.well-known/jwks.json")).json())
    return {
        "http": HttpBank("simbank", program.url, timeout=10, ours=ours),
        "folder": FileBank("simbank", local(folder), Signing(ours, TrustedKeys(theirs))),
    }


@pytest.mark.parametrize("channel", ["http", "folder"])
async def test_a_signed_file_is_taken_and_its_signed_report_believed(bank: tuple[Program, Path], channel: str) -> None:
    adapter = (await adapters(*bank))[channel]
    message, pay = message_id(), Pay(bin="970405")
    assert await adapter.query(message_id()) == NotFound(final=True)
    assert isinstance(await adapter.submit(message, payment_file(message, [pay], ACCOUNT)), Accepted)

    async def settled() -> bool:
        answer = await adapter.query(message)
        reports = [answer.report] if isinstance(answer, Found) and answer.report is not None else []
        while isinstance(left := await adapter.next_inbound(), Inbound):
            await adapter.acknowledge(left.name, usable=True)
            reports += [left.content] if left.kind == "pain.002" else []
        return any(pain002.read(each).codes == {pay.end_to_end_id: "ACSC"} for each in reports)

    await until(settled, within=30, describe="the bank reports the payment settled")


async def test_a_stranger_is_not_heard(bank: tuple[Program, Path]) -> None:
    stranger = HttpBank("simbank", bank[0].url, timeout=10, ours=read_keys({"keys": [private_jwk("stranger")]}))
    message = message_id()
    assert await stranger.submit(message, payment_file(message, [Pay()], ACCOUNT)) == NotSent("http_401")
