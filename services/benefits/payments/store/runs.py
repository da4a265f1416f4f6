"""Runs: what each covers, who may see it, and how far it came."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Result, Row, Select, exists, func, not_, select

from services.benefits.payments.domain.content import Content
from services.benefits.payments.store.rows import (
    file_table,
    instruction_table,
    order_table,
    payer_table,
    run_table,
)
from shared.access import Access
from shared.approvals import Draft
from shared.db import Transaction

PAYMENT_RUN = "payment-run"


@dataclass(frozen=True)
class Scope:
    """What a run covers: the open orders of a programme and month, paid from an account for the fund it belongs to.

    With an area only that commune's. A run that `follows` another takes only the orders of that one that failed.
    """

    programme: str
    period: str
    payer_account: str
    fund: str
    area_code: str | None = None
    follows: UUID | None = None


def scope_of(row: Row[Any]) -> Scope:
    """Return what a run covers; the row is one of `run`."""
    return Scope(row.programme, row.period, row.payer_account, row.fund, row.area_code, row.follows)


def draft_of(run_id: UUID, scope: Scope, content: Content) -> Draft:
    """Return what is approved: the run's scope, count, sum and the hash over its lines."""
    follows = None if scope.follows is None else str(scope.follows)
    covered = asdict(scope) | {"follows": follows}
    return Draft(PAYMENT_RUN, str(run_id), covered | asdict(content), scope.area_code)


def held_by(run_id: UUID) -> ColumnElement[bool]:
    """Return the condition that an order is in a run, or was when it was approved: a later run may have it now.

    Both ways lead over indexes, so that it costs as much as the run is large, however many months came before.
    """
    mine, i, f = order_table.alias("mine").c, instruction_table.c, file_table.c
    sent = select(i.order_id).join(file_table, f.message_id == i.message_id).where(f.run_id == run_id)
    return order_table.c.id.in_(select(mine.id).where(mine.run_id == run_id).union(sent))


async def run(session: Transaction, run_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """Return a run, locked if asked for, with the fund and account that pay it."""
    query = (
        select(run_table, payer_table.c.fund, payer_table.c.bank)
        .join(payer_table, payer_table.c.code == run_table.c.payer_account)
        .where(run_table.c.id == run_id)
    )
    query = query.with_for_update(of=run_table) if lock else query
    return (await (await session.connection()).execute(query)).one_or_none()


def communes_outside(run_id: UUID, access: Access) -> Select[Any]:
    """Return the query of the communes whose orders a run holds and an access does not cover."""
    c = order_table.c
    return select(c.area_code).where(held_by(run_id), not_(access.within(c.area_code))).distinct().order_by(c.area_code)


async def areas_outside(session: Transaction, run_id: UUID, access: Access) -> Sequence[str]:
    """Return the communes whose orders a run holds and an access does not cover."""
    result: Result[Any] = await (await session.connection()).execute(communes_outside(run_id, access))
    return result.scalars().all()


def runs_within(access: Access) -> Select[Any]:
    """Return the query of the runs that pay in an access's areas alone, newest first."""
    r, o, i, f = run_table.c, order_table.c, instruction_table.c, file_table.c
    outside = not_(access.within(o.area_code))
    holds = exists().where(o.run_id == r.id, outside)
    sent = file_table.join(instruction_table, i.message_id == f.message_id).join(order_table, o.id == i.order_id)
    held = exists().select_from(sent).where(f.run_id == r.id, outside)
    return select(run_table).where(not_(holds), not_(held)).order_by(r.id.desc())


async def page_of_runs(
    session: Transaction,
    access: Access,
    *,
    payer_account: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return runs that pay in an access's areas alone, newest first, before an id; of a payer account, in a state."""
    query = runs_within(access).limit(limit)
    query = query if payer_account is None else query.where(run_table.c.payer_account == payer_account)
    query = query if state is None else query.where(run_table.c.state == state)
    query = query if after is None else query.where(run_table.c.id < after)
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def funnel(session: Transaction, run_id: UUID) -> dict[str, dict[str, int]]:
    """Return count and sum (VND) of a run's orders by state, and of its attempts by state."""
    return (await funnels(session, [run_id])).get(run_id, {})


async def funnels(session: Transaction, run_ids: Sequence[UUID]) -> dict[UUID, dict[str, dict[str, int]]]:
    """Return, by run, count and sum (VND) of its orders by state, and of its attempts by state."""
    connection = await session.connection()
    o, i, f = order_table.c, instruction_table.c, file_table.c
    by_order = select(o.run_id, o.state, func.count(), func.sum(o.amount)).where(o.run_id.in_(run_ids))
    by_instruction = (
        select(f.run_id, i.state, func.count(), func.sum(i.amount))
        .join(file_table, f.message_id == i.message_id)
        .where(f.run_id.in_(run_ids))
        .group_by(f.run_id, i.state)
    )
    result: dict[UUID, dict[str, dict[str, int]]] = {}
    for prefix, query in (("orders", by_order.group_by(o.run_id, o.state)), ("instructions", by_instruction)):
        for run_id, state, count, total in await connection.execute(query):
            result.setdefault(run_id, {})[f"{prefix}.{state}"] = {"count": count, "sum": int(total)}
    return result
