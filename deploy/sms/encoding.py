"""How a text travels: the GSM 7-bit alphabet or UCS-2, and in how many parts (3GPP TS 23.038 and 23.040)."""

from dataclasses import dataclass
from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class Encoded:
    """The encoding of a text and the number of short messages it takes."""

    encoding: Literal["gsm7", "ucs2"]
    parts: int


def encode(text: str) -> Encoded:
    """Return how a text travels; a character of two units is never cut in two."""
    if all(character in _BASIC or character in _ESCAPED for character in text):
        return Encoded("gsm7", _parts([2 if character in _ESCAPED else 1 for character in text], 160, 153))
    return Encoded("ucs2", _parts([2 if ord(character) > 0xFFFF else 1 for character in text], 70, 67))


def _parts(units: list[int], alone: int, chained: int) -> int:
    if sum(units) <= alone:
        return 1
    parts, room = 1, chained
    for unit in units:
        if unit > room:
            parts, room = parts + 1, chained
        room -= unit
    return parts
