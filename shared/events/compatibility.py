"""What may change in a published schema: optional fields may come, nothing else may change.

Readers and writers of different releases run at the same time, and stored events are read for good. So an old event
must be readable by a new model, and a new event by an old one: even a wider list of values is a new type.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_REMARKS = frozenset({"title", "description", "examples", "$schema", "$id", "$defs"})
_COMPARED_APART = frozenset(
    {"properties", "required", "enum", "items", "prefixItems", "anyOf", "oneOf", "allOf", "$ref"}
)


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """Return, as sentences that begin with a JSON pointer, what in `new` breaks who knows `old`; empty when nothing.

    Both are JSON Schemas (2020-12) as pydantic writes them; references are followed within their own document.
    """
    return list(_Comparison(old, new).compare("", old, new))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new
        self._open: set[tuple[str, str]] = set()  # pairs of references that are being compared: types may be recursive

    def compare(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if any(pair):
            if pair in self._open:
                return
            self._open.add(pair)
        old, new = _followed(self._old, old), _followed(self._new, new)
        yield from self._keywords(at, old, new)
        yield from self._fields(at, old, new)
        yield from self._values(at, old, new)
        yield from self._parts(at, old, new)
        self._open.discard(pair)

    def _keywords(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        for keyword in sorted((set(old) | set(new)) - _REMARKS - _COMPARED_APART):
            before, after = old.get(keyword), new.get(keyword)
            if (keyword in old) != (keyword in new) or before != after or type(before) is not type(after):
                yield f"{at or '/'}: {keyword} was {before!r}, is {after!r}"

    def _fields(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            here = f"{at}/{name}"
            if name not in after:
                yield f"{here}: removed"
                continue
            yield from self.compare(here, before[name], after[name])
            if name in needed_after - needed_before:
                yield f"{here}: required now; stored events may lack it"
            if name in needed_before - needed_after:
                yield f"{here}: optional now; readers of before need it"
        for name in sorted(needed_after - set(before)):
            yield f"{at}/{name}: new and required; stored events lack it"

    def _values(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        if "enum" not in old and "enum" not in new:
            return
        before, after = old.get("enum"), new.get("enum")
        if before is None or after is None:
            yield f"{at or '/'}: enum was {before!r}, is {after!r}"
            return
        for value in before:
            if value not in after:
                yield f"{at or '/'}: value {value!r} removed; stored events may hold it"
        for value in after:
            if value not in before:
                yield f"{at or '/'}: value {value!r} new; readers of before refuse it"

    def _parts(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        if isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
            yield from self.compare(f"{at}/*", old["items"], new["items"])
        elif old.get("items") != new.get("items"):
            yield f"{at or '/'}: items was {old.get('items')!r}, is {new.get('items')!r}"
        for keyword in ("prefixItems", "anyOf", "oneOf", "allOf"):
            before, after = old.get(keyword, ()), new.get(keyword, ())
            if len(before) != len(after):
                yield f"{at or '/'}: {keyword} had {len(before)} alternatives, has {len(after)}"
                continue
            for one, other in zip(before, after, strict=True):
                yield from self.compare(at, one, other)


def _followed(document: Schema, schema: Schema) -> Schema:
    """Return what a schema refers to, with what it says beside the reference."""
    while "$ref" in schema:
        target: Any = document
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema
