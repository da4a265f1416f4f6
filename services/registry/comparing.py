"""Comparing records of people, as a process of its own: `python -m services.registry.comparing`.

It is given pairs as JSON, each two lists of the fields of a `Record`, and answers with those that belong into the
queue: their place in what was given, the points, and what these are made of.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson

from services.registry.domain.likeness import QUEUED_FROM, Record, likeness
from shared.side_process import answer


def compared(message: bytes) -> bytes:
    """Return the pairs that are alike, as JSON."""
    found = []
    for place, (one, other) in enumerate(orjson.loads(message)):
        like = likeness(_record(one), _record(other))
        if like.score >= QUEUED_FROM:
            made_of = [[each.aspect, each.degree, each.points] for each in like.agreements]
            found.append([place, like.score, made_of])
    return orjson.dumps(found)


def _record(fields: Sequence[Any]) -> Record:
    words, sex, birth_date, *others = fields
    return Record(words, sex, date.fromisoformat(birth_date), *others)


if __name__ == "__main__":
    answer(compared)
