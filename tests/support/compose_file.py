"""docker-compose.yml as Compose reads it: variables put in, merges done."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"

_VARIABLE = re.compile(
    r"\$\$|\$\{(?P<name>[A-Z_][A-Z0-9_]*)(?::(?P<how>[-?])(?P<word>[^}]*))?\}|\$(?P<bare>[A-Z_][A-Z0-9_]*)"
)


class MissingVariable(Exception):
    """What Compose says where a variable is required and missing."""


def _put_in(text: str, variables: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name = found["name"] or found["bare"]
        if variables.get(name):
            return variables[name]
        if found["how"] == "?":
            raise MissingVariable(f"{name}: {found['word']}")
        return found["word"] or ""

    return _VARIABLE.sub(value, text)


def _through(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _through(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_through(value, variables) for value in node]
    return _put_in(node, variables) if isinstance(node, str) else node


def read(variables: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the file with the variables put in, or, for None, as it stands. Comments and templates are gone.

    Raises:
        MissingVariable: one that is required is missing.
    """
    parsed = {name: part for name, part in yaml.safe_load(FILE.read_text()).items() if not name.startswith("x-")}
    return parsed if variables is None else dict(_through(parsed, variables))


def read_variables(env_file: Path) -> dict[str, str]:
    """Return the variables of a `.env`."""
    lines = env_file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
