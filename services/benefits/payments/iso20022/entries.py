"""Reading the entries of camt.053 and camt.054, which are one type: a line each, or one for each payment in them.

A line whose amount and side can be read is a line, whatever else is wrong with it: the account's balance holds, and the
rest is for a person. Without amount or side nothing can be booked, and the message is unreadable.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Literal

from lxml import etree

from services.benefits.payments.domain.statement import Batch, Entry
from services.benefits.payments.iso20022.reading import Reader, Unreadable
from shared.clock import legal_date

_BOOKED = "BOOK"
_RETURNS = frozenset({"RRTN", "RPCR", "RIMB"})
_FEES = frozenset({"CHRG", "COMM", "FEES"})
_NOT_PROVIDED = "NOTPROVIDED"
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
        entry = self._entry(element, number, day)
        if entry.amount == 0:
            raise Unreadable("an entry of no money")
        details = self._read.all(element, "NtryDtls/TxDtls")
        if len(details) < 2:
            yield self._of(entry, details[0] if details else element, element)
            return
        parts = [self._part(entry, detail, element) for detail in details]
        whole = [part for part in parts if part is not None]
        if len(whole) == len(parts) and sum(part.amount for part in whole) == entry.amount:
            yield from whole
        else:
            yield replace(entry, batch=self._batch(element), fault="details_do_not_add_up")

    def _entry(self, element: etree._Element, number: int, day: date) -> Entry:
        fault = None
        try:
            booked_on = self.day(element, "BookgDt")
        except Unreadable:
            booked_on, fault = day, "no_booking_date"
        details = self._read.all(element, "NtryDtls/TxDtls")
        return Entry(
            ordinal=0,
            side=self.side(element),
            amount=self.amount(element),
            booked_on=booked_on,
            end_to_end_id=None,
            bank_reference=self._text(element, "AcctSvcrRef") or self._text(element, "NtryRef"),
            narrative=self._text(element, "AddtlNtryInf"),
            is_return=self._is_return(element),
            return_reason=None,
            number=number,
            batch=None if details else self._batch(element),
            is_fee=bool(_FEES & set(self._families(element))),
            fault=fault,
        )

    def _of(self, entry: Entry, detail: etree._Element, element: etree._Element) -> Entry:
        """Return an entry with what its one payment says."""
        reason = self._read.first(detail, "RtrInf/Rsn")
        end_to_end_id = self._text(detail, "Refs/EndToEndId")
        return replace(
            entry,
            end_to_end_id=None if end_to_end_id == _NOT_PROVIDED else end_to_end_id,
            uetr=self._text(detail, "Refs/UETR"),
            instruction_id=self._text(detail, "Refs/InstrId"),
            narrative=self._text(detail, "RmtInf/Ustrd") or self._text(element, "AddtlNtryInf"),
            is_return=entry.is_return or reason is not None,
            return_reason=None if reason is None else self._text(reason, "Cd") or self._text(reason, "Prtry"),
        )

    def _part(self, entry: Entry, detail: etree._Element, element: etree._Element) -> Entry | None:
        """Return one of several payments, None where its amount or side cannot be read or is another way."""
        try:
            amount = self.amount(detail)
            side = self.side(detail) if self._read.text(detail, "CdtDbtInd") else entry.side
        except Unreadable:
            return None
        if amount == 0 or side != entry.side:
            return None
        return self._of(replace(entry, amount=amount), detail, element)

    def _batch(self, element: etree._Element) -> Batch | None:
        batch = self._read.first(element, "NtryDtls/Btch")
        if batch is None:
            return None
        try:
            count = self._read.whole(batch, "NbOfTxs") if self._read.text(batch, "NbOfTxs") else None
        except Unreadable:
            count = None
        return Batch(self._text(batch, "MsgId"), self._text(batch, "PmtInfId"), count)

    def _is_return(self, element: etree._Element) -> bool:
        # A reversal of a debit comes back as a credit; one of a credit goes out as a debit, and is none of our money.
        reverses = self._read.text(element, "RvslInd") in ("true", "1")
        return reverses or bool(_RETURNS & set(self._families(element)))

    def _families(self, element: etree._Element) -> list[str]:
        paths = ("BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd")
        return [code for path in paths if (code := self._read.text(element, path))]

    def _text(self, element: etree._Element, path: str) -> str | None:
        found = self._read.text(element, path)
        return None if found is None else found[:_LONGEST]

    def amount(self, element: etree._Element) -> int:
        """Return an amount in VND.

        Raises:
            Unreadable: there is none.
        """
        amount = self._read.first(element, "Amt")
        if amount is None or amount.get("Ccy") != "VND":
            raise Unreadable("an amount that is not in VND")
        return self._read.whole(element, "Amt")

    def side(self, element: etree._Element) -> Literal["debit", "credit"]:
        """Return which way money went.

        Raises:
            Unreadable: neither.
        """
        code = self._read.need(element, "CdtDbtInd")
        if code not in ("CRDT", "DBIT"):
            raise Unreadable("CdtDbtInd is neither CRDT nor DBIT")
        return "credit" if code == "CRDT" else "debit"

    def day(self, element: etree._Element, path: str) -> date:
        """Return the day of a date, or of an instant in Viet Nam.

        Raises:
            Unreadable: there is none.
        """
        try:
            day = self._read.text(element, f"{path}/Dt")
            if day is not None:
                return date.fromisoformat(day)
            instant = datetime.fromisoformat(self._read.need(element, f"{path}/DtTm"))
            return legal_date(instant) if instant.tzinfo else instant.date()
        except (ValueError, OverflowError) as error:
            raise Unreadable(f"{path} is no date") from error
