"""Writing pain.001.001.09: one debtor account, one day, one programme. The same input gives the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from lxml import etree

from services.benefits.payments.domain.payees import bank_name
from services.benefits.payments.iso20022.writing import write_text

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


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
class PaymentFile:
    """All that a file says. `purpose` and `category_purpose` are external codes; `narrative` has no personal data."""

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


def write(file: PaymentFile) -> bytes:
    """Return the message. Takes long for many transfers: not for the event loop."""
    target = BytesIO()
    with etree.xmlfile(target, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element("Document", nsmap={None: NAMESPACE}), xml.element("CstmrCdtTrfInitn"):
            _group_header(xml, file)
            with xml.element("PmtInf"):
                _payment_information(xml, file)
                for transfer in file.transfers:
                    _transfer(xml, file, transfer)
    return target.getvalue()


def _totals(xml: Any, file: PaymentFile) -> None:
    write_text(xml, "NbOfTxs", len(file.transfers))
    write_text(xml, "CtrlSum", file.total)


def _group_header(xml: Any, file: PaymentFile) -> None:
    with xml.element("GrpHdr"):
        write_text(xml, "MsgId", file.message_id)
        write_text(xml, "CreDtTm", file.created_at.isoformat(timespec="seconds"))
        _totals(xml, file)
        write_text(xml, "InitgPty/Nm", bank_name(file.debtor.name))


def _account(xml: Any, element: str, number: str, currency: str | None = None) -> None:
    with xml.element(element):
        with xml.element("Id"), xml.element("Othr"):
            write_text(xml, "Id", number)
            write_text(xml, "SchmeNm/Cd", "BBAN")  # Viet Nam has no IBAN
        if currency:
            write_text(xml, "Ccy", currency)


def _agent(xml: Any, element: str, bank_bin: str) -> None:
    with xml.element(element), xml.element("FinInstnId"), xml.element("ClrSysMmbId"):
        write_text(xml, "ClrSysId/Prtry", "NAPAS")
        write_text(xml, "MmbId", bank_bin)


def _payment_information(xml: Any, file: PaymentFile) -> None:
    write_text(xml, "PmtInfId", f"{file.message_id}-01")
    write_text(xml, "PmtMtd", "TRF")
    write_text(xml, "BtchBookg", "false")  # each payment is a line of its own on the statement
    _totals(xml, file)
    with xml.element("PmtTpInf"):
        write_text(xml, "InstrPrty", "NORM")
        write_text(xml, "CtgyPurp/Cd", file.category_purpose)
    write_text(xml, "ReqdExctnDt/Dt", file.execution_date.isoformat())
    with xml.element("Dbtr"):
        write_text(xml, "Nm", bank_name(file.debtor.name))
        write_text(xml, "PstlAdr/Ctry", "VN")
    _account(xml, "DbtrAcct", file.debtor.account_number, "VND")
    _agent(xml, "DbtrAgt", file.debtor.bank_bin)
    write_text(xml, "ChrgBr", "DEBT")  # who is helped receives the whole amount


def _transfer(xml: Any, file: PaymentFile, transfer: Transfer) -> None:
    with xml.element("CdtTrfTxInf"):
        with xml.element("PmtId"):
            write_text(xml, "InstrId", transfer.end_to_end_id)
            write_text(xml, "EndToEndId", transfer.end_to_end_id)
            write_text(xml, "UETR", transfer.uetr)
        with xml.element("Amt"), xml.element("InstdAmt", Ccy="VND"):
            xml.write(str(transfer.amount))
        _agent(xml, "CdtrAgt", transfer.bank_bin)
        write_text(xml, "Cdtr/Nm", bank_name(transfer.holder_name))
        _account(xml, "CdtrAcct", transfer.account_number)
        write_text(xml, "Purp/Cd", file.purpose)
        write_text(xml, "RmtInf/Ustrd", file.narrative)
