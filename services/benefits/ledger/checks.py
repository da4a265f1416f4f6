"""Invariants of the books: each a question to the database whose answer must be empty."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from shared.db import Transaction

_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """`violations` is SQL that returns one text column, a line for each violation."""

    name: str
    violations: str


@dataclass(frozen=True)
class CheckResult:
    """What a check found. `detail` names the first violations, empty when it holds."""

    name: str
    ok: bool
    detail: str


LEDGER_CHECKS: tuple[Check, ...] = (
    Check(
        "every_journal_balances",
        """SELECT journal_id::text FROM ledger_entry GROUP BY journal_id, fund, left(account, 1) = 'B'
           HAVING sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) <> 0""",
    ),
    Check(
        "no_journal_without_entries",
        """SELECT id::text FROM ledger_journal j
           WHERE NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.journal_id = j.id)""",
    ),
    Check(
        "budget_never_overdrawn_and_equal_to_its_account",
        """SELECT concat_ws('/', b.fund, b.programme, b.fiscal_year) FROM budget b
           LEFT JOIN ledger_entry e ON e.account = 'B1' AND e.fund = b.fund AND e.programme = b.programme
             AND e.fiscal_year = b.fiscal_year
           GROUP BY b.fund, b.programme, b.fiscal_year, b.available
           HAVING coalesce(sum(CASE e.side WHEN 'debit' THEN e.amount ELSE -e.amount END), 0) <> b.available
             OR b.available < 0""",
    ),
    Check(
        "a_contribution_arrived_is_booked_once",
        """SELECT c.id::text FROM contribution c
           LEFT JOIN (SELECT contribution_id FROM statement_entry
                      UNION ALL SELECT contribution_id FROM suspense_clearing) s ON s.contribution_id = c.id
           GROUP BY c.id, c.received_on HAVING count(s.contribution_id) <> (c.received_on IS NOT NULL)::int""",
    ),
)


async def run_checks(session: Transaction, checks: Sequence[Check]) -> list[CheckResult]:
    """Ask every check within one transaction."""
    results = []
    for check in checks:
        found = list((await session.execute(text(check.violations))).scalars())
        shown = ", ".join(found[:_SHOWN]) + (f" (+{len(found) - _SHOWN})" if len(found) > _SHOWN else "")
        results.append(CheckResult(check.name, ok=not found, detail=shown))
    return results
