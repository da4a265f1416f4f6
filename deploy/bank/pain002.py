"""Writing status reports (pain.002.001.10): the group, its blocks and every transaction.

A status says how far an instruction came; it is no financial information. Only the statement is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lxml import etree

from deploy.bank.codes import REASONS
from deploy.bank.elements import Message, local

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


@dataclass(frozen=True)
class TransferStatus:
    """Where one payment stands: status and reason are ISO codes unless `own_reason`; `amount` in VND."""

    payment_information_id: str
    end_to_end_id: str
    instruction_id: str | None
    uetr: str | None
    amount: int
    status: str
    reason: str | None
    own_reason: bool
    reference: str | None


@dataclass(frozen=True)
class StatusReport:
    """The newest status of a file, its transfers in the order of the file. `at` is UTC text."""

    id: str
    bic: str
    at: str
    message_id: str
    transfers: Sequence[TransferStatus]


def group_status(statuses: Sequence[str]) -> str:
    """Return the status of a group: the one that all have, else PART."""
    distinct = set(statuses)
    return distinct.pop() if len(distinct) == 1 else "PART"


def write(report: StatusReport) -> bytes:
    """Return the report as bytes; the same report always gives the same bytes."""
    message = Message(NAMESPACE, "CstmrPmtStsRpt")
    header = message.add(message.body, "GrpHdr")
    message.add(header, "MsgId", report.id)
    message.add(header, "CreDtTm", local(report.at))
    message.add(header, "DbtrAgt/FinInstnId/BICFI", report.bic)
    group = message.add(message.body, "OrgnlGrpInfAndSts")
    message.add(group, "OrgnlMsgId", report.message_id)
    message.add(group, "OrgnlMsgNmId", "pain.001.001.09")
    _add_totals(message, group, report.transfers, "GrpSts")
    for block, transfers in groupby(report.transfers, key=lambda transfer: transfer.payment_information_id):
        _add_block(message, block, list(transfers))
    return message.serialise()


def _add_block(message: Message, block: str, transfers: Sequence[TransferStatus]) -> None:
    element = message.add(message.body, "OrgnlPmtInfAndSts")
    message.add(element, "OrgnlPmtInfId", block)
    _add_totals(message, element, transfers, "PmtInfSts")
    for transfer in transfers:
        _add_transfer(message, element, transfer)


def _add_totals(message: Message, element: etree._Element, transfers: Sequence[TransferStatus], status: str) -> None:
    message.add(element, "OrgnlNbOfTxs", len(transfers))
    message.add(element, "OrgnlCtrlSum", sum(transfer.amount for transfer in transfers))
    message.add(element, status, group_status([transfer.status for transfer in transfers]))
    for code in sorted({transfer.status for transfer in transfers}):
        amounts = [transfer.amount for transfer in transfers if transfer.status == code]
        detail = message.add(element, "NbOfTxsPerSts")
        message.add(detail, "DtldNbOfTxs", len(amounts))
        message.add(detail, "DtldSts", code)
        message.add(detail, "DtldCtrlSum", sum(amounts))


def _add_transfer(message: Message, block: etree._Element, transfer: TransferStatus) -> None:
    element = message.add(block, "TxInfAndSts")
    message.add_given(element, "OrgnlInstrId", transfer.instruction_id)
    message.add(element, "OrgnlEndToEndId", transfer.end_to_end_id)
    message.add_given(element, "OrgnlUETR", transfer.uetr)
    message.add(element, "TxSts", transfer.status)
    if transfer.reason:
        why = message.add(element, "StsRsnInf")
        message.add(why, "Rsn/Prtry" if transfer.own_reason else "Rsn/Cd", transfer.reason)
        message.add_given(why, "AddtlInf", REASONS.get(transfer.reason))
    message.add_given(element, "AcctSvcrRef", transfer.reference)
