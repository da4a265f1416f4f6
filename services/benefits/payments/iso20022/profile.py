"""What a bank refuses though the schema allows it: written bytes are read again and judged before they are sealed."""

import re
from datetime import date, datetime
from uuid import UUID

from lxml import etree

from services.benefits.payments.domain.payees import LONGEST_NAME
from services.benefits.payments.iso20022.pain001 import NAMESPACE
from services.benefits.payments.iso20022.reading import Message, Reader, Unreadable

# The external codes (May 2025) that a public payer may use.
PURPOSES = frozenset(
    [
        "SSBE",
        "BENE",
        "GAFA",
        "GAHO",
        "ALLW",
        "BBSC",
        "PENS",
        "EDUC",
        "STDY",
        "AEMP",
        "RHBS",
        "CHAR",
        "GWLT",
        "GOVT",
        "LOAN",
        "LOAR",
        "REFU",
        "RIMB",
        "OTHR",
    ]
)
CATEGORY_PURPOSES = frozenset(["SSBE", "GOVT", "LOAN", "PENS", "SALA", "CASH", "OTHR", "SUPP"])

_IDENTIFIER = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,33}[A-Z0-9])?")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_BANK_TEXT = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]+")
_MOST = 100  # findings
_VND = re.compile(r"[1-9]\d{0,17}")

_read = Reader(NAMESPACE)


class _Sums:
    """How many payments were read, and how much they are (VND); of the whole file and of its block."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def add(self, amount: str) -> None:
        """Count a payment; an amount that is none counts as nothing, and is a finding of its own."""
        self.count += 1
        self.total += int(amount) if _VND.fullmatch(amount) else 0

    def findings(self, element: etree._Element | None, place: str) -> list[str]:
        """Return what is wrong with the totals that an element declares."""
        if element is None:
            return [f"{place} is missing"]
        declared = (_read.text(element, "NbOfTxs"), _read.text(element, "CtrlSum"))
        right = declared == (str(self.count), str(self.total))
        return [] if right else [f"{place}: count or control sum is not that of the transactions"]


def findings(raw: bytes) -> list[str]:
    """Return what is wrong with a pain.001 of ours, empty when it may go out; it quotes no value.

    The message is read as it streams. What is wrong with more than `_MOST` transactions is said of the first ones.
    """
    message = Message(raw, NAMESPACE, "CstmrCdtTrfInitn", "PmtInf/CdtTrfTxInf")
    sums, seen, found = _Sums(), set[str](), list[str]()
    try:
        for number, transaction in enumerate(message.records(), 1):
            sums.add(_read.text(transaction, "Amt/InstdAmt") or "")
            if len(found) < _MOST:
                found += [f"transaction {number}: {finding}" for finding in _transaction(transaction, seen)]
        return _header(message.around, sums) + found
    except Unreadable as error:
        return [str(error)]


def _header(message: etree._Element, sums: _Sums) -> list[str]:
    found = sums.findings(_read.first(message, "GrpHdr"), "group header")
    if not _IDENTIFIER.fullmatch(_read.text(message, "GrpHdr/MsgId") or ""):
        found.append("MsgId is not of A-Z, 0-9 and hyphens")
    if not _is_instant(_read.text(message, "GrpHdr/CreDtTm")):
        found.append("CreDtTm is no instant with its offset")
    blocks = _read.all(message, "PmtInf")
    if len(blocks) != 1:
        return [*found, "not exactly one payment information"]
    return found + sums.findings(blocks[0], "payment information") + _payment_information(blocks[0])


def _is_instant(text: str | None) -> bool:
    try:
        return text is not None and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _payment_information(information: etree._Element) -> list[str]:
    wanted = {
        "PmtInfId": _IDENTIFIER.fullmatch(_read.text(information, "PmtInfId") or ""),
        "PmtMtd": _read.text(information, "PmtMtd") == "TRF",
        "ChrgBr": _read.text(information, "ChrgBr") == "DEBT",
        "CtgyPurp": _read.text(information, "PmtTpInf/CtgyPurp/Cd") in CATEGORY_PURPOSES,
        "ReqdExctnDt": _is_date(_read.text(information, "ReqdExctnDt/Dt")),
        "Dbtr": _is_bank_text(_read.text(information, "Dbtr/Nm"), LONGEST_NAME),
        "DbtrAcct": _read.text(information, "DbtrAcct/Id/Othr/Id"),
        "DbtrAcct/Ccy": _read.text(information, "DbtrAcct/Ccy") == "VND",
        "DbtrAgt": _read.text(information, "DbtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
    }
    return [f"{name} is missing or wrong" for name, right in wanted.items() if not right]


def _transaction(transaction: etree._Element, seen: set[str]) -> list[str]:
    end_to_end_id = _read.text(transaction, "PmtId/EndToEndId") or ""
    amount = _read.first(transaction, "Amt/InstdAmt")
    narratives = [narrative.text for narrative in _read.all(transaction, "RmtInf/Ustrd")]
    wanted = {
        "EndToEndId": _ULID.fullmatch(end_to_end_id),
        "EndToEndId unique": end_to_end_id not in seen,
        "InstrId": _read.text(transaction, "PmtId/InstrId") == end_to_end_id,
        "UETR": _is_uuid4(_read.text(transaction, "PmtId/UETR")),
        "InstdAmt": amount is not None and _VND.fullmatch(amount.text or ""),
        "InstdAmt/Ccy": amount is not None and amount.get("Ccy") == "VND",
        "CdtrAgt": re.fullmatch(r"\d{6}", _read.text(transaction, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") or ""),
        "Cdtr": _is_bank_text(_read.text(transaction, "Cdtr/Nm"), LONGEST_NAME),
        "CdtrAcct": re.fullmatch(r"[A-Za-z0-9]{6,19}", _read.text(transaction, "CdtrAcct/Id/Othr/Id") or ""),
        "Purp": _read.text(transaction, "Purp/Cd") in PURPOSES,
        "RmtInf": all(_is_bank_text(narrative, 140) for narrative in narratives),
        "UltmtCdtr": _read.first(transaction, "UltmtCdtr/Id") is None,  # a private id has no business at a bank
    }
    seen.add(end_to_end_id)
    return [f"{name} is missing or wrong" for name, right in wanted.items() if not right]


def _is_bank_text(text: str | None, longest: int) -> bool:
    return text is not None and len(text) <= longest and _BANK_TEXT.fullmatch(text) is not None


def _is_date(text: str | None) -> bool:
    try:
        return text is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_uuid4(text: str | None) -> bool:
    try:
        return text is not None and str(UUID(text)) == text and UUID(text).version == 4
    except ValueError:
        return False
