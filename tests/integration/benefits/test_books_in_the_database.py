"""What the database itself refuses, whoever asks: unbalanced journals, changes, late entries, the same cause twice."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.integration.benefits.platform import FUND, Benefits

_JOURNAL = (
    "INSERT INTO ledger_journal (id, cause, kind, value_date, posted_by, posted_at)"
    " VALUES ('00000000-0000-0000-0000-000000000001', 'cause', 'test', current_date, 'test', now())"
)
_ENTRY = (
    "INSERT INTO ledger_entry (journal_id, line, account, side, amount, fund)"
    f" VALUES ('00000000-0000-0000-0000-000000000001', $1, $2, $3, $4, '{FUND}')"
)

_ENTRY_OF_NO_FUND = f"{_JOURNAL}; {_ENTRY.replace(FUND, 'NOBODY')}"
for _number, _value in enumerate(("1", "'E1'", "'debit'", "5"), 1):
    _ENTRY_OF_NO_FUND = _ENTRY_OF_NO_FUND.replace(f"${_number}", _value)


async def write(connection: "asyncpg.Connection[Any]", *entries: tuple[int, str, str, int], head: bool = True) -> None:
    """Write entries (line, account, side, VND), and their journal unless it is there, in one transaction."""
    async with connection.transaction():
        if head:
            await connection.execute(_JOURNAL)
        for entry in entries:
            await connection.execute(_ENTRY, *entry)


@pytest.fixture
async def connection(benefits: Benefits) -> AsyncIterator["asyncpg.Connection[Any]"]:
    await benefits.open_fund()
    connection = await benefits.database.connect()
    yield connection
    await connection.close()


async def test_an_unbalanced_journal_is_refused_at_commit(connection: "asyncpg.Connection[Any]") -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await write(connection, (1, "E1", "debit", 5), (2, "L1", "credit", 4))
    assert await connection.fetchval("SELECT count(*) FROM ledger_journal WHERE cause = 'cause'") == 0


async def test_budget_and_money_do_not_balance_each_other(connection: "asyncpg.Connection[Any]") -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await write(connection, (1, "B2", "debit", 5), (2, "L1", "credit", 5))


async def test_an_empty_journal_is_refused(connection: "asyncpg.Connection[Any]") -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(_JOURNAL)


async def test_entries_do_not_come_after_their_journal(connection: "asyncpg.Connection[Any]") -> None:
    await write(connection, (1, "E1", "debit", 5), (2, "L1", "credit", 5))
    with pytest.raises(asyncpg.RestrictViolationError):
        await write(connection, (3, "E1", "debit", 5), (4, "L1", "credit", 5), head=False)


async def test_an_entry_is_of_a_fund_that_is_known(connection: "asyncpg.Connection[Any]") -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="fund"):
        await connection.execute(_ENTRY_OF_NO_FUND)
    assert await connection.fetchval("SELECT count(*) FROM ledger_journal WHERE cause = 'cause'") == 0


async def test_a_fund_whose_money_moved_stays(connection: "asyncpg.Connection[Any]") -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(f"DELETE FROM fund WHERE code = '{FUND}'")


@pytest.mark.parametrize("table", ["ledger_journal", "ledger_entry"])
@pytest.mark.parametrize("change", ["UPDATE {} SET fund = fund", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_nothing_written_is_changed(connection: "asyncpg.Connection[Any]", table: str, change: str) -> None:
    statement = change.format(table).replace("fund = fund", "line = line" if table == "ledger_entry" else "kind = kind")
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await connection.execute(statement)


async def test_a_cause_is_booked_once(connection: "asyncpg.Connection[Any]") -> None:
    await write(connection, (1, "E1", "debit", 5), (2, "L1", "credit", 5))
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(_JOURNAL.replace("000000000001'", "000000000002'"))


async def test_the_trial_balance_and_the_checks_are_shown(benefits: Benefits) -> None:
    await benefits.open_fund()
    balance = await benefits.get("/ledger/trial-balance")
    assert (balance["balanced"], balance["debit"]) == (True, 1_000_000_000)
    checks = await benefits.get("/ledger/checks")
    assert checks["ok"]
    assert all(check["ok"] and check["detail"] == "" for check in checks["checks"])


async def test_a_broken_invariant_is_named(benefits: Benefits, connection: "asyncpg.Connection[Any]") -> None:
    await connection.execute("UPDATE budget SET available = available - 1")
    checks = await benefits.get("/ledger/checks")
    assert [check["name"] for check in checks["checks"] if not check["ok"]] == [
        "budget_never_overdrawn_and_equal_to_its_account"
    ]
    await connection.execute("UPDATE budget SET available = available + 1")
