"""Reading customer payment files (pain.001.001.09): hardened, strict, whole or not at all."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from lxml import etree

from deploy.bank import codes, profile
from deploy.bank.calendar import VIETNAM
from deploy.bank.hardened import parse
from deploy.bank.refusal import Refused

_IDENTIFIER = re.compile(r"(?=.{1,35}\Z)[A-Z0-9]+(?:-[A-Z0-9]+)*")
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_ACCOUNT = re.compile(r"[0-9A-Z]{6,34}")
_DONG = re.compile(r"[0-9]{1,15}")
_DECIMAL = re.compile(r"[0-9]*\.[0-9]*")
_COUNT = re.compile(r"[0-9]{1,15}")
_NAMES = {"p": profile.NAMESPACE}


@dataclass(frozen=True)
class Transfer:
    """One payment: `amount` in whole VND to an account at the bank with NAPAS member id `creditor_bin`."""

    end_to_end_id: str
    instruction_id: str | None
    uetr: str | None
    amount: int
    creditor_bin: str
    creditor_account: str
    creditor_name: str
    purpose: str


@dataclass(frozen=True)
class Block:
    """Payments from one debtor account, to be carried out on the Vietnamese day `asked_for`."""

    id: str
    debtor_account: str
    asked_for: date
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True)
class PaymentFile:
    """A file that is right in itself. `control_sum` is the sum of all amounts in VND."""

    message_id: str
    blocks: tuple[Block, ...]
    control_sum: int

    @property
    def transfers(self) -> list[Transfer]:
        """All payments of the file, in its order."""
        return [transfer for block in self.blocks for transfer in block.transfers]


def read(body: bytes) -> PaymentFile:
    """Read a payment file.

    Raises:
        Refused: with the ISO reason why the whole file is not taken.
    """
    document = parse(body)
    profile.check(document)
    blocks = tuple(_block(element) for element in document.iterfind("p:CstmrCdtTrfInitn/p:PmtInf", _NAMES))
    header = _one(document, "CstmrCdtTrfInitn/GrpHdr")
    _instant(_text(header, "CreDtTm"))
    transfers = [transfer for block in blocks for transfer in block.transfers]
    _check_totals(header, transfers, "AM19", "the file")
    _check_unique([block.id for block in blocks], "DU02", "PmtInfId")
    _check_unique([transfer.end_to_end_id for transfer in transfers], "DU04", "EndToEndId")
    _check_unique([transfer.instruction_id for transfer in transfers], "DU05", "InstrId")
    _check_unique([transfer.uetr for transfer in transfers], "DUPL", "UETR")
    total = sum(transfer.amount for transfer in transfers)
    return PaymentFile(_identifier(header, "MsgId", "CH16"), blocks, total)


def _block(element: etree._Element) -> Block:
    if _text(element, "PmtMtd") != "TRF":
        raise Refused("CH16", "PmtMtd is not TRF")
    if _optional(element, "BtchBookg") not in (None, "false"):
        raise Refused("CH16", "BtchBookg is not false: this bank books each payment")
    _check_charges(element)
    _check_category(element)
    if _optional(element, "DbtrAcct/Ccy") not in (None, codes.VND):
        raise Refused("AM11", "the debtor account is not in VND")
    transfers = tuple(_transfer(child) for child in element.iterfind("p:CdtTrfTxInf", _NAMES))
    _check_totals(element, list(transfers), "AM20", "a PmtInf")
    return Block(
        id=_identifier(element, "PmtInfId", "CH16"),
        debtor_account=_account(element, "DbtrAcct", "AC02"),
        asked_for=_execution_date(element),
        transfers=transfers,
    )


def _transfer(element: etree._Element) -> Transfer:
    _check_charges(element)
    _check_category(element)
    purpose = _optional(element, "Purp/Cd")
    if purpose not in codes.PURPOSES:
        raise Refused("FF07", "Purp is not a purpose code that this bank takes from public payers")
    member = _optional(element, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId")
    if member not in codes.MEMBERS:
        raise Refused("RC10", "CdtrAgt has no NAPAS member id that is in the directory")
    uetr = _optional(element, "PmtId/UETR")
    if uetr is not None and not _UUID4.fullmatch(uetr):
        raise Refused("CH16", "UETR is not a lower-case UUID of version 4")
    has_instruction = _optional(element, "PmtId/InstrId") is not None
    return Transfer(
        end_to_end_id=_identifier(element, "PmtId/EndToEndId", "FF08"),
        instruction_id=_identifier(element, "PmtId/InstrId", "CH16") if has_instruction else None,
        uetr=uetr,
        amount=_amount(_one(element, "Amt/InstdAmt")),
        creditor_bin=member,
        creditor_account=_account(element, "CdtrAcct", "AC03"),
        creditor_name=_text(element, "Cdtr/Nm"),
        purpose=purpose,
    )


def _amount(element: etree._Element) -> int:
    if element.get("Ccy") != codes.VND or len(element.attrib) != 1:
        raise Refused("AM11", "the currency of an amount is not VND")
    amount = _dong(element.text or "", "InstdAmt")
    if amount == 0:
        raise Refused("AM01", "an amount is zero")
    return amount


def _dong(text: str, name: str) -> int:
    if _DONG.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        raise Refused("CH20", f"{name} has decimals: VND has none")
    raise Refused("AM12", f"{name} is not a whole number of VND")


def _check_totals(element: etree._Element, transfers: list[Transfer], count_code: str, where: str) -> None:
    count = _text(element, "NbOfTxs")
    if not _COUNT.fullmatch(count) or int(count) != len(transfers):
        raise Refused(count_code, f"NbOfTxs of {where} is not its number of transactions, {len(transfers)}")
    total = sum(transfer.amount for transfer in transfers)
    if _dong(_text(element, "CtrlSum"), "CtrlSum") != total:
        raise Refused("AM10", f"CtrlSum of {where} is not the sum of its amounts, {total}")


def _check_unique(values: list[str] | list[str | None], code: str, name: str) -> None:
    present = [value for value in values if value is not None]
    if len(set(present)) != len(present):
        raise Refused(code, f"{name} is not unique in the file")


def _check_charges(element: etree._Element) -> None:
    if _optional(element, "ChrgBr") not in (None, "DEBT"):
        raise Refused("CH16", "ChrgBr is not DEBT: the payer bears the charges")


def _check_category(element: etree._Element) -> None:
    category = _optional(element, "PmtTpInf/CtgyPurp/Cd")
    if category is not None and category not in codes.CATEGORY_PURPOSES:
        raise Refused("FF03", "CtgyPurp is not a category that this bank takes")


def _identifier(element: etree._Element, path: str, code: str) -> str:
    text = _text(element, path)
    if not _IDENTIFIER.fullmatch(text):
        raise Refused(code, f"{path} is not 1 to 35 of A-Z, 0-9 and single inner hyphens")
    return text


def _account(element: etree._Element, path: str, code: str) -> str:
    number = _text(element, f"{path}/Id/Othr/Id")
    if not _ACCOUNT.fullmatch(number):
        raise Refused(code, f"{path} is not an account number")
    return number


def _execution_date(element: etree._Element) -> date:
    day = _optional(element, "ReqdExctnDt/Dt")
    if day is None:
        return _instant(_text(element, "ReqdExctnDt/DtTm")).astimezone(VIETNAM).date()
    try:
        return date.fromisoformat(day)
    except ValueError as wrong:
        raise Refused("DT01", "ReqdExctnDt is not a date") from wrong


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Refused("DT01", "a date and time is not in ISO 8601") from wrong


def _path(path: str) -> str:
    return "/".join(f"p:{step}" for step in path.split("/"))


def _one(element: etree._Element, path: str) -> etree._Element:
    found = element.find(_path(path), _NAMES)
    if found is None:
        raise Refused("CH21", f"{path} is missing")
    return found


def _optional(element: etree._Element, path: str) -> str | None:
    found = element.find(_path(path), _NAMES)
    return None if found is None else found.text


def _text(element: etree._Element, path: str) -> str:
    return _one(element, path).text or ""
