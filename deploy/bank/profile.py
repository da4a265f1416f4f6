"""The grammar of a payment file: which elements of pain.001.001.09 this bank takes, in which order and number.

Each rule lists the children of one kind of element: `Name`, or `Name:Kind` where the rule has another name, with
`?` (may be missing), `*` (any number) or `+` (one or more). A rule that starts with `|` takes exactly one of its
children. An element without a rule holds text. The rules are a subset of the standard: what the standard allows and
the bank has no use for (IBAN, birth dates, cheques, taxes, foreign exchange) is refused.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from deploy.bank.refusal import Refused

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

_GRAMMAR = {
    "Document": "CstmrCdtTrfInitn",
    "CstmrCdtTrfInitn": "GrpHdr PmtInf+",
    "GrpHdr": "MsgId CreDtTm NbOfTxs CtrlSum InitgPty:Party FwdgAgt:Agent?",
    "PmtInf": "PmtInfId PmtMtd BtchBookg? NbOfTxs CtrlSum PmtTpInf? ReqdExctnDt Dbtr:Party DbtrAcct:Account"
    " DbtrAgt:Agent UltmtDbtr:Party? ChrgBr? CdtTrfTxInf+",
    "PmtTpInf": "InstrPrty? SvcLvl:Code* LclInstrm:Code? CtgyPurp:Code?",
    "ReqdExctnDt": "| Dt DtTm",
    "CdtTrfTxInf": "PmtId PmtTpInf? Amt ChrgBr? UltmtDbtr:Party? CdtrAgt:Agent Cdtr:Creditor CdtrAcct:Account"
    " UltmtCdtr:Party? Purp:Code RmtInf?",
    "PmtId": "InstrId? EndToEndId UETR?",
    "Amt": "InstdAmt",
    "RmtInf": "Ustrd*",
    "Party": "Nm? PstlAdr? Id:PartyId? CtryOfRes?",
    "Creditor": "Nm PstlAdr? Id:PartyId? CtryOfRes?",
    "PartyId": "| OrgId PrvtId",
    "OrgId": "AnyBIC? LEI? Othr*",
    "PrvtId": "Othr*",
    "Othr": "Id SchmeNm:Code? Issr?",
    "PstlAdr": "AdrTp:Code? Dept? SubDept? StrtNm? BldgNb? BldgNm? Flr? PstBx? Room? PstCd? TwnNm? TwnLctnNm?"
    " DstrctNm? CtrySubDvsn? Ctry? AdrLine*",
    "Account": "Id:AccountId Tp:Code? Ccy? Nm?",
    "AccountId": "| Othr",
    "Agent": "FinInstnId",
    "FinInstnId": "BICFI? ClrSysMmbId? LEI? Nm? PstlAdr?",
    "ClrSysMmbId": "ClrSysId:Code? MmbId",
    "Code": "| Cd Prtry",
}

_MISSING = {"CdtrAcct": "AC03", "Purp": "FF07", "CdtrAgt": "RC04", "EndToEndId": "FF08", "Nm": "BE22"}
"""Reasons more exact than CH21 for an element that is not there."""

_LATIN = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]+")
"""The characters that banks exchange: SWIFT set x without line breaks."""

_LONGEST_TEXT = 140


@dataclass(frozen=True)
class _Child:
    name: str
    kind: str
    least: int
    many: bool


@dataclass(frozen=True)
class _Rule:
    choice: bool
    children: tuple[_Child, ...]


def _child(token: str) -> _Child:
    name, _, kind = token.rstrip("?*+").partition(":")
    return _Child(name, kind or name, least=0 if token[-1] in "?*" else 1, many=token[-1] in "*+")


def _rule(text: str) -> _Rule:
    tokens = text.split()
    choice = tokens[0] == "|"
    return _Rule(choice, tuple(_child(token) for token in tokens[choice:]))


_RULES = {kind: _rule(text) for kind, text in _GRAMMAR.items()}
_PREFIX = f"{{{NAMESPACE}}}"


def check(document: etree._Element) -> None:
    """Check a whole document against the grammar and the character set.

    Raises:
        Refused: FF01 not a pain.001.001.09, CH17 element not taken here, CH21 and kin element missing, RR10 characters.
    """
    if document.tag != _PREFIX + "Document":
        raise Refused("FF01", f"the document is not a {NAMESPACE}")
    _check(document, "Document")


def _check(element: etree._Element, kind: str) -> None:
    if kind != "InstdAmt" and element.keys():
        raise Refused("FF01", f"{kind} carries an attribute")
    if kind not in _RULES:
        _check_text(element, kind)
        return
    children = list(element)
    kinds = _kinds(kind, tuple([child.tag for child in children]))
    _refuse_stray_text(element.text, kind)
    for child, child_kind in zip(children, kinds, strict=True):
        _refuse_stray_text(child.tail, kind)
        _check(child, child_kind)


def _refuse_stray_text(text: str | None, kind: str) -> None:
    if text and not text.isspace():
        raise Refused("FF01", f"{kind} holds text beside its elements")


@lru_cache(maxsize=4096)  # the transactions of a file look alike
def _kinds(kind: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kind of each child of an element of this kind, whose children have these tags."""
    names = [_name(tag, kind) for tag in tags]
    kinds: list[str] = []
    for child in _expected(_RULES[kind], names, kind):
        start = len(kinds)
        while len(kinds) < len(names) and names[len(kinds)] == child.name and (child.many or len(kinds) == start):
            kinds.append(child.kind)
        if len(kinds) == start and child.least:
            raise _missing_or_misplaced(child.name, kind, names)
    if len(kinds) < len(names):
        raise Refused("CH17", f"{names[len(kinds)]} is not taken at this place of {kind}")
    return tuple(kinds)


def _expected(rule: _Rule, names: list[str], kind: str) -> tuple[_Child, ...]:
    if not rule.choice:
        return rule.children
    if not names:
        raise Refused("CH21", f"{kind} is empty")
    chosen = tuple(child for child in rule.children if child.name == names[0])
    if not chosen:
        raise Refused("CH17", f"{names[0]} is not taken in {kind}")
    return chosen


def _name(tag: object, kind: str) -> str:
    if not isinstance(tag, str):
        raise Refused("FF01", f"{kind} holds a comment or a processing instruction")
    if not tag.startswith(_PREFIX):
        raise Refused("FF01", f"{kind} holds an element of another namespace")
    return tag.removeprefix(_PREFIX)


def _missing_or_misplaced(name: str, kind: str, names: list[str]) -> Refused:
    if name in names:
        return Refused("FF01", f"{name} is not at its place in {kind}")
    return Refused(_MISSING.get(name, "CH21"), f"{kind} has no {name}")


def _check_text(element: etree._Element, kind: str) -> None:
    if len(element):
        raise Refused("CH17", f"{kind} holds elements where it must hold text")
    text = element.text or ""
    if not text.strip():
        raise Refused(_MISSING.get(kind, "CH21"), f"{kind} is empty")
    if not _LATIN.fullmatch(text):
        raise Refused("RR10", f"{kind} has characters outside the set that banks exchange")
    if len(text) > _LONGEST_TEXT:
        raise Refused("CH16", f"{kind} is longer than {_LONGEST_TEXT} characters")
