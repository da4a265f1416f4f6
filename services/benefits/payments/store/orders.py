"""Orders: placing them, keeping their payees up to date, reading them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Result,
    Row,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.benefits.accounts.store import COLUMNS
from services.benefits.payments.domain.reasons import REASONS, ReasonClass
from services.benefits.payments.domain.states import OrderState
from services.benefits.payments.store.rows import (
    PAYEE_COLUMNS,
    file_table,
    instruction_table,
    order_table,
    with_payees,
)
from services.benefits.payments.store.runs import Scope, held_by
from shared.access import Access
from shared.db import Transaction, among

_PLACED = ("award_id", "household_id", "person_id", "programme", "fund", "area_code", "period", "kind", "amount")

_UNPAID = (OrderState.READY, OrderState.BLOCKED, OrderState.BATCHED, OrderState.RETURNED)

# Codes after which corrected data alone does not reopen an order: a person decides.
_HELD = tuple(
    {
        code
        for codes in REASONS.values()
        for code, reason in codes.items()
        if reason in (ReasonClass.LIFE, ReasonClass.COMPLIANCE)
    }
)


async def place_orders(session: Transaction, orders: Select[Any]) -> int:
    """Place the orders that a query yields; the only way in which a kind of benefit reaches payments.

    The query has the columns award_id, household_id, person_id, programme, fund, area_code, period (`2026-11`), kind
    and amount (VND). An order that stands already (same award, period and kind) is left as it is. Returns how many
    were new.
    """
    placed = orders.subquery()
    query = select(
        func.gen_random_uuid(),
        *(placed.c[name] for name in _PLACED),
        literal(OrderState.READY),
        false(),
        literal("L1"),
        placed.c.period,
    )
    statement = insert(order_table).from_select(["id", *_PLACED, "state", "obliged", "payable", "due_month"], query)
    result = await (await session.connection()).execute(statement.on_conflict_do_nothing(constraint="order_once"))
    return result.rowcount


def _changed(payees: Any) -> ColumnElement[bool]:
    return order_table.c.account_id.is_distinct_from(payees.c.account_id)


def of_scope(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a run of a scope may pay an order: of its month, or carried to it from earlier ones."""
    c = order_table.c
    area = true() if scope.area_code is None else c.area_code == scope.area_code
    return and_(c.programme == scope.programme, c.due_month <= scope.period, c.fund == scope.fund, area)


def unpaid_of_scope(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that an order of a scope is not with the bank, paid or cancelled."""
    return and_(of_scope(scope), order_table.c.state.in_(_UNPAID))


async def lock_orders(session: Transaction, which: ColumnElement[bool]) -> None:
    """Lock orders in the order of their ids, as all do who change several."""
    locked = select(order_table.c.id).where(which).order_by(order_table.c.id).with_for_update().subquery()
    await (await session.connection()).execute(select(func.count()).select_from(locked))


async def refresh_payees(session: Transaction, scope: Scope, payees: Select[Any]) -> None:
    """Copy changed accounts into orders that are not with the bank; corrected data reopens what was held for it.

    `payees` yields person_id, account_id, and the `problem` for which the person cannot be paid anywhere.
    """
    source = payees.subquery()
    c = order_table.c
    reopened = c.state.in_((OrderState.BLOCKED, OrderState.RETURNED))
    statement = (
        update(order_table)
        .where(c.person_id == source.c.person_id, unpaid_of_scope(scope), _changed(source))
        .where(func.coalesce(c.reason, "").not_in(_HELD))
        .values(
            account_id=source.c.account_id, state=case((reopened, OrderState.READY.value), else_=c.state), reason=None
        )
    )
    await (await session.connection()).execute(statement)


async def payee_problems(session: Transaction, order_ids: Sequence[UUID], payees: Select[Any]) -> dict[UUID, str]:
    """Return, by order, why its person cannot be paid anywhere, where `payees` says so."""
    source = payees.subquery()
    query = select(order_table.c.id, source.c.problem).join(source, source.c.person_id == order_table.c.person_id)
    query = query.where(among(order_table.c.id, order_ids), source.c.problem.is_not(None))
    return {row.id: row.problem for row in (await (await session.connection()).execute(query)).all()}


async def payees_changed(session: Transaction, run_id: UUID, payees: Select[Any]) -> bool:
    """Say whether the account of a person in a run is another now than when the run was prepared."""
    source = payees.subquery()
    query = (
        select(literal(1))
        .select_from(order_table.join(source, source.c.person_id == order_table.c.person_id))
        .where(order_table.c.run_id == run_id, order_table.c.state == OrderState.BATCHED, _changed(source))
        .limit(1)
    )
    return (await (await session.connection()).execute(query)).first() is not None


async def orders_for_run(
    session: Transaction, run_id: UUID, scope: Scope, payee_problems: Sequence[str]
) -> Sequence[Row[Any]]:
    """Return, locked, the orders that a run may take: ready, or blocked for want of a usable account; none on hold.

    A run that follows another takes only what that one held.
    """
    c = order_table.c
    columns: Select[Any] = select(c.id, c.amount, c.award_id, c.period, c.kind, *PAYEE_COLUMNS)
    query: Select[Any] = (
        with_payees(columns)
        .where(of_scope(scope), c.held.is_(None))
        .where(or_(c.state == OrderState.READY, and_(c.state == OrderState.BLOCKED, c.reason.in_(payee_problems))))
        .order_by(c.id)
        .with_for_update(of=order_table)
    )
    if scope.follows is not None:
        query = query.where(or_(c.run_id == run_id, held_by(scope.follows)))
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def take_out_of_run(session: Transaction, run_id: UUID) -> None:
    """Make the orders that wait in a run ready again; they stay marked with it until they are put somewhere."""
    c = order_table.c
    batched = update(order_table).where(c.run_id == run_id, c.state == OrderState.BATCHED)
    await (await session.connection()).execute(batched.values(state=OrderState.READY))


async def put_in_run(session: Transaction, run_id: UUID, problems: dict[UUID, str | None]) -> None:
    """Batch the orders without a problem and block those with one; both are shown with the run, and no others."""
    c = order_table.c
    connection = await session.connection()
    statement = (
        update(order_table)
        .where(c.id == bindparam("of_order"))
        .values(run_id=run_id, state=bindparam("to_state"), reason=bindparam("for_reason"))
    )
    rows = [
        {
            "of_order": order_id,
            "to_state": OrderState.BATCHED if problem is None else OrderState.BLOCKED,
            "for_reason": problem,
        }
        for order_id, problem in sorted(problems.items())
    ]
    if rows:
        await connection.execute(statement, rows)
    left = update(order_table).where(c.run_id == run_id, c.state == OrderState.READY)
    await connection.execute(left.values(run_id=None))


async def page_of_orders(
    session: Transaction,
    access: Access,
    *,
    run_id: UUID | None,
    household_id: UUID | None,
    states: Sequence[str],
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return orders of an access's areas by id with their payees, after an id.

    Of a run, of a household or in some states where asked; no states are all.
    """
    c = order_table.c
    filters = {"run_id": run_id, "household_id": household_id}
    query = with_payees(select(order_table, *COLUMNS))
    query = query.where(access.within(c.area_code)).order_by(c.id).limit(limit)
    for name, value in filters.items():
        if value is not None:
            query = query.where(c[name] == value)
    query = query.where(c.state.in_(states)) if states else query
    query = query if after is None else query.where(c.id > after)
    return (await (await session.connection()).execute(query)).all()


async def order(session: Transaction, order_id: UUID) -> Row[Any] | None:
    """Return an order with its payee."""
    query = with_payees(select(order_table, *COLUMNS)).where(order_table.c.id == order_id)
    return (await (await session.connection()).execute(query)).one_or_none()


async def instructions_of(session: Transaction, order_id: UUID) -> Sequence[Row[Any]]:
    """Return every attempt to pay an order, oldest first, with the file it went in."""
    i = instruction_table.c
    query = (
        select(instruction_table, file_table.c.sealed_at)
        .join(file_table, file_table.c.message_id == i.message_id)
        .where(i.order_id == order_id)
        .order_by(file_table.c.sealed_at, i.id)
    )
    return (await (await session.connection()).execute(query)).all()
