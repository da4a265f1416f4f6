"""Rows of lists between file and database: each is sealed as a whole."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from services.registry.domain.household_csv import Row
from shared.encryption import Keyring

_CELLS = "household_import_rows.cells"


def sealed_rows(rows: Sequence[Row], import_id: UUID, ring: Keyring) -> list[dict[str, Any]]:
    """Return the rows as they are stored; thousands of them take too long for the event loop."""
    return [
        {
            "import_id": import_id,
            "reference": row.reference,
            "line": row.line,
            "cells": ring.seal_bytes(orjson.dumps(row.cells), _CELLS, import_id, row.line),
        }
        for row in rows
    ]


def opened_rows(rows: Iterable[Any], import_id: UUID, ring: Keyring) -> list[Row]:
    """Return stored rows, each selected as line, reference and cells. Raises CannotOpen."""
    return [
        Row(line, reference, orjson.loads(ring.open_bytes(cells, _CELLS, import_id, line)))
        for line, reference, cells in rows
    ]
