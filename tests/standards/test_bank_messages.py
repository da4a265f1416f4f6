"""The simulated bank's messages against the official ISO 20022 schemas, which the project does not carry."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from deploy.bank import accounts, cancellations, pain001, payments, returns, statements
from deploy.bank.accounts import Registration
from deploy.bank.app import open_bank
from deploy.bank.faults import BY_ACCOUNT, BY_AMOUNT
from deploy.bank.hours import do_due
from deploy.bank.refusal import Refused
from deploy.bank.store import Bank, Terms
from tests.support.broken_payment_files import BREAKS, MESSAGE, Break
from tests.support.payment_files import PAYER, Pay, cancellation, payment_file

NOW = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)


def schema(name: str) -> etree.XMLSchema:
    folder = os.environ.get("ANSINH_STANDARDS_DIR")
    if not folder:
        pytest.fail(
            "ANSINH_STANDARDS_DIR must name the folder that holds standards/iso20022/*.xsd: make test-standards DIR=…"
        )
    file = Path(folder) / "standards" / "iso20022" / f"{name}.xsd"
    if not file.is_file():
        pytest.fail(f"the official schema {file} is missing")
    return etree.XMLSchema(etree.parse(file))


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    bank = open_bank(tmp_path, Terms(interbank_fee=1_100), lambda: NOW)
    accounts.register(bank, Registration(PAYER, bank.terms.bin, "UY BAN NHAN DAN XA", 10_000_000, "open"))
    yield bank
    bank.database.close()


def assert_valid(name: str, body: bytes | None) -> None:
    assert body is not None
    official = schema(name)
    official.validate(etree.fromstring(body))
    assert str(official.error_log) == ""


def one_of_every_kind() -> list[Pay]:
    by_account = [Pay(10_000, account=f"31202055{suffix}") for suffix in BY_ACCOUNT]
    by_amount = [Pay(10_000 + ending) for ending in BY_AMOUNT]
    return [*by_account, *by_amount, Pay(10_000, bin="970405", account="2200205123456"), Pay(90_000_000)]


def test_answers_to_cancellations_advices_and_reversals_are_valid(bank: Bank) -> None:
    waits, booked = Pay(10_106), Pay(20_000)
    statements.book_in_batches(bank, PAYER, batches=True)
    payments.submit(bank, MESSAGE, payment_file(MESSAGE, [waits, booked, Pay(30_000), Pay(40_000)]))
    do_due(bank)
    request = cancellation("CXL-1", MESSAGE, [waits.end_to_end_id, booked.end_to_end_id])
    assert_valid("camt.055.001.08", request)
    cancellations.request(bank, "CXL-1", request)
    assert_valid("camt.029.001.09", cancellations.answer(bank, "CXL-1"))
    returns.give_back(bank, booked.end_to_end_id, amount=None, reason="AC04", named=True, reversal=True)
    closed = statements.close(bank, PAYER)
    body = statements.statement(bank, PAYER, closed.sequence)
    assert_valid("camt.053.001.08", body)
    assert_valid("camt.054.001.08", statements.advice(bank, PAYER, 1))
    assert body is not None
    assert b"<Btch>" in body
    assert b"<RvslInd>" in body


def test_status_reports_of_every_kind_are_valid(bank: Bank) -> None:
    payments.submit(bank, MESSAGE, payment_file(MESSAGE, one_of_every_kind()))
    assert_valid("pain.002.001.10", payments.status_report(bank, MESSAGE))
    do_due(bank)
    report = payments.status_report(bank, MESSAGE)
    assert_valid("pain.002.001.10", report)
    assert report is not None
    for part in (b"<GrpSts>PART<", b"<TxSts>ACSC<", b"<Cd>MD07<", b"<Prtry>XB-7731<", b"<Cd>AM04<"):
        assert part in report


def test_statements_of_every_kind_are_valid(bank: Bank) -> None:
    payments.submit(bank, MESSAGE, payment_file(MESSAGE, one_of_every_kind()))
    do_due(bank)
    accounts.credit(bank, PAYER, 5_000_000, "KBNN 2026/11")
    closed = [statements.close(bank, account) for account in (PAYER, PAYER, PAYER, "2200205123456")]
    bodies = [statements.statement(bank, PAYER, sequence) or b"" for sequence in (1, 2, 3)]
    for body in (*bodies, statements.statement(bank, "2200205123456", 1)):
        assert_valid("camt.053.001.08", body)
    assert [one.sequence for one in closed] == [1, 2, 3, 1]
    assert b"<SubFmlyCd>CHRG<" in bodies[0]
    assert b"<SubFmlyCd>RRTN<" in bodies[1]
    assert b"<Ntry>" not in bodies[2]


def test_the_files_of_the_tests_are_valid() -> None:
    assert_valid("pain.001.001.09", payment_file(MESSAGE, one_of_every_kind()))


@pytest.mark.parametrize("broken", [broken for broken in BREAKS if not broken.schema], ids=lambda broken: broken.name)
def test_the_bank_refuses_what_the_schema_cannot_see(broken: Break) -> None:
    assert_valid("pain.001.001.09", broken.apply())
    with pytest.raises(Refused):
        pain001.read(broken.apply())


@pytest.mark.parametrize("broken", [broken for broken in BREAKS if broken.schema], ids=lambda broken: broken.name)
def test_the_bank_refuses_what_the_schema_refuses(broken: Break) -> None:
    official = schema("pain.001.001.09")
    try:
        valid = official.validate(etree.fromstring(broken.apply()))
    except etree.XMLSyntaxError:
        valid = False
    assert not valid
    with pytest.raises(Refused):
        pain001.read(broken.apply())
