"""What goes out to a bank: the same bytes for the same input, and nothing that a schema lets through by mistake."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.benefits.payments.domain.content import Content, Line, RunningContent
from services.benefits.payments.domain.identifiers import message_id, numbered_after
from services.benefits.payments.domain.payees import Payee, bank_name, masked, problem_of
from services.benefits.payments.iso20022.profile import findings
from shared.clock import VIETNAM
from shared.ids import new_id, new_ulid
from tests.unit.benefits.payment_samples import FIRST, SECOND, payment_file, written

_GOOD = written().decode()


def test_a_file_of_ours_may_go_out_and_is_the_same_bytes_each_time() -> None:
    assert findings(written()) == []
    assert written() == written()


def test_a_file_of_ours_is_valid_by_the_official_schema() -> None:
    with (resources.files("sepaxml") / "schemas" / "pain.001.001.09.xsd").open("rb") as file:
        schema = etree.XMLSchema(etree.parse(file))
    schema.validate(etree.fromstring(written()))
    assert str(schema.error_log) == ""


def test_names_are_written_as_banks_write_them() -> None:
    assert "<Nm>DANG VAN DUC</Nm>" in _GOOD
    assert "<Nm>H'HEN NIE</Nm>" in _GOOD
    assert "<Nm>SO Y TE TINH PHU THO</Nm>" in _GOOD


def test_totals_are_written_at_both_levels() -> None:
    assert _GOOD.count("<NbOfTxs>2</NbOfTxs><CtrlSum>1360000</CtrlSum>") == 2


_ACCOUNT = "<CdtrAcct><Id><Othr><Id>3120205123456</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id></CdtrAcct>"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("<CtrlSum>1360000", "<CtrlSum>9999999", id="control sum of the file"),
        pytest.param("<NbOfTxs>2<", "<NbOfTxs>7<", id="count of the file"),
        pytest.param("<CtrlSum>1360000</CtrlSum><PmtTpInf>", "<CtrlSum>1</CtrlSum><PmtTpInf>", id="sum of the block"),
        pytest.param(">500000<", ">500000.50<", id="half a dong"),
        pytest.param(">500000<", ">500000.00<", id="decimals"),
        pytest.param(">500000<", ">5E+5<", id="exponent"),
        pytest.param(">500000<", ">-500000<", id="negative"),
        pytest.param(">500000<", ">0<", id="zero"),
        pytest.param(">500000<", ">५०<", id="digits of another script"),
        pytest.param('Ccy="VND">500000', 'Ccy="XYZ">500000', id="currency"),
        pytest.param("DANG VAN DUC", "ĐẶNG VĂN ĐỨC", id="Vietnamese letters"),
        pytest.param("DANG VAN DUC", "D" * 71, id="name too long"),
        pytest.param("<Nm>DANG VAN DUC</Nm>", "<Nm></Nm>", id="no name"),
        pytest.param("<Purp><Cd>SSBE", "<Purp><Cd>GRNT", id="purpose that does not exist"),
        pytest.param("<CtgyPurp><Cd>SSBE", "<CtgyPurp><Cd>WELF", id="category that does not exist"),
        pytest.param(SECOND.end_to_end_id, FIRST.end_to_end_id, id="one instruction id for two"),
        pytest.param(f"<EndToEndId>{SECOND.end_to_end_id}", f"<EndToEndId>{FIRST.end_to_end_id}", id="same EndToEndId"),
        pytest.param(FIRST.end_to_end_id, FIRST.end_to_end_id.lower(), id="lower-case id"),
        pytest.param(str(FIRST.uetr), str(FIRST.uetr).upper(), id="UETR in capitals"),
        pytest.param("-4c6f-", "-7c6f-", id="UETR of version 7"),
        pytest.param(_ACCOUNT, "", id="no creditor account"),
        pytest.param("<MmbId>970436", "<MmbId>9704", id="bank number"),
        pytest.param("<ChrgBr>DEBT", "<ChrgBr>CRED", id="the payee would pay the fee"),
        pytest.param("<Dt>2026-11-23", "<Dt>2026-02-30", id="no such day"),
        pytest.param("PHUTHO-01-20261123-0001-A</MsgId>", "phutho_1</MsgId>", id="message id"),
        pytest.param("NGUOI CAO TUOI", "NGƯỜI CAO TUỔI", id="narrative"),
        pytest.param(
            "<Purp>",
            "<UltmtCdtr><Id><PrvtId><Othr><Id>025185000123</Id></Othr></PrvtId></Id></UltmtCdtr><Purp>",
            id="a personal number",
        ),
        pytest.param("<?xml", "<!DOCTYPE x><?xml", id="not well-formed"),
        pytest.param("pain.001.001.09", "pain.001.001.03", id="another version"),
    ],
)
def test_a_file_made_wrong_in_one_place_is_not_sealed(old: str, new: str) -> None:
    assert old in _GOOD
    assert findings(_GOOD.replace(old, new, 1).encode()) != []


def test_findings_quote_nothing_of_a_person() -> None:
    spoiled = _GOOD.replace("DANG VAN DUC", "ĐẶNG VĂN ĐỨC").replace("3120205123456", "?")
    assert not any("ĐẶNG" in finding or "3120" in finding for finding in findings(spoiled.encode()))


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=90)
numbers = st.from_regex(r"[A-Za-z0-9]{6,19}", fullmatch=True)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 10**12), numbers, names), min_size=1, max_size=5))
def test_whatever_payee_has_no_problem_makes_a_file_that_may_go_out(lines: list[tuple[int, str, str]]) -> None:
    transfers = [
        replace(FIRST, end_to_end_id=new_ulid(), amount=amount, account_number=number, holder_name=name)
        for amount, number, name in lines
        if problem_of(Payee("970405", number, name)) is None
    ]
    if transfers:
        assert findings(written(transfers)) == []
        assert payment_file(transfers).total == sum(transfer.amount for transfer in transfers)


@pytest.mark.parametrize(
    ("payee", "problem"),
    [
        (Payee("970405", "3120205123456", "Đặng Thị Lan"), None),
        (None, "no_account"),
        (Payee("97040", "3120205123456", "Lan"), "bank_number"),
        (Payee("970405", "12345", "Lan"), "account_number"),
        (Payee("970405", "12345 6789", "Lan"), "account_number"),
        (Payee("970405", "3120205123456", "王"), "holder_name"),
        (Payee("970405", "3120205123456", "Lan " * 20), "holder_name"),
    ],
)
def test_money_goes_only_where_it_can_be_written(payee: Payee | None, problem: str | None) -> None:
    assert problem_of(payee) == problem


def test_a_name_is_the_same_in_both_normal_forms() -> None:
    assert bank_name("Nguyễn Thị Hương") == bank_name("Nguyễn Thị Hương") == "NGUYEN THI HUONG"


def test_an_account_is_shown_by_its_last_three_digits() -> None:
    assert masked("3120205123456") == "•••456"
    assert masked(None) is None


_DAY = datetime(2026, 11, 23, tzinfo=VIETNAM)


@given(st.lists(st.integers(0, 2 * 86_400_000_000), min_size=2, max_size=9).map(sorted), st.integers(0, 7))
def test_a_message_id_fits_and_never_comes_again_though_the_files_before_it_are_forgotten(
    sealed: list[int], kept: int
) -> None:
    ids, last, backup = [], None, None
    for number, microseconds in enumerate(sealed):
        last = numbered_after(last, _DAY + timedelta(microseconds=microseconds))
        ids.append(message_id("A" * 15, last))
        backup = last if number <= kept else backup
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert max(map(len, ids)) + len("-01") <= 35
    # A restored database knows the files up to a backup, and time has gone on since.
    assert last is not None
    later = numbered_after(backup, last + timedelta(milliseconds=1))
    assert message_id("A" * 15, later) not in ids


def test_a_message_id_says_whose_and_when() -> None:
    assert message_id("PHUTHO-01", _DAY.replace(hour=8, minute=15, microsecond=1_000)) == "PHUTHO-01-20261123-0WABX1"


def content_of(lines: Iterable[Line]) -> Content:
    running = RunningContent()
    for line in sorted(lines, key=lambda line: line.order_id):
        running.add(line)
    return running.so_far()


def test_the_content_hash_sees_every_change_and_lines_come_in_their_order() -> None:
    lines = [Line(new_id(), 500_000 + n, new_id()) for n in range(4)]
    content = content_of(lines)
    running = RunningContent()
    running.add(max(lines, key=lambda line: line.order_id))
    with pytest.raises(ValueError, match="out of order"):
        running.add(min(lines, key=lambda line: line.order_id))
    assert (content.count, content.total) == (4, 2_000_006)
    for changed in (
        replace(lines[0], amount=1),
        replace(lines[0], order_id=new_id()),
        replace(lines[0], account_id=new_id()),
    ):
        assert content_of([changed, *lines[1:]]).hash != content.hash
