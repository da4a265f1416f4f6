"""Reading pain.002.001.10: what the bank says of a file of ours. Progress only; money is what a statement shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from services.benefits.payments.iso20022.reading import Reader, Unreadable, parse

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
_read = Reader(NAMESPACE)


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """The status of one payment. Codes are as the bank wrote them, proprietary ones too."""

    end_to_end_id: str
    code: str
    reason: str | None
    bank_reference: str | None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A report. `count` and `control_sum` are those of the file it speaks of, as the bank knows them."""

    message_id: str
    original_message_id: str
    count: int | None
    control_sum: int | None
    group_status: str
    group_reason: str | None
    transactions: tuple[TransactionStatus, ...]

    @property
    def codes(self) -> Mapping[str, str]:
        """The status code by end-to-end id."""
        return {status.end_to_end_id: status.code for status in self.transactions}


def _code(element: etree._Element) -> str | None:
    reason = _read.first(element, "StsRsnInf/Rsn")
    if reason is None:
        return None
    return _read.text(reason, "Cd") or _read.text(reason, "Prtry")


def read(raw: bytes) -> StatusReport:
    """Return the report.

    Raises:
        Unreadable: it is no pain.002.001.10, or its counts contradict its list.
    """
    message = parse(raw, NAMESPACE, "CstmrPmtStsRpt")
    group = _read.first(message, "OrgnlGrpInfAndSts")
    if group is None:
        raise Unreadable("without OrgnlGrpInfAndSts")
    transactions = tuple(
        TransactionStatus(
            _read.need(one, "OrgnlEndToEndId"),
            _read.need(one, "TxSts"),
            _code(one),
            _read.text(one, "AcctSvcrRef"),
        )
        for one in _read.all(message, "OrgnlPmtInfAndSts/TxInfAndSts")
    )
    if len({status.end_to_end_id for status in transactions}) != len(transactions):
        raise Unreadable("a transaction is listed twice")
    detailed = sum(_read.whole(one, "DtldNbOfTxs") for one in _read.all(group, "NbOfTxsPerSts"))
    count = _read.whole(group, "OrgnlNbOfTxs") if _read.text(group, "OrgnlNbOfTxs") else None
    if detailed and count is not None and detailed != count:
        raise Unreadable("NbOfTxsPerSts does not add up to OrgnlNbOfTxs")
    return StatusReport(
        message_id=_read.need(message, "GrpHdr/MsgId"),
        original_message_id=_read.need(group, "OrgnlMsgId"),
        count=count,
        control_sum=_read.whole(group, "OrgnlCtrlSum") if _read.text(group, "OrgnlCtrlSum") else None,
        group_status=_read.text(group, "GrpSts") or "PART",
        group_reason=_code(group),
        transactions=transactions,
    )
