"""Stopping: a run whose sending rests, an order that no run may take. To stop takes one person, to go on another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, case, update

from services.benefits.payments.domain.states import OrderState, RunState
from services.benefits.payments.store.orders import lock_orders
from services.benefits.payments.store.rows import order_table, run_table
from shared.db import Transaction, among

# An attempt that is at the bank runs its course; a hold keeps what comes back from being paid again.
_HOLDABLE = tuple(state for state in OrderState if state not in (OrderState.PAID, OrderState.CANCELLED))


async def _changed(session: Transaction, statement: Any) -> bool:
    return (await (await session.connection()).execute(statement)).rowcount == 1


async def pause(session: Transaction, run_id: UUID, *, reason: str, actor: str, now: datetime) -> bool:
    """Let nothing more of an approved run go to the bank; what is there runs its course. Say whether it went on."""
    c = run_table.c
    going = update(run_table).where(c.id == run_id, c.state == RunState.APPROVED, c.paused_at.is_(None))
    return await _changed(session, going.values(paused_by=actor, paused_at=now, paused_reason=reason))


async def resume(session: Transaction, run_id: UUID) -> bool:
    """Let a paused run go on; say whether it was paused."""
    c = run_table.c
    paused = update(run_table).where(c.id == run_id, c.paused_at.is_not(None))
    return await _changed(session, paused.values(paused_by=None, paused_at=None, paused_reason=None))


async def hold(session: Transaction, order_id: UUID, *, reason: str, actor: str) -> bool:
    """Keep every run from taking an order; a run that waits with it must be prepared anew. Say whether it was free."""
    return await _changed(session, _held(order_table.c.id == order_id, reason=reason, actor=actor))


async def hold_of_awards(session: Transaction, award_ids: Sequence[UUID], *, reason: str, actor: str) -> None:
    """Keep every run from taking the orders of some awards that are not paid, as `hold` does with one."""
    of_them = among(order_table.c.award_id, award_ids)
    await lock_orders(session, of_them)
    await (await session.connection()).execute(_held(of_them, reason=reason, actor=actor))


async def let_go_of_awards(session: Transaction, award_ids: Sequence[UUID], *, reason: str, actor: str) -> None:
    """Let runs take the orders of some awards again that are held for a reason by somebody; other holds stay."""
    c = order_table.c
    held = update(order_table).where(among(c.award_id, award_ids), c.held == reason, c.held_by == actor)
    await (await session.connection()).execute(held.values(held=None, held_by=None))


def _held(which: ColumnElement[bool], *, reason: str, actor: str) -> Update:
    c = order_table.c
    batched = c.state == OrderState.BATCHED
    free = update(order_table).where(which, c.held.is_(None), c.state.in_(_HOLDABLE))
    taken_out = {
        "state": case((batched, OrderState.READY.value), else_=c.state),
        "run_id": case((batched, None), else_=c.run_id),
    }
    return free.values(held=reason, held_by=actor, **taken_out)


async def let_go(session: Transaction, order_id: UUID) -> bool:
    """Let runs take a held order again; say whether it was held."""
    c = order_table.c
    held = update(order_table).where(c.id == order_id, c.held.is_not(None))
    return await _changed(session, held.values(held=None, held_by=None))
