"""Reading requests to cancel (camt.055.001.08): each payment named by its own id, or a whole block, or a whole file."""

from dataclasses import dataclass

from lxml import etree

from deploy.bank.hardened import parse
from deploy.bank.refusal import Refused

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.055.001.08"
_NAMES = {"m": NAMESPACE}


@dataclass(frozen=True)
class Cancel:
    """One payment that is to be cancelled: of which file and block, and why (an ISO cancellation reason)."""

    message_id: str
    payment_information_id: str
    end_to_end_id: str
    cancellation_id: str | None
    reason: str | None


@dataclass(frozen=True)
class Request:
    """A request: the id of its assignment and what is to be cancelled, in its order."""

    id: str
    payments: tuple[Cancel, ...]


def read(body: bytes) -> Request:
    """Read a request.

    Raises:
        Refused: it is not a camt.055 that names payments one by one.
    """
    document = parse(body)
    if document.tag != f"{{{NAMESPACE}}}Document":
        raise Refused("FF01", "not a camt.055.001.08")
    id_ = _text(document, "m:CstmrPmtCxlReq/m:Assgnmt/m:Id")
    payments = tuple(
        _cancel(block, payment)
        for block in document.iterfind("m:CstmrPmtCxlReq/m:Undrlyg/m:OrgnlPmtInfAndCxl", _NAMES)
        for payment in block.iterfind("m:TxInf", _NAMES)
    )
    if not payments:
        raise Refused("CH21", "no payment is named")
    return Request(id_, payments)


def _cancel(block: etree._Element, payment: etree._Element) -> Cancel:
    reason = payment.findtext("m:CxlRsnInf/m:Rsn/m:Cd", None, _NAMES) or block.findtext(
        "m:CxlRsnInf/m:Rsn/m:Cd", None, _NAMES
    )
    return Cancel(
        message_id=_text(block, "m:OrgnlGrpInf/m:OrgnlMsgId"),
        payment_information_id=_text(block, "m:OrgnlPmtInfId"),
        end_to_end_id=_text(payment, "m:OrgnlEndToEndId"),
        cancellation_id=payment.findtext("m:CxlId", None, _NAMES),
        reason=reason,
    )


def _text(element: etree._Element, path: str) -> str:
    text = element.findtext(path, None, _NAMES)
    if not text:
        raise Refused("CH21", f"{path.replace('m:', '')} is missing")
    return text
