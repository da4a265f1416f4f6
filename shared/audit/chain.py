"""The chain: each seal's hash covers its number, its row, and through the seal before it every earlier row.

hash = SHA-256(previous hash ‖ JSON), where the JSON is UTF-8, without spaces, with keys in the order of their code
points, and holds `sequence` and the columns of the row; `at` is written in UTC with six decimals. A row's details hold
texts, whole numbers, booleans, lists and objects alone, so that every JSON library writes the same bytes.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import orjson

GENESIS = bytes(32)
COLUMNS = (
    "id", "at", "who", "operation", "kind", "object_id", "area", "request_id", "traceparent", "purpose", "outcome",
    "details",
)  # fmt: skip
_TEXTS = tuple(name for name in COLUMNS if name not in ("id", "at", "details"))


def canonical(sequence: int, row: Mapping[str, Any]) -> bytes:
    """Return the bytes that a seal covers. `row` has `COLUMNS`: `at` is aware, `details` an object."""
    content = {name: row[name] for name in _TEXTS}
    content["id"] = str(row["id"])
    content["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    content["details"] = row["details"]
    content["sequence"] = sequence
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def link(previous: bytes, content: bytes) -> bytes:
    """Return the hash of a seal."""
    return hashlib.sha256(previous + content).digest()
