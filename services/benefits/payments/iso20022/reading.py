"""Reading XML that somebody else wrote: bounded, record by record, without entities, without the network."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from lxml import etree

from shared.clock import VIETNAM

LARGEST_MESSAGE = 64 * 1024 * 1024  # bytes
MOST_RECORDS = 200_000


class Unreadable(ValueError):
    """The bytes are not the message they claim to be; the text says what is wrong and quotes nothing of it."""


class Message:
    """A message that is read once, as it streams: its records one by one, then what stands around them.

    A record is an element at `record`, a path below the message (`Stmt/Ntry`); it is forgotten when the next is read.
    Elements may be nested 256 deep and hold 10 MB of text (libxml2's own bounds).
    """

    def __init__(self, raw: bytes, namespace: str, root: str, record: str) -> None:
        self._raw = raw
        self._namespace = namespace
        self._root = root
        self._record = [f"{{{namespace}}}{name}" for name in ("Document", root, *record.split("/"))]
        self._parent: etree._Element | None = None
        self._message: etree._Element | None = None

    def records(self) -> Iterator[etree._Element]:
        """Yield the records in their order.

        Raises:
            Unreadable: too large, not well-formed, a DOCTYPE, another namespace or message, too many records.
        """
        if len(self._raw) > LARGEST_MESSAGE:
            raise Unreadable("larger than a message may be")
        if b"<!DOCTYPE" in self._raw or b"\0" in self._raw:
            raise Unreadable("a DOCTYPE, or an encoding of more than one byte a sign")
        parser = etree.iterparse(
            BytesIO(self._raw),
            events=("end",),
            tag=self._record[-1],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        try:
            for count, (_, element) in enumerate(parser, 1):
                if count > MOST_RECORDS:
                    raise Unreadable("more records than a message may have")
                if not self._is_in_place(element):
                    raise Unreadable(f"{etree.QName(element).localname} in another place")
                yield element
                self._forget(element)
        except (etree.XMLSyntaxError, ValueError) as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable("not well-formed XML") from error
        document = parser.root
        if document.getroottree().docinfo.internalDTD is not None:
            raise Unreadable("a DOCTYPE")
        found = document.find(f"{{{self._namespace}}}{self._root}") if document.tag == self._record[0] else None
        if found is None:
            raise Unreadable(f"not a {self._root} of {self._namespace.rpartition(':')[2]}")
        self._message = found

    @property
    def around(self) -> etree._Element:
        """The message without its records, once all were read."""
        if self._message is None:
            raise Unreadable("not read to its end")
        return self._message

    def _is_in_place(self, element: etree._Element) -> bool:
        """Return whether an element stands at the path of records; most stand beside the one before."""
        parent = element.getparent()
        if parent is not None and parent is self._parent:
            return True
        if [each.tag for each in reversed([element, *element.iterancestors()])] != self._record:
            return False
        self._parent = parent
        return True

    @staticmethod
    def _forget(element: etree._Element) -> None:
        element.clear()
        parent, before = element.getparent(), element.getprevious()
        if parent is not None and before is not None and before.tag == element.tag:
            parent.remove(before)


def parse(raw: bytes, namespace: str, root: str) -> etree._Element:
    """Return the message element of a small document of that namespace, whole.

    Raises:
        Unreadable: as `Message.records` says.
    """
    message = Message(raw, namespace, root, "Nothing")
    for _ in message.records():
        raise Unreadable("an element that no message has")
    return message.around


class Fields:
    """What stands below an element, looked through once: quicker than to look for many paths one by one."""

    __slots__ = ("_found", "_prefix")

    def __init__(self, found: Mapping[str, list[etree._Element]], prefix: str = "") -> None:
        self._found = found
        self._prefix = prefix

    def under(self, path: str) -> "Fields":
        """Return what stands below the one element at a path."""
        return Fields(self._found, f"{self._prefix}{path}/")

    def all(self, path: str) -> Sequence[etree._Element]:
        """Return every element at a path."""
        return self._found.get(self._prefix + path, ())

    def first(self, path: str) -> etree._Element | None:
        """Return the first element at a path."""
        found = self._found.get(self._prefix + path)
        return found[0] if found else None

    def text(self, path: str) -> str | None:
        """Return the text at a path, None where there is none."""
        found = self._found.get(self._prefix + path)
        return (found[0].text or "").strip() or None if found else None

    def need(self, path: str) -> str:
        """Return the text at a path.

        Raises:
            Unreadable: there is none.
        """
        return _needed(self.text(path), path)

    def whole(self, path: str) -> int:
        """Return an amount in VND, or a count.

        Raises:
            Unreadable: it is missing, has a fraction, or is no number that a bank writes.
        """
        return _whole(self.need(path), path)


def _needed(found: str | None, path: str) -> str:
    if found is None:
        raise Unreadable(f"without {path}")
    return found


def _whole(found: str, path: str) -> int:
    whole, _, fraction = found.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 18) or fraction.strip("0"):
        raise Unreadable(f"{path} is not a whole number")
    return int(whole)


class Reader:
    """Finds texts in elements of one namespace by plain paths, `GrpHdr/MsgId`."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._names: dict[Any, str] = {}
        self._paths: dict[str, str] = {}  # a message asks for few paths, and for each of them very often

    def _path(self, path: str) -> str:
        if path not in self._paths:
            self._paths[path] = "/".join(
                step if step in (".", "*") else f"{{{self._namespace}}}{step}" for step in path.split("/")
            )
        return self._paths[path]

    def below(self, element: etree._Element) -> dict[str, list[etree._Element]]:
        """Return all elements below one by their plain paths: quicker than to look for many of them one by one."""
        found: dict[str, list[etree._Element]] = {}
        self._collect(element, "", found)
        return found

    def fields(self, element: etree._Element) -> Fields:
        """Return what stands below an element, looked through once."""
        return Fields(self.below(element))

    def children(self, element: etree._Element) -> Fields:
        """Return what stands right below an element."""
        found: dict[str, list[etree._Element]] = {}
        for child in element:
            if name := self._names.get(child.tag) or self._name(child.tag):
                found.setdefault(name, []).append(child)
        return Fields(found)

    def _collect(self, element: etree._Element, path: str, found: dict[str, list[etree._Element]]) -> None:
        for child in element:
            name = self._names.get(child.tag) or self._name(child.tag)
            if not name:
                continue
            here = path + name
            found.setdefault(here, []).append(child)
            if len(child):
                self._collect(child, f"{here}/", found)

    def _name(self, tag: Any) -> str:
        """Return a tag's name in this namespace, empty for one of another, for comments and the like."""
        namespace, _, name = tag.rpartition("}") if isinstance(tag, str) else ("", "", "")
        self._names[tag] = name if namespace == f"{{{self._namespace}" else ""
        return self._names[tag]

    def all(self, element: etree._Element, path: str) -> list[etree._Element]:
        """Return every element at a path."""
        return element.findall(self._path(path))

    def first(self, element: etree._Element, path: str) -> etree._Element | None:
        """Return the first element at a path."""
        return element.find(self._path(path))

    def text(self, element: etree._Element, path: str) -> str | None:
        """Return the text at a path, None where there is none."""
        found = element.findtext(self._path(path))
        return found.strip() or None if found is not None else None

    def need(self, element: etree._Element, path: str) -> str:
        """Return the text at a path.

        Raises:
            Unreadable: there is none.
        """
        return _needed(self.text(element, path), path)

    def whole(self, element: etree._Element, path: str) -> int:
        """Return an amount in VND, or a count.

        Raises:
            Unreadable: it is missing, has a fraction, or is no number that a bank writes.
        """
        return _whole(self.need(element, path), path)

    def instant(self, element: etree._Element, path: str) -> datetime | None:
        """Return the instant at a path, aware (Viet Nam's where it has no zone); None where there is none.

        Raises:
            Unreadable: it is no instant.
        """
        found = self.text(element, path)
        if found is None:
            return None
        try:
            instant = datetime.fromisoformat(found)
            return (instant if instant.tzinfo else instant.replace(tzinfo=VIETNAM)).astimezone(VIETNAM)
        except (ValueError, OverflowError) as error:
            raise Unreadable(f"{path} is no instant") from error
