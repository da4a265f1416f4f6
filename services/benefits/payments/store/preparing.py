"""Preparing a run: who is owed goes into it, once, and is shown to who approves; and taking it apart again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, update

from services.benefits.ledger.store import find_fund
from services.benefits.payments.domain.content import Line, RunningContent
from services.benefits.payments.domain.payees import PayeeProblem, problem_of
from services.benefits.payments.domain.states import RunState
from services.benefits.payments.store import accounts, orders, shared_accounts
from services.benefits.payments.store.account_checks import AccountProblem, problems_of
from services.benefits.payments.store.recovery import KNOWN_TO_BANK, PERHAPS_PAID, next_attempts
from services.benefits.payments.store.rows import order_table, payee_of, run_table
from services.benefits.payments.store.runs import PAYMENT_RUN, Scope, draft_of, run
from services.benefits.payments.store.shared_accounts import SHARED
from shared.approvals import refuse as refuse_proposal
from shared.approvals.store import open_proposal, prepare_anew
from shared.db import Transaction
from shared.ids import new_id
from shared.keys import Keys, keys_of

NO_NAME = "no_name"
"""Why an order is blocked that is to be paid in cash to somebody of whom the registry has not told yet."""


@dataclass(frozen=True)
class Declared:
    """What who prepares says that the run pays, from their own list: how many, and how much in VND."""

    count: int
    total: int


class DeclaredOtherwise(Exception):
    """The run is not what was declared: nothing is prepared until one of the two is corrected."""

    def __init__(self, found: Declared) -> None:
        super().__init__(f"{found.count} orders, {found.total} VND")
        self.found = found


async def _open_run(session: Transaction, scope: Scope) -> UUID:
    connection = await session.connection()
    c = run_table.c
    query = select(c.id).where(
        c.programme == scope.programme,
        c.period == scope.period,
        c.payer_account == scope.payer_account,
        c.area_code.is_not_distinct_from(scope.area_code),
        c.state == RunState.PREPARED,
    )
    found = (await connection.execute(query.with_for_update())).scalar_one_or_none()
    if found is not None:
        return UUID(str(found))
    row = {
        "id": new_id(),
        "programme": scope.programme,
        "period": scope.period,
        "payer_account": scope.payer_account,
        "area_code": scope.area_code,
        "follows": scope.follows,
        "state": RunState.PREPARED,
        "declared_count": 0,
        "declared_sum": 0,
    }
    await connection.execute(insert(run_table), [row])
    return UUID(str(row["id"]))


async def prepare(
    session: Transaction,
    scope: Scope,
    *,
    placed: Select[Any],
    payees: Select[Any],
    actor: str,
    now: datetime,
    declared: Declared | None = None,
) -> UUID:
    """Place the month's orders and put all that can be paid into the scope's open run, prepared anew if it stands.

    `placed` is for `place_orders`, `payees` for `refresh_payees`. Returns the run's id. Who prepares what one fund pays
    waits for who does already, and finds what they have put in their run.

    Locked are, in this order: the fund, the run, its orders by id, the proposal. Approving and refusing begin at the
    run, so that none of them waits for another that waits for it.

    Raises:
        DeclaredOtherwise: count or sum are not those that were declared.
    """
    await find_fund(session, scope.fund, lock=True)
    run_id = await _open_run(session, scope)
    await orders.place_orders(session, placed)
    await orders.lock_orders(session, orders.unpaid_of_scope(scope))
    await orders.refresh_payees(session, scope, payees)
    await orders.take_out_of_run(session, run_id)
    mendable = (*get_args(PayeeProblem), *get_args(AccountProblem), SHARED, KNOWN_TO_BANK, PERHAPS_PAID, NO_NAME)
    payer = await accounts.payer(session, scope.payer_account)
    assert payer is not None  # noqa: S101 - a scope is of a payer account
    running = RunningContent()
    async for found in orders.orders_for_run(session, run_id, scope, mendable, payees if payer.in_cash else None):
        problems: dict[UUID, str | None] = (
            {row.id: None if row.full_name else NO_NAME for row in found}
            if payer.in_cash
            else await asyncio.to_thread(_problems, found, keys_of(session))
        )
        attempts = await next_attempts(session, found)
        problems |= dict.fromkeys(attempts.at_bank, KNOWN_TO_BANK) | dict.fromkeys(attempts.alike, PERHAPS_PAID)
        problems |= await _of_accounts(session, payer.bank, found, now)
        problems |= await orders.payee_problems(session, [row.id for row in found], payees)
        await orders.put_in_run(session, run_id, problems)
        for row in found:
            if problems[row.id] is None:
                running.add(Line(row.id, row.amount, row.account_id))
    await orders.leave_run(session, run_id)
    content = running.so_far()
    prepared = Declared(content.count, content.total)
    if declared not in (None, prepared):
        raise DeclaredOtherwise(prepared)
    await prepare_anew(session, draft_of(run_id, scope, content), actor=actor, now=now)
    values = {"declared_count": content.count, "declared_sum": content.total, "follows": scope.follows}
    await (await session.connection()).execute(update(run_table).where(run_table.c.id == run_id).values(values))
    return run_id


def _problems(found: Sequence[Row[Any]], keys: Keys) -> dict[UUID, str | None]:
    """Return why each order cannot be paid; to open thousands of accounts takes too long for the event loop."""
    return {row.id: problem_of(payee_of(row, keys)) for row in found}


async def _of_accounts(
    session: Transaction, bank: str, found: Sequence[Row[Any]], now: datetime
) -> dict[UUID, str | None]:
    """Return the orders whose account is another's as the bank says, or perhaps, or that of several people."""
    ids = {row.account_id for row in found if row.account_id}
    sharing = frozenset[UUID]().union(*(await shared_accounts.sharing(session, ids, now)).values())
    by_account = await problems_of(session, bank, ids, now)
    of_several: dict[UUID, str | None] = {row.id: SHARED for row in found if row.person_id in sharing}
    return of_several | {row.id: by_account[row.account_id] for row in found if row.account_id in by_account}


async def refuse(session: Transaction, run_id: UUID, *, note: str, actor: str, now: datetime) -> None:
    """Refuse a prepared run, or withdraw one's own: its orders are ready for another.

    Raises:
        Problem: 409 `proposal_not_open`, it was approved or refused before.
    """
    await run(session, run_id, lock=True)
    proposal = await open_proposal(session, PAYMENT_RUN, str(run_id))
    await refuse_proposal(session, proposal, note=note, actor=actor, now=now)
    connection = await session.connection()
    await orders.lock_orders(session, order_table.c.run_id == run_id)
    await orders.take_out_of_run(session, run_id)
    await orders.leave_run(session, run_id)
    cancelled = update(run_table).where(run_table.c.id == run_id, run_table.c.state == RunState.PREPARED)
    await connection.execute(cancelled.values(state=RunState.CANCELLED))
