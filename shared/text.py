"""Vietnamese text: one normal form, one folding for search, one Latin form for banks and SMS."""

import re
import unicodedata

_LATIN = str.maketrans(
    {
        "đ": "d", "Đ": "D", "’": "'", "‘": "'", "ʼ": "'", "`": "'", "–": "-", "—": "-",
        "“": "", "”": "", '"': "", "&": "+", ";": ",", "₫": "VND", "\u00a0": " ",
    }
)  # fmt: skip
_NOT_SWIFT = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """Return text as we store it: NFC, single spaces, no space at either end."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def without_marks(text: str) -> str:
    """Return text without diacritics and tone marks; `đ` becomes `d`, which NFKD alone leaves."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_LATIN))
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def fold(text: str) -> str:
    """Return the form that search compares: no marks, lower case, single spaces.

    NFC and NFD inputs, and both tone positions (`Hoà`, `Hòa`), fold to the same text.
    """
    return clean(without_marks(text)).casefold()


def latin(text: str) -> str:
    """Return text in the interoperable character set of banks (a-z A-Z 0-9 / - ? : ( ) . , ' + and space)."""
    return _SPACES.sub(" ", _NOT_SWIFT.sub(" ", without_marks(text))).strip()


def dong(amount: int) -> str:
    """Return an amount of VND as people read it: `1.500.000 đồng`."""
    return f"{amount:,}".replace(",", ".") + " đồng"
