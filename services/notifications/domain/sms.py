"""How a text becomes short messages: its encoding and the parts that the network charges (3GPP TS 23.038, 23.040)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["gsm7", "ucs2"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape before each: two units
_SINGLE: dict[Encoding, int] = {"gsm7": 160, "ucs2": 70}
_CONCATENATED: dict[Encoding, int] = {"gsm7": 153, "ucs2": 67}  # the rest of a part is the header that joins it


@dataclass(frozen=True)
class Size:
    """Units are septets in GSM-7 and 16-bit units in UCS-2."""

    encoding: Encoding
    units: int
    parts: int


def size(text: str) -> Size:
    """Return how a text is sent. Count texts in NFC: in NFD every mark is a unit of its own."""
    if all(character in _BASIC or character in _EXTENDED for character in text):
        return _packed("gsm7", [2 if character in _EXTENDED else 1 for character in text])
    return _packed("ucs2", [2 if ord(character) > 0xFFFF else 1 for character in text])


def takes_one_unit(character: str) -> bool:
    """Say whether a character is in the basic alphabet of GSM-7."""
    return character in _BASIC


def _packed(encoding: Encoding, widths: Iterable[int]) -> Size:
    """Fill parts one after the other; no character is divided between two."""
    widths = list(widths)
    units = sum(widths)
    if units <= _SINGLE[encoding]:
        return Size(encoding, units, 1)
    parts, room = 1, _CONCATENATED[encoding]
    for width in widths:
        if width > room:
            parts, room = parts + 1, _CONCATENATED[encoding]
        room -= width
    return Size(encoding, units, parts)
