"""Writing account statements (camt.053.001.08): booked entries between two balances that chain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lxml import etree

from deploy.bank.codes import REASONS, VND
from deploy.bank.elements import Message, local, local_day

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"

_DEBIT_FAMILIES = {"payment": ("ICDT", "DMCT"), "return": ("ICDT", "RRTN"), "fee": ("ICDT", "CHRG")}
_CREDIT_FAMILIES = {"payment": ("RCDT", "DMCT"), "return": ("ICDT", "RRTN"), "credit": ("RCDT", "DMCT")}


@dataclass(frozen=True)
class Entry:
    """One booked entry: `amount` VND, positive for a credit. `at` is UTC text, `reference` the bank's own."""

    kind: str
    amount: int
    at: str
    reference: str
    end_to_end_id: str | None
    payment_information_id: str | None
    instruction_id: str | None
    uetr: str | None
    return_reason: str | None
    text: str | None
    reversal: bool = False


@dataclass(frozen=True)
class Statement:
    """A closed statement of one account; balances in VND, instants as UTC text."""

    id: str
    account: str
    bic: str
    sequence: int
    opening: int
    closing: int
    opened_at: str
    closed_at: str
    entries: Sequence[Entry]


def write(statement: Statement, *, batches: bool = False) -> bytes:
    """Return the statement as bytes; the same statement always gives the same bytes.

    With `batches`, payments of a block are one entry without the ids of any.
    """
    message = Message(NAMESPACE, "BkToCstmrStmt")
    header = message.add(message.body, "GrpHdr")
    message.add(header, "MsgId", statement.id)
    message.add(header, "CreDtTm", local(statement.closed_at))
    body = message.add(message.body, "Stmt")
    message.add(body, "Id", statement.id)
    message.add(body, "ElctrncSeqNb", statement.sequence)
    message.add(body, "CreDtTm", local(statement.closed_at))
    period = message.add(body, "FrToDt")
    message.add(period, "FrDtTm", local(statement.opened_at))
    message.add(period, "ToDtTm", local(statement.closed_at))
    add_account(message, body, statement)
    _add_balance(message, body, "OPBD", statement.opening, statement.opened_at)
    _add_balance(message, body, "CLBD", statement.closing, statement.closed_at)
    shown = as_shown(statement.entries) if batches else [(entry, [entry]) for entry in statement.entries]
    _add_summary(message, body, [entry for entry, _ in shown])
    for number, (entry, parts) in enumerate(shown, start=1):
        element = add_entry(message, body, number, entry)
        if len(parts) > 1:
            add_batch(message, message.add(element, "NtryDtls"), parts)
        else:
            add_details(message, message.add(element, "NtryDtls"), entry)
    return message.serialise()


def as_shown(entries: Sequence[Entry]) -> list[tuple[Entry, list[Entry]]]:
    """Return entries as a bank shows them that books in batches, each with the entries that it stands for."""
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        block = entry.payment_information_id if entry.kind == "payment" else None
        groups.setdefault(block or entry.reference, []).append(entry)
    return [(replace(parts[0], amount=sum(part.amount for part in parts)), parts) for parts in groups.values()]


def add_account(message: Message, body: etree._Element, statement: Statement) -> None:
    """Append whose account it is."""
    account = message.add(body, "Acct")
    message.add(account, "Id/Othr/Id", statement.account)
    message.add(account, "Ccy", VND)
    message.add(account, "Svcr/FinInstnId/BICFI", statement.bic)


def _add_balance(message: Message, body: etree._Element, code: str, amount: int, at: str) -> None:
    element = message.add(body, "Bal")
    message.add(element, "Tp/CdOrPrtry/Cd", code)
    message.add_amount(element, amount)
    message.add(element, "Dt/Dt", local_day(at))


def _add_summary(message: Message, body: etree._Element, entries: Sequence[Entry]) -> None:
    summary = message.add(body, "TxsSummry")
    for name, sign in (("TtlCdtNtries", 1), ("TtlDbtNtries", -1)):
        amounts = [abs(entry.amount) for entry in entries if entry.amount * sign > 0]
        total = message.add(summary, name)
        message.add(total, "NbOfNtries", len(amounts))
        message.add(total, "Sum", sum(amounts))


def add_entry(message: Message, body: etree._Element, number: int, entry: Entry) -> etree._Element:
    """Append an entry without its details, and return it."""
    element = message.add(body, "Ntry")
    message.add(element, "NtryRef", number)
    message.add_amount(element, entry.amount)
    if entry.reversal:
        message.add(element, "RvslInd", "true")
    message.add(element, "Sts/Cd", "BOOK")
    message.add(element, "BookgDt/Dt", local_day(entry.at))
    message.add(element, "ValDt/Dt", local_day(entry.at))
    message.add(element, "AcctSvcrRef", entry.reference)
    family, sub_family = (_DEBIT_FAMILIES if entry.amount < 0 else _CREDIT_FAMILIES)[entry.kind]
    domain = message.add(element, "BkTxCd/Domn")
    message.add(domain, "Cd", "PMNT")
    message.add(domain, "Fmly/Cd", family)
    domain_family = domain[-1]
    message.add(domain_family, "SubFmlyCd", sub_family)
    return element


def add_batch(message: Message, details: etree._Element, parts: Sequence[Entry]) -> None:
    """Append what a batch sums up."""
    batch = message.add(details, "Btch")
    message.add_given(batch, "PmtInfId", parts[0].payment_information_id)
    message.add(batch, "NbOfTxs", len(parts))
    message.add(batch, "TtlAmt", abs(sum(part.amount for part in parts))).set("Ccy", VND)
    message.add(batch, "CdtDbtInd", "DBIT" if parts[0].amount < 0 else "CRDT")


def add_details(message: Message, element: etree._Element, entry: Entry) -> None:
    """Append the details of one transaction."""
    details = message.add(element, "TxDtls")
    references = message.add(details, "Refs")
    message.add(references, "AcctSvcrRef", entry.reference)
    message.add_given(references, "PmtInfId", entry.payment_information_id)
    message.add_given(references, "InstrId", entry.instruction_id)
    message.add_given(references, "EndToEndId", entry.end_to_end_id)
    message.add_given(references, "UETR", entry.uetr)
    message.add_amount(details, entry.amount)
    message.add_given(details, "RmtInf/Ustrd", entry.text)
    if entry.return_reason:
        returned = message.add(details, "RtrInf")
        message.add(returned, "Rsn/Cd", entry.return_reason)
        message.add_given(returned, "AddtlInf", REASONS.get(entry.return_reason))
