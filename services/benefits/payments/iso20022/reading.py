"""Reading XML that somebody else wrote: bounded, without entities, without the network."""

from lxml import etree

LARGEST_MESSAGE = 64 * 1024 * 1024  # bytes


class Unreadable(ValueError):
    """The bytes are not the message they claim to be; the text says what is wrong and quotes nothing of it."""


def parse(raw: bytes, namespace: str, root: str) -> etree._Element:
    """Return the message element of a document of that namespace.

    Raises:
        Unreadable: too large, not well-formed, a DOCTYPE, another namespace or another message.
    """
    if len(raw) > LARGEST_MESSAGE:
        raise Unreadable("larger than a message may be")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        document = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("not well-formed XML") from error
    if document.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("a DOCTYPE")
    message = document.find(f"{{{namespace}}}{root}") if document.tag == f"{{{namespace}}}Document" else None
    if message is None:
        raise Unreadable(f"not a {root} of {namespace.rpartition(':')[2]}")
    return message


class Reader:
    """Finds texts in elements of one namespace by plain paths, `GrpHdr/MsgId`."""

    def __init__(self, namespace: str) -> None:
        self._map = {"i": namespace}

    def _path(self, path: str) -> str:
        return "/".join(step if step in (".", "*") else f"i:{step}" for step in path.split("/"))

    def all(self, element: etree._Element, path: str) -> list[etree._Element]:
        """Return every element at a path."""
        return element.findall(self._path(path), self._map)

    def first(self, element: etree._Element, path: str) -> etree._Element | None:
        """Return the first element at a path."""
        return element.find(self._path(path), self._map)

    def text(self, element: etree._Element, path: str) -> str | None:
        """Return the text at a path, None where there is none."""
        found = element.findtext(self._path(path), None, self._map)
        return found.strip() or None if found is not None else None

    def need(self, element: etree._Element, path: str) -> str:
        """Return the text at a path.

        Raises:
            Unreadable: there is none.
        """
        found = self.text(element, path)
        if found is None:
            raise Unreadable(f"without {path}")
        return found

    def whole(self, element: etree._Element, path: str) -> int:
        """Return an amount in VND, or a count.

        Raises:
            Unreadable: it is missing, has a fraction, or is no number.
        """
        found = self.need(element, path)
        whole, _, fraction = found.partition(".")
        if not (whole.isascii() and whole.isdigit()) or fraction.strip("0"):
            raise Unreadable(f"{path} is not a whole number")
        return int(whole)
