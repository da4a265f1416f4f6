"""What a bank refuses though the schema allows it: written bytes are read again and judged before they are sealed."""

import re
from collections.abc import Collection
from datetime import date
from uuid import UUID

from lxml import etree

from services.benefits.payments.domain.payees import LONGEST_NAME
from services.benefits.payments.iso20022.pain001 import NAMESPACE
from services.benefits.payments.iso20022.reading import Reader, Unreadable, parse

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
_VND = re.compile(r"[1-9]\d{0,17}")

_read = Reader(NAMESPACE)


def findings(raw: bytes) -> list[str]:
    """Return everything that is wrong with a pain.001 of ours, empty when it may go out. Quotes no value."""
    try:
        message = parse(raw, NAMESPACE, "CstmrCdtTrfInitn")
    except Unreadable as error:
        return [str(error)]
    found = _totals(message) + _header(message)
    seen: set[str] = set()
    for information in _read.all(message, "PmtInf"):
        found += _payment_information(information)
        for number, transaction in enumerate(_read.all(information, "CdtTrfTxInf"), 1):
            found += [f"transaction {number}: {finding}" for finding in _transaction(transaction, seen)]
    return found


def _amounts(element: etree._Element, path: str) -> list[str]:
    return [amount.text or "" for amount in _read.all(element, path)]


def _total_findings(element: etree._Element, place: str, amounts: Collection[str]) -> list[str]:
    whole = [int(amount) for amount in amounts if _VND.fullmatch(amount)]
    declared = (_read.text(element, "NbOfTxs"), _read.text(element, "CtrlSum"))
    if declared != (str(len(amounts)), str(sum(whole))):
        return [f"{place}: count or control sum is not that of the transactions"]
    return []


def _totals(message: etree._Element) -> list[str]:
    header = _read.first(message, "GrpHdr")
    if header is None:
        return ["without a group header"]
    found = _total_findings(header, "group", _amounts(message, "PmtInf/CdtTrfTxInf/Amt/InstdAmt"))
    for information in _read.all(message, "PmtInf"):
        found += _total_findings(information, "payment information", _amounts(information, "CdtTrfTxInf/Amt/InstdAmt"))
    return found


def _header(message: etree._Element) -> list[str]:
    found = []
    if not _IDENTIFIER.fullmatch(_read.text(message, "GrpHdr/MsgId") or ""):
        found.append("MsgId is not of A-Z, 0-9 and hyphens")
    if len(_read.all(message, "PmtInf")) != 1:
        found.append("not exactly one payment information")
    return found


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
