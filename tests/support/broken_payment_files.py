"""Right files made wrong in one place each, with the reason for which a bank must refuse them."""

from dataclasses import dataclass

from tests.support.payment_files import Pay, payment_file

FIRST = Pay(500_000, end_to_end_id="FIRST-000000000001", uetr="0e6dbb5e-7c1f-4f9b-8d57-4e0c1c5c1a01")
SECOND = Pay(860_000, end_to_end_id="SECOND-00000000002", uetr="5b1f6a0c-2b7d-4c3e-9f10-b1d2c3e4f502")
MESSAGE = "TEST-20261124-0001-A"


@dataclass(frozen=True)
class Break:
    """One mutation: `old` replaced by `new` where it stands first. `schema`: the official schema sees it too."""

    name: str
    old: str
    new: str
    code: str
    schema: bool = False

    def apply(self) -> bytes:
        """Return the broken file."""
        text = payment_file(MESSAGE, [FIRST, SECOND]).decode()
        assert self.old in text, f"{self.name}: the right file has no {self.old!r}"
        return text.replace(self.old, self.new, 1).encode()


_BLOCK_COUNT = "<BtchBookg>false</BtchBookg><NbOfTxs>2</NbOfTxs>"
_BLOCK_SUM = f"{_BLOCK_COUNT}<CtrlSum>1360000</CtrlSum>"
_ACCOUNT = "<CdtrAcct><Id><Othr><Id>3120205123456</Id></Othr></Id></CdtrAcct>"
_AMOUNT = '<InstdAmt Ccy="VND">500000</InstdAmt>'
_PURPOSE = "<Purp><Cd>SSBE</Cd></Purp>"

BREAKS = (
    Break("control sum of the file", "<CtrlSum>1360000", "<CtrlSum>9999999", "AM10"),
    Break("count of the file", "<NbOfTxs>2<", "<NbOfTxs>7<", "AM19"),
    Break("control sum of the block", _BLOCK_SUM, f"{_BLOCK_COUNT}<CtrlSum>1360001</CtrlSum>", "AM10"),
    Break("count of the block", _BLOCK_COUNT, _BLOCK_COUNT.replace("2", "1"), "AM20"),
    Break("control sum missing", "<CtrlSum>1360000</CtrlSum>", "", "CH21"),
    Break("control sum with decimals", "<CtrlSum>1360000<", "<CtrlSum>1360000.00<", "CH20"),
    Break("half a dong", _AMOUNT, '<InstdAmt Ccy="VND">500000.50</InstdAmt>', "CH20"),
    Break("whole dong with decimals", _AMOUNT, '<InstdAmt Ccy="VND">500000.00</InstdAmt>', "CH20"),
    Break("amount with an exponent", _AMOUNT, '<InstdAmt Ccy="VND">5E+5</InstdAmt>', "AM12", schema=True),
    Break("negative amount", _AMOUNT, '<InstdAmt Ccy="VND">-500000</InstdAmt>', "AM12", schema=True),
    Break("amount of zero", _AMOUNT, '<InstdAmt Ccy="VND">0</InstdAmt>', "AM01"),
    Break("digits of another script", _AMOUNT, '<InstdAmt Ccy="VND">५०</InstdAmt>', "RR10", schema=True),
    Break("currency that does not exist", 'Ccy="VND">500000', 'Ccy="XYZ">500000', "AM11"),
    Break("another currency", 'Ccy="VND">500000', 'Ccy="USD">500000', "AM11"),
    Break("Vietnamese letters", "HOANG THI MAY", "HOÀNG THỊ MÂY", "RR10"),
    Break("an underscore", "TRO CAP THANG", "TRO_CAP THANG", "RR10"),
    Break("unknown purpose", _PURPOSE, "<Purp><Cd>GRNT</Cd></Purp>", "FF07"),
    Break("no purpose", _PURPOSE, "", "FF07"),
    Break("unknown category", "<CtgyPurp><Cd>SSBE", "<CtgyPurp><Cd>WELF", "FF03"),
    Break("EndToEndId twice", f"<EndToEndId>{SECOND.end_to_end_id}", f"<EndToEndId>{FIRST.end_to_end_id}", "DU04"),
    Break("InstrId twice", f"<InstrId>{SECOND.end_to_end_id}", f"<InstrId>{FIRST.end_to_end_id}", "DU05"),
    Break("UETR twice", SECOND.uetr, FIRST.uetr, "DUPL"),
    Break("UETR in capitals", FIRST.uetr, FIRST.uetr.upper(), "CH16", schema=True),
    Break("UETR of version 7", "-4f9b-", "-7f9b-", "CH16", schema=True),
    Break("EndToEndId too long", f"<EndToEndId>{FIRST.end_to_end_id}", f"<EndToEndId>{'A' * 36}", "FF08", schema=True),
    Break("EndToEndId with a slash", "<EndToEndId>FIRST-", "<EndToEndId>FIRST/", "FF08"),
    Break("no creditor account", _ACCOUNT, "", "AC03"),
    Break("creditor account of letters", "<Id>3120205123456", "<Id>so tai khoan", "AC03"),
    Break("IBAN", _ACCOUNT, "<CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct>", "CH17"),
    Break("no creditor name", "<Cdtr><Nm>HOANG THI MAY</Nm></Cdtr>", "<Cdtr><CtryOfRes>VN</CtryOfRes></Cdtr>", "BE22"),
    Break("no creditor", "<Cdtr><Nm>HOANG THI MAY</Nm></Cdtr>", "", "CH21"),
    Break("member id that nobody has", "<MmbId>970436", "<MmbId>970999", "RC10"),
    Break("member id of another kind", "<MmbId>970436", "<MmbId>01203001", "RC10"),
    Break("message id in small letters", f"<MsgId>{MESSAGE}", "<MsgId>test-20261124-0001-a", "CH16"),
    Break("message id too long", f"<MsgId>{MESSAGE}", f"<MsgId>{'A' * 36}", "CH16", schema=True),
    Break("cheque", "<PmtMtd>TRF", "<PmtMtd>CHK", "CH16"),
    Break("batch booking", "<BtchBookg>false", "<BtchBookg>true", "CH16"),
    Break("charges shared", "<ChrgBr>DEBT", "<ChrgBr>SHAR", "CH16"),
    Break("day that does not exist", "<Dt>2026-11-24", "<Dt>2026-11-31", "DT01", schema=True),
    Break("unknown element", _PURPOSE, f"{_PURPOSE}<Bonus>1</Bonus>", "CH17", schema=True),
    Break("element not at its place", f"{_ACCOUNT}{_PURPOSE}", f"{_PURPOSE}{_ACCOUNT}", "FF01", schema=True),
    Break("birth date of the payee", "<Cdtr><Nm>HOANG THI MAY</Nm></Cdtr>", "<Cdtr><Nm>HOANG THI MAY</Nm><Id><PrvtId>"
          "<DtAndPlcOfBirth><BirthDt>1990-01-01</BirthDt><CityOfBirth>X</CityOfBirth><CtryOfBirth>VN</CtryOfBirth>"
          "</DtAndPlcOfBirth></PrvtId></Id></Cdtr>", "CH17"),
    Break("another version", "pain.001.001.09", "pain.001.001.11", "FF01", schema=True),
    Break("a comment", "<GrpHdr>", "<GrpHdr><!-- hello -->", "FF01"),
    Break("a processing instruction", "<GrpHdr>", "<?go on?><GrpHdr>", "FF01"),
    Break("text between elements", "<GrpHdr>", "hello<GrpHdr>", "FF01", schema=True),
    Break("an attribute", "<GrpHdr>", '<GrpHdr id="1">', "FF01", schema=True),
    Break("cut short", "</Document>", "", "FF01", schema=True),
)  # fmt: skip
"""What the payment profile refuses; most of it the official schema allows."""

HOSTILE = (
    Break("entities that grow", '"UTF-8"?>', '"UTF-8"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', "FF01"),
    Break("a file of the server", '"UTF-8"?>', '"UTF-8"?><!DOCTYPE d SYSTEM "file:///etc/passwd">', "FF01"),
    Break("an entity nobody declared", "HOANG THI MAY", "&name;", "FF01"),
    Break("a byte order mark", "<?xml", "\ufeff<?xml", "FF01"),
    Break("another encoding announced", 'encoding="UTF-8"', 'encoding="UTF-16"', "FF01"),
    Break("depth without end", "<GrpHdr>", "<a>" * 1000 + "<GrpHdr>", "FF01"),
)
"""What must not even be parsed to its end."""
