"""Writing camt.055.001.08: one attempt that the bank is asked to cancel, or to call back. Same input, same bytes."""

from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from uuid import UUID

from lxml import etree

from services.benefits.payments.domain.payees import bank_name
from services.benefits.payments.iso20022.writing import write_text

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.055.001.08"

# The external cancellation codes (May 2025) that a payer has reason to give.
REASONS = ("DUPL", "CUST", "AC03", "AM09", "CURR", "AGNT", "TECH", "FRAD", "UPAY", "DT01")


@dataclass(frozen=True, slots=True)
class Recall:
    """A request: its own id, and the attempt as our pain.001 named it. `amount` is VND."""

    request_id: str
    created_at: datetime
    debtor: str
    bank_bin: str
    message_id: str
    end_to_end_id: str
    uetr: UUID
    amount: int
    execution_date: date
    reason: str


def write(recall: Recall) -> bytes:
    """Return the message."""
    target = BytesIO()
    with etree.xmlfile(target, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element("Document", nsmap={None: NAMESPACE}), xml.element("CstmrPmtCxlReq"):
            with xml.element("Assgnmt"):
                write_text(xml, "Id", recall.request_id)
                write_text(xml, "Assgnr/Pty/Nm", bank_name(recall.debtor))
                with xml.element("Assgne"), xml.element("Agt"), xml.element("FinInstnId"), xml.element("ClrSysMmbId"):
                    write_text(xml, "ClrSysId/Prtry", "NAPAS")
                    write_text(xml, "MmbId", recall.bank_bin)
                write_text(xml, "CreDtTm", recall.created_at.isoformat(timespec="seconds"))
            with xml.element("Undrlyg"), xml.element("OrgnlPmtInfAndCxl"):
                write_text(xml, "OrgnlPmtInfId", f"{recall.message_id}-01")
                with xml.element("OrgnlGrpInf"):
                    write_text(xml, "OrgnlMsgId", recall.message_id)
                    write_text(xml, "OrgnlMsgNmId", "pain.001.001.09")
                with xml.element("TxInf"):
                    write_text(xml, "CxlId", recall.request_id)
                    write_text(xml, "OrgnlInstrId", recall.end_to_end_id)
                    write_text(xml, "OrgnlEndToEndId", recall.end_to_end_id)
                    write_text(xml, "OrgnlUETR", recall.uetr)
                    with xml.element("OrgnlInstdAmt", Ccy="VND"):
                        xml.write(str(recall.amount))
                    write_text(xml, "OrgnlReqdExctnDt/Dt", recall.execution_date.isoformat())
                    write_text(xml, "CxlRsnInf/Rsn/Cd", recall.reason)
    return target.getvalue()
