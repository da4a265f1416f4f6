"""Writing pain.001.001.09: one debtor account, one day, one programme. The same input gives the same bytes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import IO, Any
from uuid import UUID

from lxml import etree

from services.benefits.payments.domain.payees import bank_name
from services.benefits.payments.iso20022.reading import Message, Reader
from services.benefits.payments.iso20022.writing import write_text

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_ACCOUNT_SCHEME = "BBAN"  # Viet Nam has no IBAN
_CLEARING = "NAPAS"


@dataclass(frozen=True, slots=True)
class Debtor:
    """The account that pays, and whose it is. `bank_bin` is the NAPAS number of its bank."""

    name: str
    account_number: str
    bank_bin: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment. `amount` is VND; `end_to_end_id` is a ULID, `uetr` a UUID of version 4."""

    end_to_end_id: str
    uetr: UUID
    amount: int
    bank_bin: str
    account_number: str
    holder_name: str


@dataclass(frozen=True, slots=True)
class Heading:
    """All that a file says beside its payments; `count` and `total` (VND) are what it declares of them.

    `purpose` and `category_purpose` are external codes; `narrative` has no personal data.
    """

    message_id: str
    created_at: datetime
    execution_date: date
    debtor: Debtor
    purpose: str
    category_purpose: str
    narrative: str
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A file whose payments are all at hand."""

    message_id: str
    created_at: datetime
    execution_date: date
    debtor: Debtor
    purpose: str
    category_purpose: str
    narrative: str
    transfers: Sequence[Transfer]

    @property
    def total(self) -> int:
        """The control sum, in VND."""
        return sum(transfer.amount for transfer in self.transfers)

    @property
    def heading(self) -> Heading:
        """What it says beside its payments."""
        return Heading(
            self.message_id,
            self.created_at,
            self.execution_date,
            self.debtor,
            self.purpose,
            self.category_purpose,
            self.narrative,
            len(self.transfers),
            self.total,
        )


class WrongTotals(ValueError):
    """The payments are not as many, or not as much, as the heading declares."""


def write(file: PaymentFile) -> bytes:
    """Return the message. Takes long for many transfers: not for the event loop."""
    target = BytesIO()
    write_to(target, file.heading, file.transfers)
    return target.getvalue()


def write_to(target: IO[bytes], heading: Heading, transfers: Iterable[Transfer]) -> None:
    """Write the message as its payments come; never more than one of them is held.

    Raises:
        WrongTotals: they are not what the heading declares; what was written so far is no message.
    """
    count = total = 0
    with etree.xmlfile(target, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element("Document", nsmap={None: NAMESPACE}), xml.element("CstmrCdtTrfInitn"):
            _group_header(xml, heading)
            with xml.element("PmtInf"):
                _payment_information(xml, heading)
                transaction = _Transaction(heading)
                for transfer in transfers:
                    xml.write(transaction.of(transfer))
                    count, total = count + 1, total + transfer.amount
    if (count, total) != (heading.count, heading.total):
        raise WrongTotals("the payments are not those that the heading declares")


def _totals(xml: Any, heading: Heading) -> None:
    write_text(xml, "NbOfTxs", heading.count)
    write_text(xml, "CtrlSum", heading.total)


def _group_header(xml: Any, heading: Heading) -> None:
    with xml.element("GrpHdr"):
        write_text(xml, "MsgId", heading.message_id)
        write_text(xml, "CreDtTm", heading.created_at.isoformat(timespec="seconds"))
        _totals(xml, heading)
        write_text(xml, "InitgPty/Nm", bank_name(heading.debtor.name))


def _account(xml: Any, element: str, number: str, currency: str | None = None) -> None:
    with xml.element(element):
        with xml.element("Id"), xml.element("Othr"):
            write_text(xml, "Id", number)
            write_text(xml, "SchmeNm/Cd", _ACCOUNT_SCHEME)
        if currency:
            write_text(xml, "Ccy", currency)


def _agent(xml: Any, element: str, bank_bin: str) -> None:
    with xml.element(element), xml.element("FinInstnId"), xml.element("ClrSysMmbId"):
        write_text(xml, "ClrSysId/Prtry", _CLEARING)
        write_text(xml, "MmbId", bank_bin)


def _payment_information(xml: Any, heading: Heading) -> None:
    write_text(xml, "PmtInfId", f"{heading.message_id}-01")
    write_text(xml, "PmtMtd", "TRF")
    write_text(xml, "BtchBookg", "false")  # each payment is a line of its own on the statement
    _totals(xml, heading)
    with xml.element("PmtTpInf"):
        write_text(xml, "InstrPrty", "NORM")
        write_text(xml, "CtgyPurp/Cd", heading.category_purpose)
    write_text(xml, "ReqdExctnDt/Dt", heading.execution_date.isoformat())
    with xml.element("Dbtr"):
        write_text(xml, "Nm", bank_name(heading.debtor.name))
        write_text(xml, "PstlAdr/Ctry", "VN")
    _account(xml, "DbtrAcct", heading.debtor.account_number, "VND")
    _agent(xml, "DbtrAgt", heading.debtor.bank_bin)
    write_text(xml, "ChrgBr", "DEBT")  # who is helped receives the whole amount


class _Transaction:
    """The element of one payment, made once a file and filled anew for each: what is the same in all stays in it."""

    def __init__(self, heading: Heading) -> None:
        self.element = etree.Element("CdtTrfTxInf")
        names = ("PmtId/InstrId", "PmtId/EndToEndId", "PmtId/UETR", "Amt/InstdAmt")
        self._instruction_id, self._end_to_end_id, self._uetr, self._amount = map(self._leaf, names)
        self._amount.set("Ccy", "VND")
        agent = "CdtrAgt/FinInstnId/ClrSysMmbId"
        self._leaf(f"{agent}/ClrSysId/Prtry").text = _CLEARING
        self._bank_bin = self._leaf(f"{agent}/MmbId")
        self._name = self._leaf("Cdtr/Nm")
        self._number = self._leaf("CdtrAcct/Id/Othr/Id")
        self._leaf("CdtrAcct/Id/Othr/SchmeNm/Cd").text = _ACCOUNT_SCHEME
        self._leaf("Purp/Cd").text = heading.purpose
        self._leaf("RmtInf/Ustrd").text = heading.narrative

    def _leaf(self, path: str) -> etree._Element:
        """Return the new element at the end of a path; those before it are made where they are missing."""
        parent = self.element
        *before, last = path.split("/")
        for name in before:
            found = parent.find(name)
            parent = etree.SubElement(parent, name) if found is None else found
        return etree.SubElement(parent, last)

    def of(self, transfer: Transfer) -> etree._Element:
        """Return the element, filled with a payment."""
        self._instruction_id.text = self._end_to_end_id.text = transfer.end_to_end_id
        self._uetr.text = str(transfer.uetr)
        self._amount.text = str(transfer.amount)
        self._bank_bin.text = transfer.bank_bin
        self._name.text = bank_name(transfer.holder_name)
        self._number.text = transfer.account_number
        return self.element


_read = Reader(NAMESPACE)


def transfers_of(raw: bytes) -> list[Transfer]:
    """Return the payments of a file of ours, names as the bank reads them.

    Raises:
        Unreadable: it is none of ours.
    """
    message = Message(raw, NAMESPACE, "CstmrCdtTrfInitn", "PmtInf/CdtTrfTxInf")
    return [
        Transfer(
            end_to_end_id=_read.need(one, "PmtId/EndToEndId"),
            uetr=UUID(_read.need(one, "PmtId/UETR")),
            amount=_read.whole(one, "Amt/InstdAmt"),
            bank_bin=_read.need(one, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
            account_number=_read.need(one, "CdtrAcct/Id/Othr/Id"),
            holder_name=_read.need(one, "Cdtr/Nm"),
        )
        for one in message.records()
    ]
