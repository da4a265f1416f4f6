"""Reading our own pain.001 back from a bank: what a file that we no longer have paid. Whom it paid is not kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.benefits.payments.iso20022.pain001 import NAMESPACE
from services.benefits.payments.iso20022.reading import Reader, Unreadable, parse

_READ = Reader(NAMESPACE)


@dataclass(frozen=True, slots=True)
class Copied:
    """A payment of a file. `amount` is VND."""

    end_to_end_id: str
    amount: int


def payments_of(content: bytes, message_id: str) -> Sequence[Copied]:
    """Return the payments of a copy.

    Raises:
        Unreadable: it is no pain.001 of this id, or one of its payments cannot be read.
    """
    message = parse(content, NAMESPACE, "CstmrCdtTrfInitn")
    if _READ.text(message, "GrpHdr/MsgId") != message_id:
        raise Unreadable("not the file that was asked for")
    return [
        Copied(_READ.need(one, "PmtId/EndToEndId"), _READ.whole(one, "Amt/InstdAmt"))
        for one in _READ.all(message, "PmtInf/CdtTrfTxInf")
    ]
