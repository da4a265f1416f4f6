"""What comes back from a bank: read exactly, or refused as a whole."""

from datetime import date

import pytest

from services.benefits.payments.iso20022 import camt053, pain002
from services.benefits.payments.iso20022.reading import Unreadable
from tests.unit.benefits.payment_samples import CAMT_053, FIRST, PAIN_002, SECOND


def test_a_status_report_is_read() -> None:
    report = pain002.read(PAIN_002.encode())
    assert (report.original_message_id, report.count, report.control_sum) == ("PHUTHO-01-20261123-0001-A", 2, 1_360_000)
    assert report.codes == {FIRST.end_to_end_id: "ACSP", SECOND.end_to_end_id: "RJCT"}
    assert [status.reason for status in report.transactions] == [None, "AC04"]
    assert report.transactions[0].bank_reference == "FT1"


def test_a_code_of_the_banks_own_is_kept_as_it_is() -> None:
    report = pain002.read(PAIN_002.replace("<Cd>AC04</Cd>", "<Prtry>XB-7731</Prtry>").encode())
    assert report.transactions[1].reason == "XB-7731"


def test_a_statement_is_read() -> None:
    statement = camt053.read(CAMT_053.encode()).statement
    assert (statement.sequence, statement.opening, statement.closing) == (16, 5_000_000, 5_000_000)
    debit, returned = statement.entries
    assert (debit.side, debit.amount, debit.end_to_end_id, debit.is_return) == (
        "debit",
        500_000,
        FIRST.end_to_end_id,
        False,
    )
    assert (returned.side, returned.is_return, returned.return_reason) == ("credit", True, "AC06")
    assert debit.booked_on == date(2026, 11, 23)
    assert statement.declared_debits == (1, 500_000)


@pytest.mark.parametrize(
    ("until", "through"),
    [
        pytest.param("2026-11-23T18:00:00+07:00", date(2026, 11, 22), id="closed within the day"),
        pytest.param("2026-11-23T23:59:59+07:00", date(2026, 11, 23), id="closed with the day"),
        pytest.param("2026-11-24T00:00:00", date(2026, 11, 23), id="closed at midnight, without a zone"),
        pytest.param("2026-11-23T17:00:00Z", date(2026, 11, 23), id="midnight here, in another zone"),
        pytest.param(None, date(2026, 11, 23), id="the day of its closing balance"),
    ],
)
def test_a_statement_shows_all_of_the_days_that_had_ended_when_it_was_closed(until: str | None, through: date) -> None:
    period = f"<FrToDt><FrDtTm>2026-11-22T18:00:00</FrDtTm><ToDtTm>{until}</ToDtTm></FrToDt>" if until else ""
    text = CAMT_053.replace("<Acct>", f"{period}<Acct>", 1)
    assert camt053.read(text.encode()).statement.closed_through == through


def test_an_overdrawn_balance_is_below_zero() -> None:
    assert (
        camt053.read(CAMT_053.replace("<CdtDbtInd>CRDT", "<CdtDbtInd>DBIT", 1).encode()).statement.opening == -5_000_000
    )


def test_only_booked_entries_count() -> None:
    statement = camt053.read(CAMT_053.replace("<Cd>BOOK</Cd>", "<Cd>PDNG</Cd>", 1).encode()).statement
    assert [entry.side for entry in statement.entries] == ["credit"]


def test_a_reversed_booking_is_a_return() -> None:
    text = CAMT_053.replace("<RtrInf><Rsn><Cd>AC06</Cd></Rsn></RtrInf>", "").replace("RRTN", "DMCT")
    assert not list(camt053.read(text.encode()).statement.entries)[1].is_return
    reversal = text.replace("CRDT</CdtDbtInd><Sts>", "CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts>")
    assert list(camt053.read(reversal.encode()).statement.entries)[1].is_return


_BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("</Document>", "", id="cut off"),
        pytest.param("\n<Document", f"\n{_BOMB}<Document", id="DOCTYPE"),
        pytest.param("<?xml", "{", id="no XML"),
        pytest.param("pain.002.001.10", "pain.002.001.03", id="another version"),
        pytest.param("CstmrPmtStsRpt", "CstmrCdtTrfInitn", id="another message"),
        pytest.param("<OrgnlMsgId>PHUTHO-01-20261123-0001-A</OrgnlMsgId>", "", id="no original message"),
        pytest.param("<TxInfAndSts>", "<TxInfAndSts><TxInfAndSts/>", id="a line in a line"),
        pytest.param("<DtldNbOfTxs>1<", "<DtldNbOfTxs>9<", id="counts do not add up"),
        pytest.param("<OrgnlCtrlSum>1360000<", "<OrgnlCtrlSum>1360000.5<", id="half a dong"),
    ],
)
def test_a_broken_status_report_is_refused(old: str, new: str) -> None:
    assert old in PAIN_002
    with pytest.raises(Unreadable):
        pain002.read(PAIN_002.replace(old, new).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("</Document>", "", id="cut off"),
        pytest.param("\n<Document", f"\n{_BOMB}<Document", id="DOCTYPE"),
        pytest.param("<Cd>OPBD</Cd>", "<Cd>ITBD</Cd>", id="no opening balance"),
        pytest.param("<Cd>CLBD</Cd>", "<Cd>INFO</Cd>", id="no closing balance"),
        pytest.param("<ElctrncSeqNb>16</ElctrncSeqNb>", "", id="no sequence"),
        pytest.param('<Amt Ccy="VND">500000</Amt>', '<Amt Ccy="USD">500000</Amt>', id="another currency"),
        pytest.param('<Amt Ccy="VND">500000</Amt>', '<Amt Ccy="VND">500000.50</Amt>', id="half a dong"),
        pytest.param("<CdtDbtInd>DBIT", "<CdtDbtInd>BOTH", id="neither debit nor credit"),
        pytest.param(">500000</Amt><CdtDbtInd>DBIT", ">0</Amt><CdtDbtInd>DBIT", id="an entry of no money"),
        pytest.param("<Ntry>", "<Ntry><Ntry/>", id="an entry in an entry"),
        pytest.param("<Acct>", "<CpyDplctInd>DUPL</CpyDplctInd><Acct>", id="a duplicate"),
    ],
)
def test_a_broken_statement_is_refused(old: str, new: str) -> None:
    assert old in CAMT_053
    with pytest.raises(Unreadable):
        camt053.read(CAMT_053.replace(old, new).encode())
