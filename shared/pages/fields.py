"""Forms of pages: the name of a field is the JSON pointer of the value that it becomes.

`members/0/full_name` becomes `{"members": [{"full_name": …}]}`; a name that ends in `/-` adds to a list, as RFC 6901
has it. So the pointer of a refusal (`/body/members/0/full_name`) names the field to mend.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

_OF_THE_PAGE = frozenset({"csrf_token", "idempotency_key"})
_MOST_FIELDS = 2_000


class Fields:
    """The fields of a form as they were sent, in their order."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)
        self._last = dict(self.pairs)

    @classmethod
    def read(cls, body: bytes) -> "Fields":
        """Return the fields of an `application/x-www-form-urlencoded` body; of a broken one, none."""
        try:
            return cls(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            return cls(())

    def get(self, name: str, otherwise: str = "") -> str:
        """Return the last value of a field."""
        return self._last.get(name, otherwise)

    def has(self, name: str, value: str) -> bool:
        """Return whether a field was sent with a value: whether a box was ticked."""
        return (name, value) in self.pairs


def body_of(fields: Fields, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the JSON object that a form stands for; fields left blank are left out."""
    left_out = _OF_THE_PAGE | set(without)
    tree: dict[str, Any] = {}
    for name, value in fields.pairs:
        if name not in left_out and value.strip():
            _put(tree, name.split("/"), value.strip())
    made = _listed(tree)
    assert isinstance(made, dict)  # noqa: S101 - the top is named by fields, not by numbers
    return made


def _put(tree: dict[str, Any], steps: list[str], value: str) -> None:
    *way, last = steps
    for step in way:
        found = tree.setdefault(step, {})
        if not isinstance(found, dict):
            return
        tree = found
    tree[str(len(tree)) if last == "-" else last] = value


def _listed(node: Any, *, top: bool = True) -> Any:
    """Turn what is keyed by numbers into lists, in the order of the numbers."""
    if not isinstance(node, Mapping):
        return node
    if not top and node and all(key.isdecimal() for key in node):
        return [_listed(node[key], top=False) for key in sorted(node, key=int)]
    return {key: _listed(each, top=False) for key, each in node.items()}
