"""What a bank refuses though the schema allows it: written bytes are read again and judged before they are sealed."""

from collections.abc import Mapping, Sequence

from lxml import etree

from services.benefits.payments.domain.payees import LONGEST_NAME
from services.benefits.payments.iso20022.forms import (
    ACCOUNT_NUMBER,
    BANK_BIN,
    IDENTIFIER,
    ULID,
    UUID4,
    VND,
    has_form,
    is_bank_text,
    is_date,
    is_instant,
)
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

_MOST = 100  # findings

_read = Reader(NAMESPACE)


class _Sums:
    """How many payments were read, and how much they are (VND); of the whole file and of its block."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def add(self, amount: str) -> None:
        """Count a payment; an amount that is none counts as nothing, and is a finding of its own."""
        self.count += 1
        self.total += int(amount) if has_form(VND, amount) else 0

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
            below = _read.below(transaction)
            sums.add(_said(below, "Amt/InstdAmt") or "")
            if len(found) < _MOST:
                found += [f"transaction {number}: {finding}" for finding in _transaction(below, seen)]
        return _header(message.around, sums) + found
    except Unreadable as error:
        return [str(error)]


def _header(message: etree._Element, sums: _Sums) -> list[str]:
    found = sums.findings(_read.first(message, "GrpHdr"), "group header")
    if not has_form(IDENTIFIER, _read.text(message, "GrpHdr/MsgId")):
        found.append("MsgId is not of A-Z, 0-9 and hyphens")
    if not is_instant(_read.text(message, "GrpHdr/CreDtTm")):
        found.append("CreDtTm is no instant with its offset")
    blocks = _read.all(message, "PmtInf")
    if len(blocks) != 1:
        return [*found, "not exactly one payment information"]
    return found + sums.findings(blocks[0], "payment information") + _payment_information(blocks[0])


def _payment_information(information: etree._Element) -> list[str]:
    wanted = {
        "PmtInfId": has_form(IDENTIFIER, _read.text(information, "PmtInfId")),
        "PmtMtd": _read.text(information, "PmtMtd") == "TRF",
        "ChrgBr": _read.text(information, "ChrgBr") == "DEBT",
        "CtgyPurp": _read.text(information, "PmtTpInf/CtgyPurp/Cd") in CATEGORY_PURPOSES,
        "ReqdExctnDt": is_date(_read.text(information, "ReqdExctnDt/Dt")),
        "Dbtr": is_bank_text(_read.text(information, "Dbtr/Nm"), LONGEST_NAME),
        "DbtrAcct": _read.text(information, "DbtrAcct/Id/Othr/Id"),
        "DbtrAcct/Ccy": _read.text(information, "DbtrAcct/Ccy") == "VND",
        "DbtrAgt": _read.text(information, "DbtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
    }
    return [f"{name} is missing or wrong" for name, right in wanted.items() if not right]


def _transaction(below: Mapping[str, Sequence[etree._Element]], seen: set[str]) -> list[str]:
    end_to_end_id = _said(below, "PmtId/EndToEndId") or ""
    amounts = below.get("Amt/InstdAmt", ())
    wanted = {
        "EndToEndId": ULID.fullmatch(end_to_end_id),
        "EndToEndId unique": end_to_end_id not in seen,
        "InstrId": _said(below, "PmtId/InstrId") == end_to_end_id,
        "UETR": has_form(UUID4, _said(below, "PmtId/UETR")),
        "InstdAmt": has_form(VND, amounts[0].text) if len(amounts) == 1 else False,
        "InstdAmt/Ccy": all(amount.get("Ccy") == "VND" for amount in amounts),
        "CdtrAgt": has_form(BANK_BIN, _said(below, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId")),
        "Cdtr": is_bank_text(_said(below, "Cdtr/Nm"), LONGEST_NAME),
        "CdtrAcct": has_form(ACCOUNT_NUMBER, _said(below, "CdtrAcct/Id/Othr/Id")),
        "Purp": _said(below, "Purp/Cd") in PURPOSES,
        "RmtInf": all(is_bank_text(narrative.text, 140) for narrative in below.get("RmtInf/Ustrd", ())),
        "UltmtCdtr": "UltmtCdtr/Id" not in below,  # a private id has no business at a bank
    }
    seen.add(end_to_end_id)
    return [f"{name} is missing or wrong" for name, right in wanted.items() if not right]


def _said(below: Mapping[str, Sequence[etree._Element]], path: str) -> str | None:
    """Return the text at a path, None where there is none, or more than one."""
    found = below.get(path, ())
    text = found[0].text if len(found) == 1 else None
    return text.strip() or None if text is not None else None
