"""What is asked of a run costs as much as the run is large, however many months came before it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import postgresql

from services.benefits.payments.store.runs import communes_outside, runs_within
from shared.access import Access
from shared.db import Database
from tests.support.keys import KEYS
from tests.support.postgres import Databases

RUNS, ORDERS = 240, 100
EVERYWHERE = Access("province", "payments.read", None)
SOME = Access("commune", "payments.read", frozenset({"A07", "A08"}))

# One run a month and commune; each order of the oldest one failed, and stands in the next run now.
_HISTORY = (
    "INSERT INTO fund (code, kind, name, created_by, created_at) VALUES ('F', 'STATE_PROVINCE', 'F', 'test', now())",
    "INSERT INTO payer_account (code, bank, bin, number, holder, fund, created_by, bank_mark, in_cash)"
    " VALUES ('P', 'simbank', '970405', '1900', 'Sở Y tế', 'F', 'test', 0, false)",
    "INSERT INTO payment_run (id, programme, period, payer_account, state, declared_count, declared_sum)"
    " SELECT lpad(to_hex(n), 32, '0')::uuid, 'p', '2026-01', 'P', 'APPROVED', :orders, 1"
    " FROM generate_series(1, :runs) n",
    "INSERT INTO payment_file (message_id, run_id, payer_account, content, sha256, count, total, state, attempts,"
    " sealed_at, execution_date, next_at, polls, next_poll_at, hinted, in_ignorance)"
    " SELECT 'M' || n, lpad(to_hex(n), 32, '0')::uuid, 'P', '', '', :orders, 1, 'SENT', 1, now(), '2026-01-05', now(),"
    " 0, now(), false, false FROM generate_series(1, :runs) n",
    "INSERT INTO payment_order (id, award_id, household_id, person_id, programme, fund, area_code, period, kind,"
    " amount, state, obliged, payable, due_month, run_id)"
    " SELECT lpad(to_hex(n * 100000 + k), 32, '0')::uuid, lpad(to_hex(n * 100000 + k), 32, '0')::uuid,"
    " gen_random_uuid(), gen_random_uuid(), 'p', 'F', 'A' || lpad((n % 30)::text, 2, '0'), '2026-01', 'k', 1, 'PAID',"
    " true, 'L1', '2026-01', lpad(to_hex(CASE n WHEN 1 THEN 2 ELSE n END), 32, '0')::uuid"
    " FROM generate_series(1, :runs) n, generate_series(1, :orders) k",
    "INSERT INTO payment_instruction (id, order_id, message_id, end_to_end_id, uetr, amount, state, rank, version)"
    " SELECT gen_random_uuid(), lpad(to_hex(n * 100000 + k), 32, '0')::uuid, 'M' || n, 'E' || n || '-' || k,"
    " gen_random_uuid(), 1, 'BOOKED', 0, 1 FROM generate_series(1, :runs) n, generate_series(1, :orders) k",
    "ANALYZE",
)


@pytest.fixture(scope="module")
async def history(databases: Databases) -> AsyncIterator[Database]:
    """Years of runs."""
    url = await databases.create("benefits")
    database = Database(url, name="test", keys=KEYS)
    async with database.transaction() as session:
        for statement in _HISTORY:
            values = {"runs": RUNS, "orders": ORDERS}
            await session.execute(text(statement), {n: v for n, v in values.items() if f":{n}" in statement})
    yield database
    await database.close()
    await databases.drop(url)


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for each in plan.get("Plans", ()) for node in _nodes(each))]


@pytest.mark.parametrize(
    "query",
    [communes_outside(UUID(int=2), SOME), runs_within(SOME).limit(21), runs_within(EVERYWHERE).limit(21)],
    ids=["the communes of a run", "runs of some communes", "all runs"],
)
async def test_no_question_about_runs_reads_all_orders_or_attempts(history: Database, query: Select[Any]) -> None:
    statement = query.compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )
    async with history.engine.connect() as connection:
        (plan,) = (await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}")).scalar_one()
    read_whole = [
        node for node in _nodes(plan["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in ("payment_order", "payment_instruction")
    ]  # fmt: skip
    assert not read_whole, str(statement)


async def test_a_run_is_of_who_may_see_what_it_holds_and_what_it_held(history: Database) -> None:
    """The orders of the first run stand in the second now, which is of another commune."""
    seen = Access("commune", "payments.read", frozenset({"A02"}))
    async with history.transaction() as session:
        assert len((await session.execute(runs_within(EVERYWHERE))).all()) == RUNS
        mine = (await session.execute(runs_within(seen))).all()
        assert {row.id.int % 30 for row in mine} == {2}
        assert UUID(int=2) not in {UUID(str(row.id)) for row in mine}, "it holds orders of the first one's commune"
        outside = (await session.execute(communes_outside(UUID(int=1), seen))).scalars().all()
        assert outside == ["A01"], "a run is known by what it held, whoever has its orders now"
        assert (await session.execute(communes_outside(UUID(int=2), seen))).scalars().all() == ["A01"]
        assert (await session.execute(communes_outside(UUID(int=32), seen))).scalars().all() == []
