"""Writing ISO 20022 messages: elements in order, the same content always as the same bytes."""

from datetime import datetime

from lxml import etree

from deploy.bank.calendar import VIETNAM
from deploy.bank.codes import VND


class Message:
    """A message under construction; `body` is the element that its parts go into."""

    def __init__(self, namespace: str, root: str) -> None:
        self._prefix = f"{{{namespace}}}"
        self._document = etree.fromstring(f'<Document xmlns="{namespace}"/>')
        self.body = self.add(self._document, root)

    def add(self, parent: etree._Element, path: str, text: str | int | None = None) -> etree._Element:
        """Append an element, or a chain of elements `A/B/C`, and return the innermost, holding `text`."""
        element = parent
        for name in path.split("/"):
            element = etree.SubElement(element, self._prefix + name)
        if text is not None:
            element.text = str(text)
        return element

    def add_given(self, parent: etree._Element, path: str, text: str | None) -> None:
        """Append an element where there is something to say in it."""
        if text:
            self.add(parent, path, text)

    def add_amount(self, parent: etree._Element, amount: int) -> None:
        """Append an amount of whole VND without its sign, and whether it credits or debits the account."""
        self.add(parent, "Amt", abs(amount)).set("Ccy", VND)
        self.add(parent, "CdtDbtInd", "DBIT" if amount < 0 else "CRDT")

    def serialise(self) -> bytes:
        """Return the message as UTF-8 bytes with an XML declaration."""
        return etree.tostring(self._document, xml_declaration=True, encoding="UTF-8")


def local(instant: str | datetime) -> str:
    """Return an aware instant as Vietnamese time with its offset, to the second."""
    moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return moment.astimezone(VIETNAM).isoformat(timespec="seconds")


def local_day(instant: str) -> str:
    """Return the Vietnamese calendar day of an instant."""
    return local(instant)[:10]
