"""Writing answers to requests to cancel (camt.029.001.09): each payment cancelled, or refused with an ISO reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lxml import etree

from deploy.bank.camt055 import Cancel, Request
from deploy.bank.elements import Message, local

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"


@dataclass(frozen=True)
class Resolution:
    """What was decided on a request: a reason for each payment that is not cancelled, None for one that is."""

    id: str
    bic: str
    at: str
    request: Request
    refusals: Sequence[str | None]


def write(resolution: Resolution) -> bytes:
    """Return the answer as bytes; the same answer always gives the same bytes."""
    message = Message(NAMESPACE, "RsltnOfInvstgtn")
    assignment = message.add(message.body, "Assgnmt")
    message.add(assignment, "Id", resolution.id)
    message.add(assignment, "Assgnr/Agt/FinInstnId/BICFI", resolution.bic)
    message.add(assignment, "Assgne/Pty/Nm", "KHACH HANG")
    message.add(assignment, "CreDtTm", local(resolution.at))
    case = message.add(message.body, "RslvdCase")
    message.add(case, "Id", resolution.request.id)
    message.add(case, "Cretr/Pty/Nm", "KHACH HANG")
    message.add(message.body, "Sts/Conf", _status([refusal is not None for refusal in resolution.refusals]))
    decided = list(zip(resolution.request.payments, resolution.refusals, strict=True))
    for (file, block), group in groupby(decided, key=lambda one: (one[0].message_id, one[0].payment_information_id)):
        details = message.add(message.body, "CxlDtls/OrgnlPmtInfAndSts")
        message.add(details, "OrgnlPmtInfId", block)
        original = message.add(details, "OrgnlGrpInf")
        message.add(original, "OrgnlMsgId", file)
        message.add(original, "OrgnlMsgNmId", "pain.001.001.09")
        for payment, refusal in group:
            _add_payment(message, details, payment, refusal)
    return message.serialise()


def _status(refused: Sequence[bool]) -> str:
    """Return CNCL where all is cancelled, RJCR where nothing is, PECR where some is."""
    if all(refused):
        return "RJCR"
    return "PECR" if any(refused) else "CNCL"


def _add_payment(message: Message, details: etree._Element, payment: Cancel, refusal: str | None) -> None:
    element = message.add(details, "TxInfAndSts")
    message.add_given(element, "CxlStsId", payment.cancellation_id)
    message.add(element, "OrgnlEndToEndId", payment.end_to_end_id)
    message.add(element, "TxCxlSts", "RJCR" if refusal else "ACCR")
    if refusal:
        message.add(element, "CxlStsRsnInf/Rsn/Cd", refusal)
