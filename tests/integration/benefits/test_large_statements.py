"""A statement is applied some lines at a time: it means the same in parts of any size, and is booked whole or not."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.benefits.payments.bank.port import RawStatement
from services.benefits.payments.incoming import take_statement
from services.benefits.payments.store import statement_lines
from services.benefits.payments.store.files import resolve_unknown
from services.benefits.settings import BANK
from shared import clock
from tests.integration.benefits.platform import Benefits
from tests.integration.benefits.test_what_comes_back import AMOUNT, rows, sent
from tests.support.bank_words import Booked, statement
from tests.support.memory import MemoryWatch
from tests.support.waiting import until

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.mark.parametrize("lines_at_once", [1, 2, 3, 1_000])
async def test_a_statement_means_the_same_in_parts_of_any_size(
    benefits: Benefits, monkeypatch: pytest.MonkeyPatch, lines_at_once: int
) -> None:
    monkeypatch.setattr(statement_lines, "_AT_ONCE", lines_at_once)
    file = await sent(benefits, 5)
    paid, twice, returned, _by_uetr, unshown = file.ids
    given = await benefits.post("/funds/STATE_PROVINCE/contributions", {"amount": 90_000, "reference": "KBNN 7"})
    assert await file.state(
        Booked(-AMOUNT, paid),
        Booked(-AMOUNT, twice),
        Booked(-AMOUNT, returned),
        Booked(90_000, "KBNN 7"),
        Booked(-AMOUNT, twice),
        Booked(AMOUNT, returned, returned="AC04"),
        Booked(-AMOUNT, uetr=file.uetrs[3]),
        Booked(90_000, "KBNN 7"),
        Booked(-AMOUNT, "01KEZ8Q0M1X3J5V7T9B2D4F6H8"),
        Booked(AMOUNT, returned, returned="AC04"),
    )
    assert await file.states() == [
        ("PAID", "BOOKED"),
        ("PAID", "EXCEPTION"),
        ("RETURNED", "RETURNED"),
        ("PAID", "BOOKED"),
        ("INSTRUCTED", "SENT"),
    ]
    kept = await rows(benefits, "SELECT * FROM statement_entry WHERE ordinal > 0 ORDER BY ordinal")
    assert [(row["ordinal"], row["outcome"]) for row in kept] == [
        (1, "paid"),
        (2, "paid"),
        (3, "paid"),
        (4, "contribution"),
        (5, "double_debit"),
        (6, "returned"),
        (7, "paid"),
        (8, "unknown_credit"),
        (9, "unknown_debit"),
        (10, "return_unmatched"),
    ]
    assert (str(kept[3]["contribution_id"]), kept[6]["rung"]) == (given["id"], "uetr")
    [waits] = await rows(benefits, "SELECT id FROM payment_instruction WHERE end_to_end_id = $1", unshown)
    assert kept[8]["suggested"] == waits["id"], "the one of its amount that no statement has shown"


async def test_what_is_cut_off_within_a_statement_has_no_effect_and_is_done_once_when_it_comes_again(
    benefits: Benefits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_lines, "_AT_ONCE", 1)
    file = await sent(benefits, 3)
    before = await benefits.balances()
    entries = [Booked(-AMOUNT, key) for key in file.ids]
    holder = await benefits.database.connect()
    async with holder.transaction():
        await holder.execute("SELECT FROM payment_instruction WHERE end_to_end_id = $1 FOR UPDATE", file.ids[2])
        applying = asyncio.ensure_future(file.state(*entries))
        cut = await until(lambda: _cut_off_who_waits(holder), describe="the last line waits for its payment")
        assert cut == 1
        with pytest.raises((DBAPIError, asyncpg.PostgresError, OSError)):
            await applying
    await holder.close()
    assert await file.states() == [("INSTRUCTED", "SENT")] * 3
    assert await rows(benefits, "SELECT FROM statement_entry") == []
    assert await benefits.balances() == before
    [message] = (await benefits.get("/bank-messages"))["items"]
    assert message["state"] == "received", "it was stored before anybody read it"
    assert await file.state(*entries)
    assert await file.states() == [("PAID", "BOOKED")] * 3
    assert len(await rows(benefits, "SELECT FROM statement_entry WHERE outcome = 'paid'")) == 3


async def test_a_statement_and_who_hears_of_an_unknown_file_wait_in_one_order(
    benefits: Benefits,
) -> None:
    file = await sent(benefits, 2)
    for table in ("payment_file", "payment_instruction"):
        await rows(benefits, f"UPDATE {table} SET state = 'UNKNOWN' WHERE message_id = $1", file.message_id)
    watcher = await benefits.database.connect()
    async with benefits.database.transaction() as session:
        held = text("SELECT FROM payment_file WHERE message_id = :id FOR UPDATE")
        await session.execute(held, {"id": file.message_id})
        applying = asyncio.ensure_future(file.state(*(Booked(-AMOUNT, key) for key in file.ids)))
        await until(lambda: watcher.fetchval(_WAITING), describe="the statement waits for the file")
        await resolve_unknown(session, file.message_id, found=True, now=clock.now())
    assert await applying
    await watcher.close()
    assert await file.states() == [("PAID", "BOOKED")] * 2


async def _cut_off_who_waits(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """End the connections that wait for a lock; return how many."""
    ended = await connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return len(ended)


async def test_a_long_statement_takes_no_more_memory_than_its_bytes(
    benefits: Benefits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_lines, "_AT_ONCE", 100)
    await benefits.open_fund()
    few, many = ([Booked(1_000 + number) for number in range(count)] for count in (300, 6_300))
    await _growth_for(benefits, 1, 0, few)  # what is made once
    growth, length = await _growth_for(benefits, 2, sum(each.amount for each in few), many)
    assert growth < 7 * length, "an entry that was read takes ten times its bytes"


async def _growth_for(benefits: Benefits, number: int, opening: int, entries: Sequence[Booked]) -> tuple[int, int]:
    """Return by how much memory grew at most while a statement was applied, and how long that is (bytes)."""
    content = statement(benefits.payer_number, number, opening, entries)
    with MemoryWatch() as memory:
        assert await take_statement(benefits.database, BANK, benefits.payer, RawStatement(number, content))
    return memory.growth, len(content)
