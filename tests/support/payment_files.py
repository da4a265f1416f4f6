"""Payment files (pain.001) and requests to cancel (camt.055) written by hand, independently of both sides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

PAYER = "1900201000017"


@dataclass(frozen=True)
class Pay:
    """One payment: whole VND to an account at the bank with this NAPAS member id."""

    amount: int = 500_000
    account: str = "3120205123456"
    bin: str = "970436"
    end_to_end_id: str = field(default_factory=lambda: uuid4().hex.upper())
    uetr: str = field(default_factory=lambda: str(uuid4()))


def message_id() -> str:
    """Return a message id that no other test uses."""
    return f"TEST-{uuid4().hex[:20].upper()}"


def payment_file(message: str, payments: Sequence[Pay], payer: str = PAYER) -> bytes:
    """Return a file of one block that pays from the account `payer`."""
    totals = f"<NbOfTxs>{len(payments)}</NbOfTxs><CtrlSum>{sum(pay.amount for pay in payments)}</CtrlSum>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>\n'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-11-24T08:15:00+07:00</CreDtTm>{totals}"
        "<InitgPty><Nm>UY BAN NHAN DAN XA</Nm></InitgPty></GrpHdr>\n"
        f"<PmtInf><PmtInfId>{message}-1</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg>{totals}"
        "<PmtTpInf><InstrPrty>NORM</InstrPrty><CtgyPurp><Cd>SSBE</Cd></CtgyPurp></PmtTpInf>"
        "<ReqdExctnDt><Dt>2026-11-24</Dt></ReqdExctnDt>"
        "<Dbtr><Nm>UY BAN NHAN DAN XA</Nm><PstlAdr><Ctry>VN</Ctry></PstlAdr></Dbtr>"
        f"<DbtrAcct><Id><Othr><Id>{payer}</Id></Othr></Id><Ccy>VND</Ccy></DbtrAcct>"
        "<DbtrAgt><FinInstnId><BICFI>VBAAVNVX</BICFI></FinInstnId></DbtrAgt><ChrgBr>DEBT</ChrgBr>\n"
        + "\n".join(_transaction(pay) for pay in payments)
        + "</PmtInf></CstmrCdtTrfInitn></Document>\n"
    ).encode()


def cancellation(id_: str, file: str, ids: Sequence[str]) -> bytes:
    """Return a camt.055 that names payments of a file by their EndToEndId."""
    payments = "".join(
        f"<TxInf><CxlId>{id_}-{number}</CxlId><OrgnlEndToEndId>{one}</OrgnlEndToEndId>"
        "<CxlRsnInf><Rsn><Cd>DUPL</Cd></Rsn></CxlRsnInf></TxInf>"
        for number, one in enumerate(ids, start=1)
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.055.001.08"><CstmrPmtCxlReq><Assgnmt>'
        f"<Id>{id_}</Id><Assgnr><Pty><Nm>SO Y TE</Nm></Pty></Assgnr>"
        "<Assgne><Agt><FinInstnId><BICFI>VBAAVNVX</BICFI></FinInstnId></Agt></Assgne>"
        "<CreDtTm>2026-11-23T09:00:00+07:00</CreDtTm></Assgnmt><Undrlyg><OrgnlPmtInfAndCxl>"
        f"<OrgnlPmtInfId>{file}-1</OrgnlPmtInfId><OrgnlGrpInf><OrgnlMsgId>{file}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInf>{payments}"
        "</OrgnlPmtInfAndCxl></Undrlyg></CstmrPmtCxlReq></Document>"
    ).encode()


def _transaction(pay: Pay) -> str:
    return (
        f"<CdtTrfTxInf><PmtId><InstrId>{pay.end_to_end_id}</InstrId><EndToEndId>{pay.end_to_end_id}</EndToEndId>"
        f'<UETR>{pay.uetr}</UETR></PmtId><Amt><InstdAmt Ccy="VND">{pay.amount}</InstdAmt></Amt>'
        "<CdtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Prtry>NAPAS</Prtry></ClrSysId>"
        f"<MmbId>{pay.bin}</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>"
        f"<Cdtr><Nm>HOANG THI MAY</Nm></Cdtr><CdtrAcct><Id><Othr><Id>{pay.account}</Id></Othr></Id></CdtrAcct>"
        "<Purp><Cd>SSBE</Cd></Purp><RmtInf><Ustrd>TRO CAP THANG 11/2026</Ustrd></RmtInf></CdtTrfTxInf>"
    )
