"""Payment files of ours, and what a bank would answer, for tests."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.benefits.payments.iso20022.camt055 import Recall
from services.benefits.payments.iso20022.pain001 import Debtor, PaymentFile, Transfer, write
from shared.clock import VIETNAM

FIRST = Transfer(
    "01KEZ8Q0M1X3J5V7T9B2D4F6H8",
    UUID("7f3c1b2a-9d4e-4c6f-8a1b-2c3d4e5f6a7b"),
    500_000,
    "970405",
    "3120205123456",
    "Đặng Văn Đức",
)
SECOND = Transfer(
    "01KEZ8Q0M2A4C6E8G0J2M4P6R8",
    UUID("0b1c2d3e-4f5a-4b6c-9d7e-8f9a0b1c2d3e"),
    860_000,
    "970436",
    "0071001234567",
    "H’Hen Niê",
)


def payment_file(transfers: Sequence[Transfer] = (FIRST, SECOND)) -> PaymentFile:
    """Return a file of the transfers."""
    return PaymentFile(
        message_id="PHUTHO-01-20261123-0001-A",
        created_at=datetime(2026, 11, 23, 8, 30, tzinfo=VIETNAM),
        execution_date=date(2026, 11, 23),
        debtor=Debtor("Sở Y tế tỉnh Phú Thọ", "1900999988887777", "970405"),
        purpose="SSBE",
        category_purpose="SSBE",
        narrative="TRO CAP XH NGUOI CAO TUOI",
        transfers=transfers,
    )


RECALL = Recall(
    request_id="RCL-01KEZ8Q0M1X3J5V7T9B2D4F6H8",
    created_at=payment_file().created_at,
    debtor="Sở Y tế tỉnh Phú Thọ",
    bank_bin="970405",
    message_id=payment_file().message_id,
    end_to_end_id=FIRST.end_to_end_id,
    uetr=FIRST.uetr,
    amount=FIRST.amount,
    execution_date=payment_file().execution_date,
    reason="DUPL",
)
"""A request to call the first payment of the file back."""


def written(transfers: Sequence[Transfer] = (FIRST, SECOND)) -> bytes:
    """Return a file of the transfers as bytes."""
    return write(payment_file(transfers))


PAIN_002 = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2026-11-23T09:05:12+07:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>PHUTHO-01-20261123-0001-A</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
<OrgnlNbOfTxs>2</OrgnlNbOfTxs><OrgnlCtrlSum>1360000</OrgnlCtrlSum><GrpSts>PART</GrpSts>
<NbOfTxsPerSts><DtldNbOfTxs>1</DtldNbOfTxs><DtldSts>ACSP</DtldSts></NbOfTxsPerSts>
<NbOfTxsPerSts><DtldNbOfTxs>1</DtldNbOfTxs><DtldSts>RJCT</DtldSts></NbOfTxsPerSts></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>PHUTHO-01-20261123-0001-A-01</OrgnlPmtInfId>
<TxInfAndSts><OrgnlEndToEndId>01KEZ8Q0M1X3J5V7T9B2D4F6H8</OrgnlEndToEndId><TxSts>ACSP</TxSts>\
<AcctSvcrRef>FT1</AcctSvcrRef></TxInfAndSts>
<TxInfAndSts><OrgnlEndToEndId>01KEZ8Q0M2A4C6E8G0J2M4P6R8</OrgnlEndToEndId><TxSts>RJCT</TxSts>\
<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>
</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""

CAMT_053 = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>STMT-16</MsgId><CreDtTm>2026-11-23T23:59:59+07:00</CreDtTm></GrpHdr>
<Stmt><Id>1900999988887777-16</Id><ElctrncSeqNb>16</ElctrncSeqNb><CreDtTm>2026-11-23T23:59:59+07:00</CreDtTm>
<Acct><Id><Othr><Id>1900999988887777</Id></Othr></Id><Ccy>VND</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="VND">5000000</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
<Dt><Dt>2026-11-23</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="VND">5000000</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
<Dt><Dt>2026-11-23</Dt></Dt></Bal>
<TxsSummry><TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>500000</Sum></TtlCdtNtries>\
<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>500000</Sum></TtlDbtNtries></TxsSummry>
<Ntry><NtryRef>1</NtryRef><Amt Ccy="VND">500000</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
<BookgDt><Dt>2026-11-23</Dt></BookgDt><AcctSvcrRef>FT1</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>01KEZ8Q0M1X3J5V7T9B2D4F6H8</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>
<Ntry><NtryRef>2</NtryRef><Amt Ccy="VND">500000</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
<BookgDt><Dt>2026-11-23</Dt></BookgDt><AcctSvcrRef>FT2</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>01KEZ8Q0M1X3J5V7T9B2D4F6H8</EndToEndId></Refs>\
<RtrInf><Rsn><Cd>AC06</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>"""
