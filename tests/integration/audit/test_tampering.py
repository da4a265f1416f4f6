"""Whoever owns the database and alters the record is found, and the place is named: every way, at random places."""

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from shared.audit import heads
from shared.audit.chain import canonical, link
from shared.audit.verification import Report, read_heads, verify_chain
from shared.db import Database
from shared.keys import public_key
from tests.integration.audit.conftest import SERVICE, Record
from tests.support.keys import KEYS
from tests.support.postgres import Databases

ROWS, HEADS = 240, (60, 120, 180, 240)
BEHIND = 10  # rows sealed after the last head
PLACES = 40 if os.environ.get("ANSINH_SOAK") == "1" else 6

Connection = Any
Tamper = Callable[[Connection, random.Random], Awaitable[int]]


@pytest.fixture(scope="module")
async def sealed(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Record]:
    """A record of 250 rows with four heads, the last of them ten rows before the end."""
    url = await databases.create(SERVICE)
    database = Database(url, name="test audit", keys=KEYS)
    record = Record.of(database, tmp_path_factory.mktemp("heads"))
    for _ in HEADS:
        await record.add(ROWS // len(HEADS))
        await record.publish()
    await record.add(BEHIND)
    await record.seal()
    yield record
    await database.close()
    await databases.drop(url)


async def _row_of(connection: Connection, sequence: int) -> Any:
    return await connection.fetchval("SELECT row_id FROM audit_seals WHERE sequence = $1", sequence)


def _change(column: str, value: str) -> Tamper:
    async def tamper(connection: Connection, chance: random.Random) -> int:
        place = chance.randint(1, ROWS + BEHIND)
        row = await _row_of(connection, place)
        await connection.execute(f"UPDATE audit_rows SET {column} = {value} WHERE id = $1", row)
        return place

    return tamper


async def _flip_a_bit_of_a_hash(connection: Connection, chance: random.Random) -> int:
    place, byte = chance.randint(1, ROWS), chance.randint(0, 31)
    flip = "UPDATE audit_seals SET hash = set_byte(hash, $2, get_byte(hash, $2) # 1) WHERE sequence = $1"
    await connection.execute(flip, place, byte)
    return place


async def _delete_a_row(connection: Connection, chance: random.Random) -> int:
    place = chance.randint(1, ROWS + BEHIND)
    await connection.execute("DELETE FROM audit_rows WHERE id = $1", await _row_of(connection, place))
    return place


async def _delete_a_row_with_its_seal(connection: Connection, chance: random.Random) -> int:
    place = await _delete_a_row(connection, random.Random(chance.randint(0, 10**6)))
    if place == ROWS + BEHIND:  # the very last, behind the last head, is the one that nobody can miss
        place -= 1
        await connection.execute("DELETE FROM audit_rows WHERE id = $1", await _row_of(connection, place))
    await connection.execute("DELETE FROM audit_seals WHERE sequence = $1", place)
    return place


async def _swap_two_rows(connection: Connection, chance: random.Random) -> int:
    first, second = sorted(chance.sample(range(1, ROWS + BEHIND + 1), 2))
    rows = await _row_of(connection, first), await _row_of(connection, second)
    await connection.execute("UPDATE audit_seals SET row_id = gen_random_uuid() WHERE sequence = $1", first)
    await connection.execute("UPDATE audit_seals SET row_id = $2 WHERE sequence = $1", second, rows[0])
    await connection.execute("UPDATE audit_seals SET row_id = $2 WHERE sequence = $1", first, rows[1])
    return first


async def _move_a_seal(connection: Connection, chance: random.Random) -> int:
    place = chance.randint(1, ROWS - 1)
    move = "UPDATE audit_seals SET sequence = $2 WHERE sequence = $1"
    for old, new in ((place, -1), (place + 1, place), (-1, place + 1)):
        await connection.execute(move, old, new)
    return place


async def _insert_a_row_among_the_sealed(connection: Connection, chance: random.Random) -> int:
    """Make room in the chain for a forged row, and seal it as the sealer would; the rest keeps its hashes."""
    place = chance.randint(2, ROWS)
    await connection.execute("UPDATE audit_seals SET sequence = -sequence - 1 WHERE sequence >= $1", place)
    await connection.execute("UPDATE audit_seals SET sequence = -sequence WHERE sequence < 0")
    await _forge(connection, place)
    return place + 1  # the forged one follows well; the one that it pushed on does not follow from it


async def _forge(connection: Connection, place: int) -> None:
    before = await connection.fetchval("SELECT hash FROM audit_seals WHERE sequence = $1", place - 1)
    row = await connection.fetchrow(
        "INSERT INTO audit_rows (id, at, who, operation, outcome, details)"
        " VALUES (gen_random_uuid(), now(), 'nobody', 'approve_run', 'done', '{}') RETURNING *"
    )
    sealed = link(before, canonical(place, {**row, "details": orjson.loads(row["details"])}))
    await connection.execute("INSERT INTO audit_seals VALUES ($1, $2, $3, $4)", place, row["id"], before, sealed)


@pytest.mark.parametrize("attempt", range(PLACES))
@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(_change("who", "'somebody else'"), id="another-person"),
        pytest.param(_change("at", "at + interval '1 microsecond'"), id="another-time"),
        pytest.param(_change("object_id", "NULL"), id="no-object"),
        pytest.param(_change("details", "details || '{\"count\": -1}'"), id="other-details"),
        pytest.param(_change("details", "details || '{\"count\": 1e30}'"), id="a-number-too-large"),
        pytest.param(_change("outcome", "'refused'"), id="another-outcome"),
        pytest.param(_flip_a_bit_of_a_hash, id="a-bit-of-a-hash"),
        pytest.param(_delete_a_row, id="a-row-deleted"),
        pytest.param(_delete_a_row_with_its_seal, id="a-row-deleted-with-its-seal"),
        pytest.param(_swap_two_rows, id="two-rows-swapped"),
        pytest.param(_move_a_seal, id="two-seals-swapped"),
        pytest.param(_insert_a_row_among_the_sealed, id="a-row-inserted"),
    ],
)
async def test_what_was_altered_is_named_with_its_place(sealed: Record, tamper: Tamper, attempt: int) -> None:
    chance = random.Random(f"{tamper}{attempt}".split(" at ")[0] + str(attempt))

    async def alter(connection: Connection) -> int:
        return await tamper(connection, chance)

    place, report = await _after(sealed, alter)
    named = {fault.first for fault in report.faults}
    assert place in named


async def _after(record: Record, alter: Callable[[Connection], Awaitable[Any]]) -> tuple[Any, Report]:
    """Alter the record as the owner of the database, verify, and put everything back."""
    connection = await record.database.connect()
    undone = connection.transaction()
    await undone.start()
    try:
        for table in ("audit_rows", "audit_seals"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        what = await alter(connection)
        report = Report()
        lines = heads.lines(heads.heads_file(record.heads, SERVICE))
        known = read_heads(lines, SERVICE, [public_key(KEYS.signing)], report)
        await verify_chain(connection, known, report)
        return what, report
    finally:
        await undone.rollback()
        await connection.close()


async def test_the_record_that_nobody_altered_holds(sealed: Record) -> None:
    async def alter(_: Connection) -> None:
        return None

    _, report = await _after(sealed, alter)
    assert report.holds
    assert (report.sealed, report.behind_head) == (ROWS + BEHIND, BEHIND)


async def _rewrite(connection: Connection, place: int) -> None:
    """Change a row and compute every hash from it on anew: a chain that holds by itself."""
    row = await _row_of(connection, place)
    await connection.execute("UPDATE audit_rows SET who = 'somebody else' WHERE id = $1", row)
    before = await connection.fetchval("SELECT previous FROM audit_seals WHERE sequence = $1", place)
    query = (
        "SELECT s.sequence, r.* FROM audit_seals s JOIN audit_rows r ON r.id = s.row_id"
        " WHERE sequence >= $1 ORDER BY sequence"
    )
    for record in await connection.fetch(query, place):
        content = canonical(record["sequence"], {**record, "details": orjson.loads(record["details"])})
        sealed = link(before, content)
        change = "UPDATE audit_seals SET previous = $2, hash = $3 WHERE sequence = $1"
        await connection.execute(change, record["sequence"], before, sealed)
        before = sealed


@pytest.mark.parametrize("attempt", range(PLACES))
async def test_a_chain_computed_anew_is_named_between_two_heads(sealed: Record, attempt: int) -> None:
    place = random.Random(attempt).randint(1, ROWS)
    _, report = await _after(sealed, lambda connection: _rewrite(connection, place))
    first = report.faults[0]
    assert first.kind == "rewritten"
    assert (first.first or 0) <= place <= (first.last or 0)
    assert (first.last or 0) - (first.first or 0) == ROWS // len(HEADS) - 1  # not wider than from head to head


@pytest.mark.parametrize("attempt", range(PLACES))
async def test_the_newest_rows_cut_off_are_named_up_to_the_last_head(sealed: Record, attempt: int) -> None:
    end = random.Random(attempt).randint(0, ROWS - 1)

    async def cut(connection: Connection) -> None:
        gone = "DELETE FROM audit_rows WHERE id IN (SELECT row_id FROM audit_seals WHERE sequence > $1)"
        await connection.execute(gone, end)
        await connection.execute("DELETE FROM audit_seals WHERE sequence > $1", end)

    _, report = await _after(sealed, cut)
    assert [(fault.kind, fault.first, fault.last) for fault in report.faults] == [("truncated", end + 1, ROWS)]


async def test_what_is_cut_off_behind_the_last_head_is_told_as_the_rows_that_nothing_vouches_for(
    sealed: Record,
) -> None:
    async def cut(connection: Connection) -> None:
        await connection.execute("DELETE FROM audit_seals WHERE sequence > $1", ROWS + BEHIND // 2)
        await connection.execute(
            "DELETE FROM audit_rows r WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.row_id = r.id)"
        )

    _, report = await _after(sealed, cut)
    assert report.holds
    assert report.behind_head == BEHIND // 2
    assert report.last_head is not None
    assert report.last_head.sequence == ROWS


async def test_a_row_slipped_in_without_a_seal_and_one_gone_from_the_queue_are_named(sealed: Record) -> None:
    async def slip(connection: Connection) -> list[str]:
        slipped = await connection.fetchval(
            "INSERT INTO audit_rows (id, at, who, operation, outcome, details)"
            " VALUES (gen_random_uuid(), now(), 'nobody', 'approve_run', 'done', '{}') RETURNING id"
        )
        gone = await connection.fetchval("INSERT INTO audit_unsealed VALUES (gen_random_uuid()) RETURNING row_id")
        return [str(slipped), str(gone)]

    places, report = await _after(sealed, slip)
    assert [(fault.kind, fault.place) for fault in report.faults] == [("unsealed", place) for place in places]


def test_the_folder_of_heads_holds_a_line_a_head(sealed: Record) -> None:
    assert len(list(heads.lines(Path(sealed.heads) / f"{SERVICE}.heads.jsonl"))) == len(HEADS)
