"""Reading our own pain.001 back from a bank: what a file that we no longer have paid, to whom and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from lxml import etree

from services.benefits.payments.iso20022.pain001 import NAMESPACE
from services.benefits.payments.iso20022.reading import Reader, Unreadable, parse

_READ = Reader(NAMESPACE)


@dataclass(frozen=True, slots=True)
class Copied:
    """A payment of a file. `amount` is VND; `execution_date` is the day that we asked for."""

    end_to_end_id: str
    uetr: UUID
    amount: int
    bank_bin: str
    account_number: str
    holder_name: str
    execution_date: date


def payments_of(content: bytes, message_id: str) -> Sequence[Copied]:
    """Return the payments of a copy.

    Raises:
        Unreadable: it is no pain.001 of this id, or one of its payments cannot be read.
    """
    message = parse(content, NAMESPACE, "CstmrCdtTrfInitn")
    if _READ.text(message, "GrpHdr/MsgId") != message_id:
        raise Unreadable("not the file that was asked for")
    return [
        _copied(one, _day(block)) for block in _READ.all(message, "PmtInf") for one in _READ.all(block, "CdtTrfTxInf")
    ]


def _copied(element: etree._Element, day: date) -> Copied:
    return Copied(
        end_to_end_id=_READ.need(element, "PmtId/EndToEndId"),
        uetr=_uetr(element),
        amount=_READ.whole(element, "Amt/InstdAmt"),
        bank_bin=_READ.need(element, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
        account_number=_READ.need(element, "CdtrAcct/Id/Othr/Id"),
        holder_name=_READ.need(element, "Cdtr/Nm"),
        execution_date=day,
    )


def _uetr(element: etree._Element) -> UUID:
    try:
        return UUID(_READ.need(element, "PmtId/UETR"))
    except ValueError as error:
        raise Unreadable("a payment without its UETR") from error


def _day(block: etree._Element) -> date:
    try:
        return date.fromisoformat(_READ.need(block, "ReqdExctnDt/Dt"))
    except ValueError as error:
        raise Unreadable("without its day") from error
