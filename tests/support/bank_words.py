"""What a bank would say, written by hand for tests: reports, statements, advices, answers."""

from collections.abc import Sequence
from dataclasses import dataclass

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:'
_AT = "2026-11-23T09:05:12+07:00"


def status(end_to_end_id: str, code: str | None, reason: str | None = None, reference: str | None = None) -> str:
    """Return a line of a report; without a code it says nothing."""
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    said = f"<TxSts>{code}</TxSts>" if code else ""
    ref = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    return f"<TxInfAndSts><OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId>{said}{why}{ref}</TxInfAndSts>"


def report(message_id: str, lines: Sequence[str], *, group: str = "PART", number: int = 1) -> bytes:
    """Return a pain.002 on a file."""
    return (
        f'{_XML}pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>STS-{number}</MsgId><CreDtTm>{_AT}</CreDtTm></GrpHdr>'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"<GrpSts>{group}</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{message_id}-01</OrgnlPmtInfId>"
        f"{''.join(lines)}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


@dataclass(frozen=True)
class Booked:
    """An entry: VND, below zero for a debit; its parts, `details`, as (end-to-end id, VND) where it has several."""

    amount: int
    end_to_end_id: str | None = None
    uetr: str | None = None
    reference: str | None = None
    batch_of: str | None = None
    returned: str | None = None
    reverses: bool = False
    details: tuple[tuple[str, int], ...] = ()
    day: str = "2026-11-23"

    def xml(self) -> str:
        """Return the entry."""
        side = "DBIT" if self.amount < 0 else "CRDT"
        ref = f"<AcctSvcrRef>{self.reference}</AcctSvcrRef>" if self.reference else ""
        reverses = "<RvslInd>true</RvslInd>" if self.reverses else ""
        return (
            f'<Ntry><Amt Ccy="VND">{abs(self.amount)}</Amt><CdtDbtInd>{side}</CdtDbtInd>{reverses}'
            f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{self.day}</Dt></BookgDt>{ref}<BkTxCd/>{self._details()}</Ntry>"
        )

    def _details(self) -> str:
        if self.batch_of is not None:
            return f"<NtryDtls><Btch><MsgId>{self.batch_of}</MsgId></Btch></NtryDtls>"
        if self.details:
            parts = "".join(
                f"<TxDtls><Refs><EndToEndId>{key}</EndToEndId></Refs>"
                f'<Amt Ccy="VND">{amount}</Amt><CdtDbtInd>{"DBIT" if self.amount < 0 else "CRDT"}</CdtDbtInd></TxDtls>'
                for key, amount in self.details
            )
            return f"<NtryDtls>{parts}</NtryDtls>"
        refs = (f"<EndToEndId>{self.end_to_end_id}</EndToEndId>" if self.end_to_end_id else "") + (
            f"<UETR>{self.uetr}</UETR>" if self.uetr else ""
        )
        why = f"<RtrInf><Rsn><Cd>{self.returned}</Cd></Rsn></RtrInf>" if self.returned else ""
        return f"<NtryDtls><TxDtls><Refs>{refs}</Refs>{why}</TxDtls></NtryDtls>"


def statement(
    account: str, sequence: int, opening: int, entries: Sequence[Booked], *, closed: str = "2026-11-23"
) -> bytes:
    """Return a camt.053 that adds up; `closed` is the day of its closing balance."""
    closing = opening + sum(entry.amount for entry in entries)
    return (
        f'{_XML}camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>S-{sequence}</MsgId><CreDtTm>{_AT}</CreDtTm></GrpHdr>'
        f"<Stmt><Id>S-{sequence}</Id><ElctrncSeqNb>{sequence}</ElctrncSeqNb>"
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>{_balance('OPBD', opening)}"
        f"{_balance('CLBD', closing, closed)}{''.join(entry.xml() for entry in entries)}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(kind: str, amount: int, day: str = "2026-11-23") -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="VND">{abs(amount)}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def advice(account: str, entries: Sequence[Booked]) -> bytes:
    """Return a camt.054."""
    return (
        f'{_XML}camt.054.001.08"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>A-1</MsgId><CreDtTm>{_AT}</CreDtTm></GrpHdr>'
        f"<Ntfctn><Id>A-1</Id><CreDtTm>{_AT}</CreDtTm><Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>"
        f"{''.join(entry.xml() for entry in entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def answer(end_to_end_id: str, verdict: str, reason: str | None = None) -> bytes:
    """Return a camt.029 on one payment."""
    why = f"<CxlStsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></CxlStsRsnInf>" if reason else ""
    return (
        f'{_XML}camt.029.001.09"><RsltnOfInvstgtn><Assgnmt><Id>R-1</Id></Assgnmt><Sts><Conf>CNCL</Conf></Sts>'
        "<CxlDtls><OrgnlPmtInfAndSts><OrgnlPmtInfId>X-01</OrgnlPmtInfId>"
        f"<TxInfAndSts><OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId><TxCxlSts>{verdict}</TxCxlSts>{why}"
        "</TxInfAndSts></OrgnlPmtInfAndSts></CxlDtls></RsltnOfInvstgtn></Document>"
    ).encode()
