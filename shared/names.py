"""Names of people: the words that search looks at, and the order in which Vietnamese lists stand."""

import re
import unicodedata
from functools import lru_cache

from shared.text import clean, fold

# A million people bear some thousand words; each is looked into once.
_remembered = lru_cache(maxsize=20_000)

_NOT_IN_WORDS = re.compile(r"[^\w]+|_")
# `Lý` is written `Lí` too, `Kỳ` `Kì`: after a consonant an `i` that ends the word is looked for as `y`.
_FINAL_I = re.compile(r"([bcdghklmnprstvx]+|qu)i")

# Marks that make another letter, in the order of the alphabet; `{` comes after `z`, so that `ă` comes after `az`.
_LETTER_MARKS = {"\u0306": "{", "\u0302": "|", "\u031b": "}"}
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}  # à ả ã á ạ; a is 0


def search_words(name: str) -> tuple[str, ...]:
    """Return the words by which a name is found: folded, without apostrophes; `Lí` as `ly`."""
    return tuple(found for word in name.split() for found in _searched(word))


@_remembered
def _searched(word: str) -> tuple[str, ...]:
    bare = _NOT_IN_WORDS.sub(" ", fold(word).replace("'", ""))
    return tuple(_FINAL_I.sub(r"\1y", each) if _FINAL_I.fullmatch(each) else each for each in bare.split())


def typed_words(typed: str) -> tuple[frozenset[str], ...]:
    """Return, for each word that somebody typed, the beginnings of words that it stands for.

    `li` may be the beginning of `Linh`, and it may be `Lý`.
    """
    bare = _NOT_IN_WORDS.sub(" ", fold(typed).replace("'", "")).split()
    return tuple(frozenset((word, *search_words(word))) for word in bare)


def name_key(name: str) -> str:
    """Return a key whose order by code points is the Vietnamese order of names: given name, middle names, family name.

    Of each part the letters count first (a ă â b … d đ … y), then the tones (none, à ả ã á ạ).
    """
    words = clean(name).split(" ")
    parts = (words[-1:], words[1:-1], words[:-1][:1])
    return " ".join(f"{'-'.join(map(_letters, part))} {''.join(map(_tone, part))}" for part in parts)


@_remembered
def _letters(word: str) -> str:
    found = []
    for character in unicodedata.normalize("NFD", word.casefold().replace("đ", "d{")):
        mark = _LETTER_MARKS.get(character)
        if mark is not None:
            found.append(mark)
        elif character not in _TONES and (character.isalnum() or character == "{"):
            found.append(character)
    return "".join(found)


@_remembered
def _tone(word: str) -> str:
    return max((_TONES.get(character, "0") for character in unicodedata.normalize("NFD", word)), default="0")
