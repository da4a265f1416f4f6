"""The contract as files: a JSON Schema each event type and golden samples of each version of it.

`python -m shared.events.asyncapi --write` writes the schemas; samples are written by hand. A sample is never changed or
removed: it stands for events that somebody stored. When a type gains fields, a sample with them is added beside.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.events import EVENT_TYPES
from shared.events.compatibility import incompatibilities

SCHEMAS = Path(__file__).parent / "schemas"
SAMPLES = Path(__file__).parent / "samples"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class IncompatibleChange(ValueError):
    """A published type changed otherwise than by gaining optional fields; the text names every place."""


def schemas() -> Mapping[str, dict[str, Any]]:
    """Return the JSON Schema (2020-12) of what a reader of each event type accepts, by type name."""
    return {
        name: {"$schema": _DIALECT, "$id": f"urn:ansinh:event:{name}", **model.model_json_schema(mode="validation")}
        for name, model in sorted(EVENT_TYPES.items())
    }


def written_schemas() -> Mapping[str, dict[str, Any]]:
    """Return the schemas in the tree, by type name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(SCHEMAS.glob("*.json"))}


def samples() -> Mapping[str, list[dict[str, Any]]]:
    """Return the golden samples of each type: `<type>.json`, then `<type>.2.json`, `<type>.3.json`, …"""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sorted(EVENT_TYPES)}
    for path in sorted(SAMPLES.glob("*.json")):
        head, _, tail = path.stem.rpartition(".")
        found.setdefault(head if tail.isdigit() else path.stem, []).append(json.loads(path.read_text(encoding="utf-8")))
    return found


def broken_promises(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return how the schemas `new` break what `old` promised, both by type name."""
    broken = [f"{name}: no longer published" for name in sorted(set(old) - set(new))]
    for name in sorted(set(old) & set(new)):
        broken += [f"{name}{place}" for place in incompatibilities(old[name], new[name])]
    return broken


def write_schemas() -> None:
    """Write the schemas of the models into the tree.

    Raises:
        IncompatibleChange: a schema in the tree would be broken; nothing was written.
    """
    new = schemas()
    broken = broken_promises(written_schemas(), new)
    if broken:
        raise IncompatibleChange("make a v2 beside it instead:\n" + "\n".join(broken))
    for name, schema in new.items():
        (SCHEMAS / f"{name}.json").write_text(as_text(schema), encoding="utf-8")


def as_text(document: Mapping[str, Any]) -> str:
    """Return a document as it stands in the tree."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
