"""What an official schema lets through (payments.md 2.9): each row refused by our check and by the bank's, or said why.

The two checks share no code: ours reads back what we wrote, the bank's reads what a stranger sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from itertools import islice, pairwise
from pathlib import Path

import pytest

from deploy.bank import pain001 as at_the_bank
from deploy.bank.refusal import Refused
from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.domain.statement import refusal
from services.benefits.payments.domain.statuses import is_known
from services.benefits.payments.iso20022 import camt053, pain002
from services.benefits.payments.iso20022.pain001 import Transfer, WrongTotals, write_to
from services.benefits.payments.iso20022.profile import findings
from services.benefits.payments.iso20022.reading import Unreadable
from services.benefits.payments.iso20022.schemas import check_schemas, schema_findings
from shared.settings import BadSetting
from tests.unit.benefits.payment_samples import CAMT_053, FIRST, PAIN_002, SECOND, payment_file, written

_ACCOUNT = "<CdtrAcct><Id><Othr><Id>3120205123456</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id></CdtrAcct>"
_LONG = "0" * 47


@dataclass(frozen=True)
class Row:
    """A mutation of our own file, and whether the schema sees it."""

    name: str
    old: str
    new: str
    schema: bool = False


ROWS = (
    Row("control sum", "<CtrlSum>1360000", "<CtrlSum>9999999"),
    Row("count", "<NbOfTxs>2<", "<NbOfTxs>7<"),
    Row("half a dong", ">500000<", ">500000.50<"),
    Row("Vietnamese letters", "DANG VAN DUC", "ĐẶNG VĂN ĐỨC"),
    Row("a purpose that does not exist", "<Purp><Cd>SSBE", "<Purp><Cd>GRNT"),
    Row("one EndToEndId for two", f"<EndToEndId>{SECOND.end_to_end_id}", f"<EndToEndId>{FIRST.end_to_end_id}"),
    Row("no creditor account", _ACCOUNT, ""),
    Row("a currency that does not exist", 'Ccy="VND">500000', 'Ccy="XYZ">500000'),
    Row("EndToEndId of 47 signs", f"<EndToEndId>{FIRST.end_to_end_id}", f"<EndToEndId>{_LONG}", schema=True),
    Row("UETR in capitals", str(FIRST.uetr), str(FIRST.uetr).upper(), schema=True),
    Row("an exponent", ">500000<", ">5E+5<", schema=True),
)


@pytest.fixture(scope="module")
def schema_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that names the official schema of the package which carries it."""
    folder = tmp_path_factory.mktemp("schemas")
    with resources.as_file(resources.files("sepaxml") / "schemas" / "pain.001.001.09.xsd") as file:
        (folder / file.name).symlink_to(file)
    return folder


def mutated(row: Row) -> bytes:
    """Return our file with the row's mutation."""
    good = written().decode()
    assert row.old in good
    return good.replace(row.old, row.new, 1).encode()


def test_the_file_itself_passes_every_check(schema_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSINH_ISO20022_SCHEMAS", str(schema_folder))
    assert findings(written()) == schema_findings("pain.001.001.09", written()) == []
    assert at_the_bank.read(written()).control_sum == 1_360_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_our_check_and_the_banks_refuse_what_the_schema_may_let_through(
    row: Row, schema_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSINH_ISO20022_SCHEMAS", str(schema_folder))
    assert bool(schema_findings("pain.001.001.09", mutated(row))) == row.schema
    assert findings(mutated(row)) != []
    with pytest.raises(Refused):
        at_the_bank.read(mutated(row))


def test_two_choices_of_the_table_are_no_defects() -> None:
    """An ultimate creditor may be named, not numbered; which clearing system stands there is agreed with the bank."""
    named = "<UltmtCdtr><Nm>DANG THI LAN</Nm></UltmtCdtr><Purp>"
    assert findings(written().decode().replace("<Purp>", named, 1).encode()) == []
    numbered = "<UltmtCdtr><Id><PrvtId><Othr><Id>025185000123</Id></Othr></PrvtId></Id></UltmtCdtr><Purp>"
    assert findings(written().decode().replace("<Purp>", numbered, 1).encode()) != [], "no personal number goes out"


def test_a_statement_that_does_not_add_up_is_not_booked() -> None:
    [_, closing] = [index for index in range(len(CAMT_053)) if CAMT_053.startswith(">5000000<", index)]
    unbalanced = CAMT_053[:closing] + ">5000001<" + CAMT_053[closing + len(">5000000<") :]
    statement = camt053.read(unbalanced.encode()).statement
    assert refusal(statement, statement.account, None) is not None


def test_a_status_that_nobody_knows_is_put_aside_and_the_others_are_read() -> None:
    report = pain002.read(PAIN_002.replace("<TxSts>ACSP", "<TxSts>ZZZZ").encode())
    assert [is_known(one.code) for one in report.transactions] == [False, True]


def test_a_report_whose_counts_contradict_each_other_is_refused() -> None:
    with pytest.raises(Unreadable):
        pain002.read(PAIN_002.replace("<DtldNbOfTxs>1<", "<DtldNbOfTxs>9<", 1).encode())


def test_a_line_without_its_parts_is_put_aside_and_the_others_are_read() -> None:
    without_status = pain002.read(PAIN_002.replace("<TxSts>ACSP</TxSts>", "").encode())
    assert without_status.faults == (LineFault(1, FIRST.end_to_end_id, "no_status"),)
    assert list(without_status.codes) == [SECOND.end_to_end_id]
    twice = pain002.read(PAIN_002.replace(SECOND.end_to_end_id, FIRST.end_to_end_id).encode())
    assert {fault.reason for fault in twice.faults} == {"said_twice_and_differently"}
    assert twice.transactions == ()


def test_a_folder_of_schemas_that_lacks_one_stops_the_service(
    schema_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSINH_ISO20022_SCHEMAS", str(schema_folder))
    with pytest.raises(BadSetting, match=r"camt\.055"):
        check_schemas()
    monkeypatch.delenv("ANSINH_ISO20022_SCHEMAS")
    check_schemas()
    assert schema_findings("pain.001.001.09", b"") == []


def test_a_file_is_written_while_its_payments_come() -> None:
    sink, many = BytesIO(), 4_000
    seen: list[int] = []

    def transfers() -> Iterator[Transfer]:
        for number in range(many):
            if number % 1_000 == 999:
                seen.append(sink.tell())
            yield FIRST

    heading = payment_file([FIRST] * many).heading
    write_to(sink, heading, transfers())
    assert all(earlier < later for earlier, later in pairwise(seen))
    assert seen[0] > 100_000, "what was written has left us before the rest has come"
    with pytest.raises(WrongTotals):
        write_to(BytesIO(), heading, islice(transfers(), many - 1))
