"""Reading the entries of camt.053 and camt.054, which are one type: a line each, or one for each payment in them.

A line whose amount and side can be read is a line, whatever else is wrong with it: the account's balance holds, and the
rest is for a person. Without amount or side nothing can be booked, and the message is unreadable.
"""

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial

from lxml import etree

from services.benefits.payments.domain.statement import Batch, Entry, Side
from services.benefits.payments.iso20022.reading import Fields, Reader, Unreadable
from shared.clock import legal_date

_BOOKED = "BOOK"
_RETURNS = frozenset({"RRTN", "RPCR", "RIMB"})
_FEES = frozenset({"CHRG", "COMM", "FEES"})
_NOT_PROVIDED = "NOTPROVIDED"
_DETAILS = "NtryDtls/TxDtls"
_LONGEST = 140


class EntryReader:
    """Reads the entries of one message's namespace."""

    def __init__(self, reader: Reader) -> None:
        self._read = reader

    def is_booked(self, element: etree._Element) -> bool:
        """Return whether an entry moved the account; others are announced, and move nothing."""
        return self._read.text(element, "Sts/Cd") == _BOOKED

    def lines(self, element: etree._Element, number: int, day: date) -> Iterator[Entry]:
        """Yield the lines of a booked entry, uncounted; `day` is when it was booked if that cannot be read.

        Raises:
            Unreadable: without an amount over zero in VND, or neither debit nor credit.
        """
        whole = self._read.fields(element)
        side, amount = self._sum(whole)
        booked_on, fault = day, None
        try:
            booked_on = self.day(whole, "BookgDt")
        except Unreadable:
            fault = "no_booking_date"
        families = _families(whole)
        make = partial(
            Entry,
            ordinal=0,
            side=side,
            booked_on=booked_on,
            bank_reference=_text(whole, "AcctSvcrRef") or _text(whole, "NtryRef"),
            number=number,
            is_fee=not _FEES.isdisjoint(families),
        )
        details = whole.all(_DETAILS)
        if len(details) < 2:
            batch = None if details else _batch(whole)
            yield _of(make, whole, whole.under(_DETAILS), amount=amount, batch=batch, fault=fault)
            return
        parts = [self._part(self._read.fields(detail), side) for detail in details]
        told = [(detail, part) for detail, part in zip(details, parts, strict=True) if part is not None]
        if len(told) == len(details) and sum(part for _, part in told) == amount:
            for detail, part in told:
                yield _of(make, whole, self._read.fields(detail), amount=part, batch=None, fault=fault)
        else:
            nothing = Fields({})
            yield _of(make, whole, nothing, amount=amount, batch=_batch(whole), fault="details_do_not_add_up")

    def sum(self, element: etree._Element) -> tuple[Side, int]:
        """Return which way the money of an entry went, and how much (VND): that of all its lines.

        Raises:
            Unreadable: without an amount over zero in VND, or neither debit nor credit.
        """
        return self._sum(self._read.children(element))

    def _sum(self, whole: Fields) -> tuple[Side, int]:
        amount, side = self.amount(whole), self.side(whole)
        if amount == 0:
            raise Unreadable("an entry of no money")
        return side, amount

    def _part(self, detail: Fields, side: str) -> int | None:
        """Return the amount of one of several payments, None where it or its side cannot be read or is another."""
        try:
            amount = self.amount(detail)
            other = self.side(detail) if detail.text("CdtDbtInd") else side
        except Unreadable:
            return None
        return None if amount == 0 or other != side else amount

    def amount(self, fields: Fields) -> int:
        """Return an amount in VND.

        Raises:
            Unreadable: there is none.
        """
        amount = fields.first("Amt")
        if amount is None or amount.get("Ccy") != "VND":
            raise Unreadable("an amount that is not in VND")
        return fields.whole("Amt")

    def side(self, fields: Fields) -> Side:
        """Return which way money went.

        Raises:
            Unreadable: neither.
        """
        code = fields.need("CdtDbtInd")
        if code not in ("CRDT", "DBIT"):
            raise Unreadable("CdtDbtInd is neither CRDT nor DBIT")
        return "credit" if code == "CRDT" else "debit"

    def day(self, fields: Fields, path: str) -> date:
        """Return the day of a date, or of an instant in Viet Nam.

        Raises:
            Unreadable: there is none.
        """
        try:
            day = fields.text(f"{path}/Dt")
            if day is not None:
                return date.fromisoformat(day)
            instant = datetime.fromisoformat(fields.need(f"{path}/DtTm"))
            return legal_date(instant) if instant.tzinfo else instant.date()
        except (ValueError, OverflowError) as error:
            raise Unreadable(f"{path} is no date") from error


def _of(
    make: "partial[Entry]", whole: Fields, detail: Fields, *, amount: int, batch: Batch | None, fault: str | None
) -> Entry:
    """Return a line of an entry with what its payment says."""
    reason = detail.first("RtrInf/Rsn")
    end_to_end_id = _text(detail, "Refs/EndToEndId")
    return make(
        amount=amount,
        end_to_end_id=None if end_to_end_id == _NOT_PROVIDED else end_to_end_id,
        uetr=_text(detail, "Refs/UETR"),
        instruction_id=_text(detail, "Refs/InstrId"),
        narrative=_text(detail, "RmtInf/Ustrd") or _text(whole, "AddtlNtryInf"),
        is_return=_is_return(whole) or reason is not None,
        return_reason=None if reason is None else _text(detail, "RtrInf/Rsn/Cd") or _text(detail, "RtrInf/Rsn/Prtry"),
        batch=batch,
        fault=fault,
    )


def _batch(whole: Fields) -> Batch | None:
    if whole.first("NtryDtls/Btch") is None:
        return None
    batch = whole.under("NtryDtls/Btch")
    try:
        count = batch.whole("NbOfTxs") if batch.text("NbOfTxs") else None
    except Unreadable:
        count = None
    return Batch(_text(batch, "MsgId"), _text(batch, "PmtInfId"), count)


def _is_return(whole: Fields) -> bool:
    # A reversal of a debit comes back as a credit; one of a credit goes out as a debit, and is none of our money.
    return whole.text("RvslInd") in ("true", "1") or bool(_RETURNS & _families(whole))


def _families(whole: Fields) -> set[str | None]:
    return {whole.text("BkTxCd/Domn/Fmly/Cd"), whole.text("BkTxCd/Domn/Fmly/SubFmlyCd")}


def _text(fields: Fields, path: str) -> str | None:
    found = fields.text(path)
    return None if found is None else found[:_LONGEST]
