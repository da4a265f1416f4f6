"""Verifying the chain against its rows and against the signed heads: rows are streamed, memory stays flat."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import asyncpg
import orjson

from shared.audit import heads
from shared.audit.chain import COLUMNS, GENESIS, canonical, link
from shared.audit.heads import Head, HeadRefused
from shared.db import Database

FaultKind = Literal[
    "changed",
    "deleted",
    "missing",
    "repeated",
    "unlinked",
    "rewritten",
    "truncated",
    "unsealed",
    "forged_head",
    "no_head",
]
_SHOWN = 1_000  # faults kept; a chain with more is beyond listing

_CHAIN = f"""
SELECT s.sequence, s.row_id, s.previous, s.hash, {", ".join(f"r.{name}" for name in COLUMNS)}
FROM audit_seals s LEFT JOIN audit_rows r ON r.id = s.row_id ORDER BY s.sequence
"""  # noqa: S608 - our own names
_UNSEALED = """
SELECT r.id, r.at, u.row_id IS NOT NULL AS waits FROM audit_rows r LEFT JOIN audit_unsealed u ON u.row_id = r.id
WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.row_id = r.id) ORDER BY r.at
"""
_GONE = """
SELECT u.row_id FROM audit_unsealed u WHERE NOT EXISTS (SELECT FROM audit_rows r WHERE r.id = u.row_id)
"""


@dataclass(frozen=True)
class Fault:
    """What is wrong at one place.

    `first` to `last` are sequences of the chain, both included; of a row outside the chain and of a head they are None,
    and `place` is the row's id or the head's line.

    changed: the row is not what was sealed, or the seal is not its. deleted: the row is gone. missing: seals are gone.
    repeated: two seals have one number. unlinked: the seal does not follow from the one before. rewritten: the chain
    holds by itself and is not the one whose head was signed; it was rewritten between two heads. truncated: a signed
    head knows more rows. unsealed: a row that no seal covers and none waits for, or one that waited is gone.
    forged_head: a line of the heads' file that none of our keys signed. no_head: nothing outside the database vouches.
    """

    kind: FaultKind
    first: int | None = None
    last: int | None = None
    place: str = ""


@dataclass
class Report:
    """What was found. `behind_head` rows are sealed and not yet under a signed head; `waiting` rows are not sealed."""

    sealed: int = 0
    heads: int = 0
    last_head: Head | None = None
    behind_head: int = 0
    waiting: int = 0
    waiting_since: datetime | None = None
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault_count == 0

    def note(self, fault: Fault) -> None:
        """Add a fault."""
        self.fault_count += 1
        if len(self.faults) < _SHOWN:
            self.faults.append(fault)


async def verify(database: Database, service: str, folder: Path, keys: Collection[bytes]) -> Report:
    """Verify a service's audit against the heads in a folder, signed by one of the public keys (32 bytes each)."""
    report = Report()
    # The heads first: one that is published while we read is of rows that our snapshot does not have.
    known = read_heads(heads.lines(heads.heads_file(folder, service)), service, keys, report)
    connection = await database.connect()
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await verify_chain(connection, known, report)
    finally:
        await connection.close()
    return report


def read_heads(lines: Iterable[bytes], service: str, keys: Collection[bytes], report: Report) -> list[Head]:
    """Return the heads of a service in the order of their sequence."""
    known: list[Head] = []
    for number, line in enumerate(lines, 1):
        try:
            head = Head.read(line, keys)
            if head.service != service:
                raise HeadRefused("of another service")
            known.append(head)
        except HeadRefused:
            report.note(Fault("forged_head", place=f"line {number}"))
    known.sort(key=lambda head: (head.sequence, head.instant))
    report.heads = len(known)
    report.last_head = known[-1] if known else None
    return known


async def verify_chain(connection: "asyncpg.Connection[Any]", known: list[Head], report: Report) -> None:
    """Verify what one transaction sees; it must not see what others commit meanwhile."""
    walk = _Walk(known, report)
    async for record in connection.cursor(_CHAIN, prefetch=2_000):
        walk.at(record)
    walk.end()
    async for record in connection.cursor(_UNSEALED, prefetch=2_000):
        if record["waits"]:
            report.waiting += 1
            report.waiting_since = report.waiting_since or record["at"]
        else:
            report.note(Fault("unsealed", place=str(record["id"])))
    async for record in connection.cursor(_GONE, prefetch=2_000):
        report.note(Fault("unsealed", place=str(record["row_id"])))


class _Walk:
    """Goes along the chain with the heads beside it."""

    def __init__(self, known: list[Head], report: Report) -> None:
        self._heads = known
        self._next_head = 0
        self._vouched = 0  # the sequence up to which a head agrees
        self._sequence = 0
        self._hash: bytes | None = GENESIS
        self._report = report

    def at(self, record: "asyncpg.Record") -> None:
        """Look at one seal and its row."""
        sequence = record["sequence"]
        if sequence <= self._sequence:
            self._report.note(Fault("repeated", sequence, sequence))
            return
        if sequence > self._sequence + 1:
            self._report.note(Fault("missing", self._sequence + 1, sequence - 1))
            self._hash = None
        previous, sealed = _bytes(record["previous"]), _bytes(record["hash"])
        if self._hash is not None and previous != self._hash:
            self._report.note(Fault("unlinked", sequence, sequence))
        if record["id"] is None:
            self._report.note(Fault("deleted", sequence, sequence, str(record["row_id"])))
        elif not _is_sealed(sequence, record, previous, sealed):
            self._report.note(Fault("changed", sequence, sequence, str(record["row_id"])))
        self._sequence, self._hash = sequence, sealed
        self._compare_heads(sealed)

    def _compare_heads(self, sealed: bytes) -> None:
        while self._next_head < len(self._heads) and self._heads[self._next_head].sequence <= self._sequence:
            head = self._heads[self._next_head]
            self._next_head += 1
            if head.sequence < self._sequence:
                continue  # its seal is among those noted as missing
            if head.hash == sealed.hex():
                self._vouched = self._sequence
            else:
                self._report.note(Fault("rewritten", min(self._vouched + 1, head.sequence), head.sequence, head.at))

    def end(self) -> None:
        """Look at what the heads know beyond the end."""
        report = self._report
        report.sealed = self._sequence
        beyond = self._heads[self._next_head :]
        if beyond:
            report.note(Fault("truncated", self._sequence + 1, beyond[-1].sequence, beyond[-1].at))
        if self._sequence and not self._heads:
            report.note(Fault("no_head", 1, self._sequence))
        report.behind_head = self._sequence - min(self._sequence, self._heads[-1].sequence if self._heads else 0)


def _bytes(value: bytes | None) -> bytes:
    return b"" if value is None else bytes(value)


def _is_sealed(sequence: int, record: "asyncpg.Record", previous: bytes, sealed: bytes) -> bool:
    try:
        row = {**record, "details": orjson.loads(record["details"])}
        return link(previous, canonical(sequence, row)) == sealed
    except (ValueError, TypeError, AttributeError):  # not even of a shape that could have been sealed
        return False
