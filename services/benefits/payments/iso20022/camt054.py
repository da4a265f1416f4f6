"""Reading camt.054.001.08: what an entry that a statement books in one sum consists of. It moves nothing by itself."""

from collections.abc import Iterator
from datetime import datetime

from services.benefits.payments.domain.statement import Advice, Entry, numbered
from services.benefits.payments.iso20022.entries import EntryReader
from services.benefits.payments.iso20022.reading import Message, Reader, Unreadable
from shared.clock import legal_date

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
_read = Reader(NAMESPACE)
_entries = EntryReader(_read)


def read(raw: bytes) -> Advice:
    """Return the advice.

    Raises:
        Unreadable: it is no camt.054.001.08 of one account, or something that decides is missing.
    """
    message = Message(raw, NAMESPACE, "BkToCstmrDbtCdtNtfctn", "Ntfctn/Ntry")
    entries = numbered(_lines(message))
    notifications = _read.all(message.around, "Ntfctn")
    if len(notifications) != 1:
        raise Unreadable("not exactly one notification")
    account = _read.need(notifications[0], "Acct/Id/Othr/Id")
    return Advice(_read.need(notifications[0], "Id"), account, entries)


def _lines(message: Message) -> Iterator[Entry]:
    number = 0
    for element in message.records():
        notification = element.getparent()
        if notification is None or not _entries.is_booked(element):
            continue
        number += 1
        made = _read.need(notification, "CreDtTm")
        try:
            day = legal_date(datetime.fromisoformat(made))
        except ValueError as error:
            raise Unreadable("CreDtTm is no instant") from error
        yield from _entries.lines(element, number, day)
