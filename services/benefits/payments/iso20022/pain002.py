"""Reading pain.002.001.10: what the bank says of a file of ours. Progress only; money is what a statement shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.iso20022.reading import Message, Reader, Unreadable

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
_read = Reader(NAMESPACE)
_LONGEST = 140  # characters of an id or code; more is none


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """The status of one payment. Codes are as the bank wrote them, proprietary ones too.

    `ordinal` counts the report's lines. `amount` (VND) is what the bank says that was instructed, if it does.
    """

    ordinal: int
    end_to_end_id: str
    code: str
    reason: str | None
    bank_reference: str | None
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A report. `count` and `control_sum` are those of the file it speaks of, as the bank knows them.

    `faults` are lines that say nothing that can be used, and why. `created_at` is by the bank's clock.
    """

    message_id: str
    original_message_id: str
    count: int | None
    control_sum: int | None
    group_status: str
    group_reason: str | None
    transactions: tuple[TransactionStatus, ...]
    faults: tuple[LineFault, ...] = ()
    created_at: datetime | None = None

    @property
    def codes(self) -> Mapping[str, str]:
        """The status code by end-to-end id."""
        return {status.end_to_end_id: status.code for status in self.transactions}


def _code(element: etree._Element) -> str | None:
    reason = _read.first(element, "StsRsnInf/Rsn")
    if reason is None:
        return None
    code = _read.text(reason, "Cd") or _read.text(reason, "Prtry")
    return None if code is None else code[:_LONGEST]


def read(raw: bytes) -> StatusReport:
    """Return the report; a line that cannot be used is a fault, and the others are read.

    Raises:
        Unreadable: it is no pain.002.001.10, or its counts contradict its list.
    """
    message = Message(raw, NAMESPACE, "CstmrPmtStsRpt", "OrgnlPmtInfAndSts/TxInfAndSts")
    lines = [_line(element, ordinal) for ordinal, element in enumerate(message.records(), 1)]
    group = _read.first(message.around, "OrgnlGrpInfAndSts")
    if group is None:
        raise Unreadable("without OrgnlGrpInfAndSts")
    detailed = sum(_read.whole(one, "DtldNbOfTxs") for one in _read.all(group, "NbOfTxsPerSts"))
    count = _read.whole(group, "OrgnlNbOfTxs") if _read.text(group, "OrgnlNbOfTxs") else None
    if detailed and count is not None and detailed != count:
        raise Unreadable("NbOfTxsPerSts does not add up to OrgnlNbOfTxs")
    transactions, faults = _sorted_out(lines)
    return StatusReport(
        message_id=_read.need(message.around, "GrpHdr/MsgId"),
        original_message_id=_read.need(group, "OrgnlMsgId"),
        count=count,
        control_sum=_read.whole(group, "OrgnlCtrlSum") if _read.text(group, "OrgnlCtrlSum") else None,
        group_status=_read.text(group, "GrpSts") or _block_status(message.around) or "PART",
        group_reason=_code(group),
        transactions=transactions,
        faults=faults,
        created_at=_read.instant(message.around, "GrpHdr/CreDtTm"),
    )


def _block_status(message: etree._Element) -> str | None:
    """Return the status of the file's one block, where the bank gives none of the group."""
    blocks = _read.all(message, "OrgnlPmtInfAndSts")
    return _read.text(blocks[0], "PmtInfSts") if len(blocks) == 1 else None


def _line(element: etree._Element, ordinal: int) -> TransactionStatus | LineFault:
    end_to_end_id = _read.text(element, "OrgnlEndToEndId")
    code = _read.text(element, "TxSts")
    if end_to_end_id is None or len(end_to_end_id) > _LONGEST:
        return LineFault(ordinal, None, "no_end_to_end_id")
    if code is None:
        return LineFault(ordinal, end_to_end_id, "no_status")
    amount = None
    if _read.text(element, "OrgnlTxRef/Amt/InstdAmt") is not None:
        try:
            amount = _read.whole(element, "OrgnlTxRef/Amt/InstdAmt")
        except Unreadable:
            return LineFault(ordinal, end_to_end_id, "amount_unreadable")
    reference = _read.text(element, "AcctSvcrRef")
    return TransactionStatus(
        ordinal, end_to_end_id, code[:_LONGEST], _code(element), reference and reference[:_LONGEST], amount
    )


def _sorted_out(
    lines: Sequence[TransactionStatus | LineFault],
) -> tuple[tuple[TransactionStatus, ...], tuple[LineFault, ...]]:
    """Return what each payment's one line says, and the faults; lines that contradict each other are all faults."""
    said: dict[str, list[TransactionStatus]] = {}
    faults = [line for line in lines if isinstance(line, LineFault)]
    for line in lines:
        if isinstance(line, TransactionStatus):
            said.setdefault(line.end_to_end_id, []).append(line)
    once = []
    for same in said.values():
        if len({(line.code, line.reason, line.amount) for line in same}) == 1:
            once.append(same[0])
        else:
            faults += [LineFault(line.ordinal, line.end_to_end_id, "said_twice_and_differently") for line in same]
    return tuple(once), tuple(faults)
