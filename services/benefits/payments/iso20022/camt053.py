"""Reading camt.053.001.08: the bank's statement of one account, which decides what was paid."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from lxml import etree

from services.benefits.payments.domain.statement import Entry, Statement
from services.benefits.payments.iso20022.reading import Reader, Unreadable, parse
from shared.clock import legal_date

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_read = Reader(NAMESPACE)


@dataclass(frozen=True, slots=True)
class StatementMessage:
    """A message with the one statement that it holds."""

    message_id: str
    statement: Statement


def read(raw: bytes) -> StatementMessage:
    """Return the statement.

    Raises:
        Unreadable: it is no camt.053.001.08 of one statement in VND, or something that decides is missing.
    """
    message = parse(raw, NAMESPACE, "BkToCstmrStmt")
    statements = _read.all(message, "Stmt")
    if len(statements) != 1:
        raise Unreadable("not exactly one statement")
    element = statements[0]
    if _read.text(element, "CpyDplctInd") is not None:
        raise Unreadable("a copy or duplicate of a statement")
    booked = [one for one in _read.all(element, "Ntry") if _read.text(one, "Sts/Cd") == "BOOK"]
    statement = Statement(
        statement_id=_read.need(element, "Id"),
        sequence=_read.whole(element, "ElctrncSeqNb"),
        account=_read.need(element, "Acct/Id/Othr/Id"),
        day=_day(_need_balance(element, "OPBD"), "Dt"),
        opening=_amount_of_balance(_need_balance(element, "OPBD")),
        closing=_amount_of_balance(_need_balance(element, "CLBD")),
        declared_credits=_summary(element, "TtlCdtNtries"),
        declared_debits=_summary(element, "TtlDbtNtries"),
        entries=tuple(_entry(one, ordinal) for ordinal, one in enumerate(booked, 1)),
    )
    return StatementMessage(_read.need(message, "GrpHdr/MsgId"), statement)


def _amount(element: etree._Element) -> int:
    amount = _read.first(element, "Amt")
    if amount is None or amount.get("Ccy") != "VND":
        raise Unreadable("an amount that is not in VND")
    return _read.whole(element, "Amt")


def _side(element: etree._Element) -> Literal["debit", "credit"]:
    code = _read.need(element, "CdtDbtInd")
    if code not in ("CRDT", "DBIT"):
        raise Unreadable("CdtDbtInd is neither CRDT nor DBIT")
    return "credit" if code == "CRDT" else "debit"


def _need_balance(statement: etree._Element, kind: str) -> etree._Element:
    for balance in _read.all(statement, "Bal"):
        if _read.text(balance, "Tp/CdOrPrtry/Cd") == kind:
            return balance
    raise Unreadable(f"without the balance {kind}")


def _amount_of_balance(balance: etree._Element) -> int:
    return _amount(balance) if _side(balance) == "credit" else -_amount(balance)


def _summary(statement: etree._Element, name: str) -> tuple[int, int] | None:
    summary = _read.first(statement, f"TxsSummry/{name}")
    if summary is None:
        return None
    return _read.whole(summary, "NbOfNtries"), _read.whole(summary, "Sum")


def _day(element: etree._Element, path: str) -> date:
    try:
        day = _read.text(element, f"{path}/Dt")
        if day is not None:
            return date.fromisoformat(day)
        return legal_date(datetime.fromisoformat(_read.need(element, f"{path}/DtTm")))
    except ValueError as error:
        raise Unreadable(f"{path} is no date") from error


def _entry(entry: etree._Element, ordinal: int) -> Entry:
    details = _read.all(entry, "NtryDtls/TxDtls")
    if len(details) > 1:
        raise Unreadable("an entry of several transactions")
    detail = details[0] if details else entry
    reason = _read.first(detail, "RtrInf/Rsn")
    reverses = _read.text(entry, "RvslInd") == "true"
    returned = reason is not None or reverses or _read.text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd") == "RRTN"
    return Entry(
        ordinal=ordinal,
        side=_side(entry),
        amount=_amount(entry),
        booked_on=_day(entry, "BookgDt"),
        end_to_end_id=_read.text(detail, "Refs/EndToEndId"),
        bank_reference=_read.text(entry, "AcctSvcrRef") or _read.text(entry, "NtryRef"),
        narrative=_read.text(detail, "RmtInf/Ustrd") or _read.text(entry, "AddtlNtryInf"),
        is_return=returned,
        return_reason=None if reason is None else _read.text(reason, "Cd") or _read.text(reason, "Prtry"),
    )
