"""The catalogue itself: read once from the files beside this module, checked as it is read."""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from types import MappingProxyType

from shared.texts.languages import LANGUAGES, Language


def placeholders(template: str) -> frozenset[str]:
    """Return the names that a template wants filled in.

    Raises:
        ValueError: a placeholder is not a plain `{name}`.
    """
    names = set()
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"a placeholder is a plain name in braces: {template!r}")
        names.add(name)
    return frozenset(names)


def _checked(key: str, entry: Mapping[str, str]) -> Mapping[Language, str]:
    if set(entry) != set(LANGUAGES) or not all(entry.values()):
        raise ValueError(f"text {key!r} needs exactly: {', '.join(LANGUAGES)}")
    if len({placeholders(template) for template in entry.values()}) != 1:
        raise ValueError(f"text {key!r} has other placeholders in one language than in the other")
    return MappingProxyType({language: entry[language] for language in LANGUAGES})


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    twice = {key for key in keys if keys.count(key) > 1} if len(set(keys)) != len(keys) else set()
    if twice:
        raise ValueError(f"named twice in one file: {', '.join(sorted(twice))}")
    return dict(pairs)


def load(folder: Path) -> Mapping[str, Mapping[Language, str]]:
    """Return the texts of every `*.json` file in a folder.

    Raises:
        ValueError: a key stands in two files, lacks a language, or its languages differ in placeholders.
    """
    texts: dict[str, Mapping[Language, str]] = {}
    for path in sorted(folder.glob("*.json")):
        entries = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        for key, entry in entries.items():
            if key in texts:
                raise ValueError(f"text {key!r} of {path.name} stands in another file too")
            texts[key] = _checked(key, entry)
    return MappingProxyType(texts)


CATALOGUE = load(Path(__file__).parent)


def has_text(key: str) -> bool:
    """Return whether the catalogue has a key."""
    return key in CATALOGUE


def text(key: str, language: Language, /, **fields: object) -> str:
    """Return a text in one language with its placeholders filled in.

    Raises:
        KeyError: the catalogue has no such key, or a placeholder has no field.
    """
    return CATALOGUE[key][language].format_map(fields)
