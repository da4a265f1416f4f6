"""Reading XML from customers without trusting it."""

from lxml import etree

from deploy.bank.refusal import Refused


def parse(body: bytes) -> etree._Element:
    """Return the document of a message, hardened: no entities, no network, no tree of boundless depth.

    Raises:
        Refused: FF01, the message is not XML as it was agreed.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as broken:
        raise Refused("FF01", "the file is not UTF-8") from broken
    if text.startswith("\ufeff"):
        raise Refused("FF01", "the file starts with a byte order mark")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Refused("FF01", "the file has a document type or entities")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as broken:
        raise Refused("FF01", f"the file is not well-formed XML: {broken.msg}") from broken
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() != "UTF-8":
        raise Refused("FF01", "the file announces another encoding than UTF-8")
    if root.getprevious() is not None or root.getnext() is not None:
        raise Refused("FF01", "the file has comments or processing instructions beside its document")
    return root
