"""Reading camt.029.001.09: what the bank made of a request to cancel or call back."""

from dataclasses import dataclass
from typing import Literal

from lxml import etree

from services.benefits.payments.domain.lines import LineFault
from services.benefits.payments.iso20022.reading import Message, Reader

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"
_read = Reader(NAMESPACE)

Verdict = Literal["accepted", "refused", "pending"]
_VERDICTS: dict[str, Verdict] = {"ACCR": "accepted", "RJCR": "refused", "PDCR": "pending"}
# Of the whole, where no payment is told: cancelled, rejected, and what is still being looked into.
_CONFIRMATIONS: dict[str, Verdict] = {"CNCL": "accepted", "RJCR": "refused", "PDCR": "pending", "UWFW": "pending"}


@dataclass(frozen=True, slots=True)
class RecallAnswer:
    """The answer on one payment. `reason` is why it was refused, as the bank wrote it."""

    ordinal: int
    end_to_end_id: str
    verdict: Verdict
    reason: str | None


@dataclass(frozen=True, slots=True)
class Resolution:
    """An answer. `overall` is what it says of the whole request; `faults` are lines that say nothing to be used."""

    answer_id: str
    overall: Verdict | None
    answers: tuple[RecallAnswer, ...]
    faults: tuple[LineFault, ...]


def read(raw: bytes) -> Resolution:
    """Return the answer.

    Raises:
        Unreadable: it is no camt.029.001.09.
    """
    message = Message(raw, NAMESPACE, "RsltnOfInvstgtn", "CxlDtls/OrgnlPmtInfAndSts/TxInfAndSts")
    lines = [_line(element, ordinal) for ordinal, element in enumerate(message.records(), 1)]
    return Resolution(
        answer_id=_read.need(message.around, "Assgnmt/Id"),
        overall=_CONFIRMATIONS.get(_read.text(message.around, "Sts/Conf") or ""),
        answers=tuple(line for line in lines if isinstance(line, RecallAnswer)),
        faults=tuple(line for line in lines if isinstance(line, LineFault)),
    )


def _line(element: etree._Element, ordinal: int) -> RecallAnswer | LineFault:
    end_to_end_id = _read.text(element, "OrgnlEndToEndId")
    verdict = _VERDICTS.get(_read.text(element, "TxCxlSts") or "")
    if end_to_end_id is None or len(end_to_end_id) > 35:
        return LineFault(ordinal, None, "no_end_to_end_id")
    if verdict is None:
        return LineFault(ordinal, end_to_end_id, "status_unknown")
    reason = _read.first(element, "CxlStsRsnInf/Rsn")
    code = None if reason is None else _read.text(reason, "Cd") or _read.text(reason, "Prtry")
    return RecallAnswer(ordinal, end_to_end_id, verdict, code and code[:35])
