"""What the schema of camt.055 lets through of a request of ours: each row is refused by our own check."""

from dataclasses import dataclass

import pytest

from services.benefits.payments.iso20022 import camt055
from services.benefits.payments.iso20022.recall_profile import recall_findings
from tests.unit.benefits.payment_samples import FIRST, RECALL

_ID = RECALL.request_id


@dataclass(frozen=True)
class Row:
    """A mutation of our own request, and whether the official schema sees it (`make test-standards` asks it)."""

    name: str
    old: str
    new: str
    schema: bool = False


ROWS = (
    Row("request id of 47 signs", f"<Id>{_ID}", f"<Id>{'0' * 47}", schema=True),
    Row("another id inside", f"<CxlId>{_ID}", "<CxlId>RCL-2"),
    Row("no id inside", f"<CxlId>{_ID}</CxlId>", ""),
    Row("Vietnamese letters", "SO Y TE TINH", "SỞ Y TẾ TỈNH"),
    Row("bank number", "<MmbId>970405", "<MmbId>9704"),
    Row("another message", "pain.001.001.09", "pain.001.001.03"),
    Row("another block", "-A-01</OrgnlPmtInfId>", "-A-02</OrgnlPmtInfId>"),
    Row("no file", f"<OrgnlMsgId>{RECALL.message_id}", "<OrgnlMsgId>?"),
    Row("lower-case id", f"<OrgnlEndToEndId>{FIRST.end_to_end_id}", "<OrgnlEndToEndId>abc"),
    Row("no id of the payment", f"<OrgnlEndToEndId>{FIRST.end_to_end_id}</OrgnlEndToEndId>", ""),
    Row("two ids of the payment", f"<OrgnlInstrId>{FIRST.end_to_end_id}", "<OrgnlInstrId>ANOTHER"),
    Row("UETR in capitals", str(FIRST.uetr), str(FIRST.uetr).upper(), schema=True),
    Row("half a dong", ">500000<", ">500000.50<"),
    Row("an exponent", ">500000<", ">5E+5<", schema=True),
    Row("a currency that does not exist", 'Ccy="VND"', 'Ccy="XYZ"'),
    Row("no such day", "<Dt>2026-11-23", "<Dt>2026-02-30", schema=True),
    Row("a reason that does not exist", "<Cd>DUPL", "<Cd>WHYN"),
    Row("no payment at all", "<TxInf>", "<TxInf><CxlId>RCL-3</CxlId></TxInf><TxInf>"),
    Row("whom it paid", "</TxInf>", "<OrgnlTxRef><Cdtr><Pty><Nm>DANG VAN DUC</Nm></Pty></Cdtr></OrgnlTxRef></TxInf>"),
)


def mutated(row: Row) -> bytes:
    """Return our request with the row's mutation."""
    good = camt055.write(RECALL).decode()
    assert row.old in good
    return good.replace(row.old, row.new, 1).encode()


def test_a_request_of_ours_passes_and_is_the_same_bytes_each_time() -> None:
    assert recall_findings(camt055.write(RECALL)) == []
    assert camt055.write(RECALL) == camt055.write(RECALL)


@pytest.mark.parametrize("reason", camt055.REASONS)
def test_every_reason_that_may_be_given_passes(reason: str) -> None:
    written = camt055.write(RECALL).decode().replace("<Cd>DUPL", f"<Cd>{reason}")
    assert recall_findings(written.encode()) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_our_check_refuses_every_mutation(row: Row) -> None:
    assert recall_findings(mutated(row)) != []


def test_what_is_no_xml_is_refused() -> None:
    assert recall_findings(b"<!DOCTYPE x><Document/>") == ["a DOCTYPE, or an encoding of more than one byte a sign"]
    assert recall_findings(b"") == ["not well-formed XML"]
