"""Rows are written freely and chained later: none is missed, none twice, whatever commits when."""

import asyncio

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit import Entry, write
from shared.audit.heads import heads_file, lines
from shared.audit.verification import Fault
from tests.integration.audit.conftest import SERVICE, Record


async def test_rows_are_sealed_without_gaps_and_the_record_holds(record: Record) -> None:
    await record.add(7)
    await record.publish()
    await record.add(5)
    await record.seal()
    report = await record.verify()
    assert report.holds
    assert (report.sealed, report.heads, report.behind_head, report.waiting) == (12, 1, 5, 0)


async def test_a_row_committed_late_is_sealed_behind_those_that_came_later(record: Record) -> None:
    async with record.database.transaction() as late:
        await write(late, Entry("lan", "approve_run", "run", "late"))
        await record.add(3)
        await record.seal()
        assert (await record.verify()).sealed == 3
    await record.publish()
    report = await record.verify()
    assert report.holds
    assert report.sealed == 4


async def test_a_row_of_a_change_that_was_rolled_back_never_exists(record: Record) -> None:
    async with AsyncSession(record.database.engine) as session:
        await write(session, Entry("lan", "approve_run"))
        await session.rollback()
    await record.add(1)
    await record.publish()
    assert (await record.verify()).sealed == 1


async def test_more_rows_than_a_step_takes_are_sealed_in_several(record: Record) -> None:
    async with record.database.transaction() as session:
        for number in range(4_500):
            await write(session, Entry("lan", "import", "household", str(number)))
    await record.seal()
    await record.publish()
    report = await record.verify()
    assert report.holds
    assert report.sealed == 4_500


async def test_a_head_is_published_at_once_then_when_it_is_due(record: Record) -> None:
    file = heads_file(record.heads, SERVICE)
    await record.seal()
    assert list(lines(file)) == []  # nothing to vouch for
    await record.add(1)
    await record.seal()
    await record.add(1)
    await record.seal()
    assert len(list(lines(file))) == 1
    await record.publish()
    await record.publish()
    assert len(list(lines(file))) == 2  # nothing came after the second


async def test_rows_not_sealed_yet_are_counted_with_the_time_since_when(record: Record) -> None:
    await record.add(2)
    await record.publish()
    await record.add(3)
    report = await record.verify()
    assert report.holds
    assert report.waiting == 3
    assert report.waiting_since is not None


async def test_the_service_itself_can_neither_change_nor_remove_a_row(record: Record) -> None:
    await record.add(2)
    await record.seal()
    connection = await record.database.connect()
    try:
        for change in ("UPDATE audit_rows SET who = 'x'", "DELETE FROM audit_seals", "TRUNCATE audit_rows"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(change)
    finally:
        await connection.close()


async def test_a_sealer_that_finds_another_end_than_it_wrote_publishes_what_it_knew(record: Record) -> None:
    await record.add(4)
    await record.publish()
    await record.add(4)
    await record.seal()
    connection = await record.database.connect()
    try:
        for table in ("audit_seals", "audit_rows"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        newest = "SELECT row_id FROM audit_seals WHERE sequence > 6"
        await connection.execute(f"DELETE FROM audit_rows WHERE id IN ({newest})")
        await connection.execute("DELETE FROM audit_seals WHERE sequence > 6")
    finally:
        await connection.close()
    assert (await record.verify()).holds  # behind the last head nothing outside knows better …
    await record.seal()  # … but who wrote the rows does
    (fault,) = (await record.verify()).faults
    assert (fault.kind, fault.first, fault.last) == ("truncated", 7, 8)


async def test_verification_beside_a_sealer_at_work_finds_nothing_wrong(record: Record) -> None:
    await record.add(50)
    await record.publish()

    async def work() -> None:
        for _ in range(5):
            await record.add(20)
            await record.publish()

    working = asyncio.create_task(work())
    while not working.done():
        assert (await record.verify()).faults == []
    await working


async def test_a_head_that_another_key_signed_is_named(record: Record) -> None:
    await record.add(1)
    await record.publish()
    file = heads_file(record.heads, SERVICE)
    file.write_bytes(file.read_bytes() + file.read_bytes().replace(b'"sequence":1', b'"sequence":2'))
    assert (await record.verify()).faults == [Fault("forged_head", place="line 2")]
    file.unlink()
    assert (await record.verify()).faults == [Fault("no_head", 1, 1)]
