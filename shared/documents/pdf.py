"""Papers as PDF, set by typst with the fonts that it brings."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path

from shared.documents.paper import Paper, dated

_TEMPLATE = Path(__file__).parent / "official.typ"


@cache
def _template() -> bytes:
    return _TEMPLATE.read_bytes()


async def pdf_of(paper: Paper) -> bytes:
    """Return a paper as PDF. Setting a thousand rows takes about a second of another thread."""
    import typst  # only here: a process that sets no paper does without its 4 MB

    return await asyncio.to_thread(_set, paper, typst.compile)


def _set(paper: Paper, compiled: Callable[..., bytes]) -> bytes:
    data = asdict(paper) | {"date": dated(paper.on)}
    for table in data["tables"]:
        table["rows"] = [[str(cell) for cell in row] for row in table["rows"]]
    shown = json.dumps(data, ensure_ascii=False, default=str)
    return compiled(_template(), sys_inputs={"data": shown}, ignore_system_fonts=True)
