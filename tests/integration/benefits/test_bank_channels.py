"""One suite over every channel that a program works: the same promises, whichever way the messages go."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.benefits.payments.bank.files import FileBank
from services.benefits.payments.bank.folders import OpenFolder, local
from services.benefits.payments.bank.http import HttpBank
from services.benefits.payments.bank.keys import TrustedKeys, read_keys
from services.benefits.payments.bank.port import (
    Accepted,
    BankAdapter,
    Found,
    Inbound,
    NotFound,
    NotSent,
    RawStatement,
    Rejected,
    Unavailable,
    Unknown,
    Unusable,
)
from services.benefits.payments.bank.sftp import sftp
from services.benefits.payments.bank.signing import Signing
from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.domain.verification import Verification
from services.benefits.payments.iso20022 import camt053, pain002
from tests.support.bank_keys import private_jwk, public_set
from tests.support.folder_bank import FolderBank
from tests.support.payment_files import Pay, message_id, payment_file
from tests.support.programs import Program, free_port
from tests.support.sftp_server import sftp_server
from tests.support.signing_bank import signing_bank
from tests.support.simulated_bank import SimulatedBank
from tests.support.waiting import until

BANK = "simbank"
OURS, THEIRS = private_jwk("ours"), private_jwk("theirs", "EdDSA")
CHANNELS = ("http", "signed-http", "folder", "signed-folder", "sftp")


@dataclass(frozen=True)
class Line:
    """A channel: our end, the bank behind it, what the bank's end does by itself, and our end where nobody answers."""

    adapter: BankAdapter
    bank: SimulatedBank
    account: str
    bank_works: Callable[[], Awaitable[None]]
    cut: BankAdapter
    folder: FolderBank | None = None
    left: list[Inbound] = field(default_factory=list)

    async def send(self, message: str, content: bytes) -> Any:
        """Submit a file, and let the bank take it up."""
        outcome = await self.adapter.submit(message, content)
        await self.bank_works()
        return outcome

    async def report(self, message: str) -> pain002.StatusReport:
        """Return the last report on a file once it says something final."""

        async def final() -> Any:
            await self.bank_works()
            for report in await self._reports(message):
                if report.transactions and all(one.code in ("ACSC", "RJCT") for one in report.transactions):
                    return report
            return None

        found: pain002.StatusReport = await until(final, within=30, describe="the bank reports")
        return found

    async def _reports(self, message: str) -> list[pain002.StatusReport]:
        answer = await self.adapter.query(message)
        assert isinstance(answer, Found)
        if answer.report is not None:
            return [pain002.read(answer.report)]
        await self._take_inbound()
        mine = [one for one in self.left if (one.kind, one.subject) == ("pain.002", message)]
        return [pain002.read(one.content) for one in mine]

    async def _take_inbound(self) -> None:
        while isinstance(found := await self.adapter.next_inbound(), Inbound):
            await self.adapter.acknowledge(found.name, usable=True)
            self.left.append(found)

    async def statements(self, after: int = 0) -> list[bytes]:
        """Return the statements of the account after a number."""
        await self.bank_works()
        found: list[bytes] = []
        while isinstance(raw := await self.adapter.next_statement(self.account, after), RawStatement):
            found.append(raw.content)
            after = raw.sequence
        await self._take_inbound()
        left = [one for one in self.left if one.kind == "camt.053" and int(one.subject.partition("/")[2]) > after]
        return found or [one.content for one in left]


async def _nothing() -> None:
    """An HTTP bank works in its own process."""


def _signing() -> Signing:
    return Signing(read_keys({"keys": [OURS]}), TrustedKeys(read_keys(public_set(THEIRS))))


def _folder_line(
    line: Line, bank: FolderBank, open_folder: OpenFolder, cut: OpenFolder, signing: Signing | None
) -> Line:
    async def works() -> None:
        await bank.take()
        await bank.report()
        await bank.state([line.account])

    return replace(
        line,
        adapter=FileBank(BANK, open_folder, signing),
        cut=FileBank(BANK, cut, signing),
        bank_works=works,
        folder=bank,
    )


@pytest.fixture(params=CHANNELS)
async def line(request: pytest.FixtureRequest, bank_program: Program, tmp_path: Path) -> AsyncIterator[Line]:
    """Each channel in turn to one bank, with an account of the test's own."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    account = "1900" + message_id()[-12:]
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=bank_program.url, timeout=30, trust_env=False)
        )
        bank = SimulatedBank(client)
        await bank.register(account, balance=10_000_000, holder="SO Y TE")
        made = Line(
            HttpBank(BANK, bank_program.url, timeout=10), bank, account, _nothing, HttpBank(BANK, nowhere, timeout=2)
        )
        folders, secrets, gone = tmp_path / "folders", tmp_path / "secrets", tmp_path / "gone"
        secrets.mkdir()
        match request.param:
            case "signed-http":
                _, url = await stack.enter_async_context(signing_bank(bank_program.url, THEIRS, OURS))
                ours = read_keys({"keys": [OURS]})
                made = replace(
                    made,
                    adapter=HttpBank(BANK, url, timeout=10, ours=ours),
                    cut=HttpBank(BANK, nowhere, timeout=2, ours=ours),
                )
            case "folder":
                made = _folder_line(made, FolderBank(folders, client), local(folders), local(gone), None)
            case "signed-folder":
                counterpart = FolderBank(folders, client, own=THEIRS, theirs=OURS)
                made = _folder_line(made, counterpart, local(folders), local(gone), _signing())
            case "sftp":
                counterpart = FolderBank(folders, client)
                server = await stack.enter_async_context(sftp_server(folders, secrets))
                closed = replace(server, port=free_port())
                made = _folder_line(made, counterpart, sftp(server), sftp(closed), None)
        yield made


async def test_a_file_is_taken_once_and_its_outcome_is_told_by_our_id(line: Line) -> None:
    message, pay = message_id(), Pay(bin="970405")
    content = payment_file(message, [pay], line.account)
    assert isinstance(await line.send(message, content), Accepted)
    report = await line.report(message)
    assert [(one.end_to_end_id, one.code) for one in report.transactions] == [(pay.end_to_end_id, "ACSC")]
    assert isinstance(await line.send(message, content), Accepted)
    assert (await line.bank.truth())[pay.end_to_end_id]["debited"] == pay.amount


async def test_other_bytes_under_the_same_id_are_a_conflict_and_not_taken(line: Line) -> None:
    message = message_id()
    first, second = Pay(bin="970405"), Pay(bin="970405")
    await line.send(message, payment_file(message, [first], line.account))
    assert await line.send(message, payment_file(message, [second], line.account)) == Unknown("conflict")
    await line.bank_works()
    truth = await line.bank.truth()
    assert first.end_to_end_id in truth
    assert second.end_to_end_id not in truth


async def test_a_file_that_the_bank_refuses_whole_is_known_to_be_refused(line: Line) -> None:
    message = message_id()
    content = payment_file(message, [Pay()], line.account).replace(b"<CtrlSum>500000", b"<CtrlSum>500001", 1)
    outcome = await line.send(message, content)
    if isinstance(outcome, Accepted):  # a folder takes anything; the bank judges when it looks
        outcome = await line.adapter.query(message)
    assert outcome == Rejected("AM10")


async def test_of_a_file_that_was_never_sent_the_bank_says_that_it_never_had_it(line: Line) -> None:
    assert await line.adapter.query(message_id()) == NotFound(final=True)


async def test_where_nobody_answers_nothing_was_sent_and_nothing_is_known(line: Line) -> None:
    message = message_id()
    assert isinstance(await line.cut.submit(message, payment_file(message, [Pay()], line.account)), NotSent)
    assert isinstance(await line.cut.query(message), Unavailable)
    statement = await line.cut.next_statement(line.account, 0)
    inbound = await line.cut.next_inbound()
    assert isinstance(statement, Unavailable) or isinstance(inbound, Unavailable)
    asked = await line.cut.verify_account(Payee("970405", "3120205123456", "LAN"))
    assert isinstance(asked, Unavailable | Verification)


async def test_statements_come_in_their_order_and_each_once(line: Line) -> None:
    for _ in range(2):
        message = message_id()
        await line.send(message, payment_file(message, [Pay(bin="970405")], line.account))
        await line.report(message)
        await line.bank.close(line.account)
    statements = [camt053.read(raw).statement for raw in await line.statements()]
    assert [one.sequence for one in statements] == [1, 2]
    assert statements[1].opening == statements[0].closing
    assert await line.statements(after=2) == []


async def test_what_a_bank_does_not_tell_of_an_account_is_no_match(line: Line) -> None:
    asked = await line.adapter.verify_account(Payee("970405", "3120205123456", "LAN"))
    assert not isinstance(asked, Verification) or asked.verdict != "MATCH"


# What only a folder can do wrong.

FOLDERS = pytest.mark.parametrize("line", ["folder", "signed-folder", "sftp"], indirect=True)


@FOLDERS
async def test_an_upload_that_was_cut_is_done_again_under_the_same_name(line: Line) -> None:
    assert line.folder is not None
    message = message_id()
    content = payment_file(message, [Pay(bin="970405")], line.account)
    place = line.folder.root / "in" / f"PAIN001_{message}.xml"
    for name, written in ((f"{place.name}.part", content[:100]), (place.name, content)):
        place.with_name(name).write_bytes(written)
        assert await line.adapter.query(message) == NotFound(final=True), "no manifest: the bank does not look"
        assert isinstance(await line.adapter.submit(message, content), Accepted)
        for each in (place, place.with_name(f"{place.name}.manifest.json")):
            each.unlink()
    assert isinstance(await line.send(message, content), Accepted)
    assert (await line.report(message)).count == 1


@FOLDERS
async def test_a_file_without_its_manifest_is_not_looked_at(line: Line) -> None:
    assert line.folder is not None
    (line.folder.root / "out" / "CAMT053_1_00000001.xml").write_bytes(b"half")
    (line.folder.root / "out" / "CAMT053_2_00000001.xml.part").write_bytes(b"half")
    assert await line.adapter.next_inbound() is None


@FOLDERS
@pytest.mark.parametrize(
    ("name", "manifest", "cause"),
    [
        ("CAMT053_1_00000001.xml", {"sha256": "0" * 64}, "manifest"),
        ("CAMT053_1_00000001.xml", {"size": 1}, "manifest"),
        ("CAMT053_1_00000001.xml", {"file": "other.xml"}, "manifest"),
        ("notes.txt", {}, "unknown_name"),
    ],
)
async def test_what_does_not_fit_its_manifest_is_put_aside(
    line: Line, name: str, manifest: dict[str, object], cause: str
) -> None:
    assert line.folder is not None
    line.folder.put(name, b"<x/>", **manifest)
    assert await line.adapter.next_inbound() == Unusable(name, cause)
    await line.adapter.acknowledge(name, usable=False)
    assert await line.adapter.next_inbound() is None
    assert (line.folder.root / "out/refused" / name).exists()


@pytest.mark.parametrize("line", ["signed-folder"], indirect=True)
async def test_a_file_that_the_bank_did_not_sign_is_put_aside(line: Line) -> None:
    assert line.folder is not None
    good = FolderBank(line.folder.root, line.bank.client, own=private_jwk("theirs", "EdDSA"))
    good.put("CAMT053_1_00000001.xml", b"<x/>")
    assert await line.adapter.next_inbound() == Unusable("CAMT053_1_00000001.xml", "signature_signature_wrong")
    line.folder.put("CAMT053_1_00000001.xml", b"<x/>", signature=None)
    assert await line.adapter.next_inbound() == Unusable("CAMT053_1_00000001.xml", "signature_unsigned")


# What only signatures can show.


@pytest.mark.parametrize("kind", ["unsigned", "of_another_answer", "spoiled"])
async def test_an_answer_that_the_bank_did_not_sign_proves_nothing(bank_program: Program, kind: str) -> None:
    async with signing_bank(bank_program.url, THEIRS, OURS) as (bank, url):
        adapter = HttpBank(BANK, url, timeout=10, ours=read_keys({"keys": [OURS]}))
        asked = await adapter.query(message_id())
        assert asked == NotFound(final=True)
        spoils: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
            "unsigned": lambda _: {},
            "of_another_answer": lambda _: {"x-jws-signature": bank.signature(b"", htm="GET", htu="/")},
            "spoiled": lambda headers: {name: value[:-4] + "AAAA" for name, value in headers.items()},
        }
        bank.spoil = spoils[kind]
        assert isinstance(await adapter.query(message_id()), Unavailable)
        message = message_id()
        outcome = await adapter.submit(message, payment_file(message, [Pay()], "1900NOBODY"))
        assert isinstance(outcome, Unknown)
        assert outcome.cause.startswith("signature_")


async def test_a_call_with_a_key_that_the_bank_does_not_know_is_not_taken(bank_program: Program) -> None:
    stranger = read_keys({"keys": [private_jwk("stranger")]})
    async with signing_bank(bank_program.url, THEIRS, OURS) as (bank, url):
        adapter = HttpBank(BANK, url, timeout=10, ours=stranger)
        message = message_id()
        assert await adapter.submit(message, payment_file(message, [Pay()], "1900NOBODY")) == NotSent("http_401")
        assert bank.refused == ["/v1/payment-files"]


async def test_a_bank_rotates_its_key_and_is_believed_without_anybodys_help(bank_program: Program) -> None:
    async with signing_bank(bank_program.url, THEIRS, OURS) as (bank, url):
        pinned = read_keys(public_set(THEIRS))
        adapter = HttpBank(BANK, url, timeout=10, ours=read_keys({"keys": [OURS]}), pinned=pinned)
        assert isinstance(await adapter.query(message_id()), NotFound)
        bank.own = private_jwk("theirs-2")
        assert await adapter.query(message_id()) == Unavailable("signature_unknown_key"), "not published yet"
        bank.own = private_jwk("theirs-3", "PS256")
        bank.published = [THEIRS, bank.own]
        again = HttpBank(BANK, url, timeout=10, ours=read_keys({"keys": [OURS]}), pinned=pinned)
        assert isinstance(await again.query(message_id()), NotFound)


def test_every_channel_is_one_adapter(line: Line) -> None:
    adapters: Sequence[BankAdapter] = (line.adapter, line.cut)
    assert [each.bank for each in adapters] == [BANK, BANK]
