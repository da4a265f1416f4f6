"""Orders: placing them, keeping their payees up to date, reading them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Result,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert

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

    `payees` yields person_id, account_id, the `problem` for which the person cannot be paid anywhere, full_name and
    birth_date.
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


def in_cash(query: Select[Any], payees: Select[Any]) -> Select[Any]:
    """Return a query of orders as that of those whose person has no account, with `full_name` and `birth_date`."""
    source = payees.subquery()
    named = query.add_columns(source.c.full_name, source.c.birth_date)
    joined = named.outerjoin(source, source.c.person_id == order_table.c.person_id)
    return joined.where(order_table.c.account_id.is_(None))


_AT_ONCE = 5_000  # orders in memory while a run is prepared


async def orders_for_run(
    session: Transaction, run_id: UUID, scope: Scope, payee_problems: Sequence[str], cash: Select[Any] | None
) -> AsyncIterator[Sequence[Row[Any]]]:
    """Yield, locked, by id and some at a time, what a run may take: ready, or blocked for want of a usable account.

    None is on hold. A run that follows another takes only what that one held; one that pays in `cash`, which names the
    people, only what is of people without an account.
    """
    c = order_table.c
    columns: Select[Any] = select(c.id, c.amount, c.award_id, c.person_id, c.period, c.kind, *PAYEE_COLUMNS)
    query: Select[Any] = (
        with_payees(columns)
        .where(of_scope(scope), c.held.is_(None))
        .where(or_(c.state == OrderState.READY, and_(c.state == OrderState.BLOCKED, c.reason.in_(payee_problems))))
        .order_by(c.id)
        .limit(_AT_ONCE)
        .with_for_update(of=order_table)
    )
    if scope.follows is not None:
        query = query.where(or_(c.run_id == run_id, held_by(scope.follows)))
    async for page in pages(session, query if cash is None else in_cash(query, cash)):
        yield page


async def pages(session: Transaction, query: Select[Any]) -> AsyncIterator[Sequence[Row[Any]]]:
    """Yield the orders of a query that is ordered by `id` and limited, page after page, whatever is done to them."""
    connection = await session.connection()
    following = query
    while True:
        result: Result[Any] = await connection.execute(following)
        page = result.all()
        if not page:
            return
        yield page
        following = query.where(order_table.c.id > page[-1].id)


async def take_out_of_run(session: Transaction, run_id: UUID) -> None:
    """Make the orders that wait in a run ready again; they stay marked with it until they are put somewhere."""
    c = order_table.c
    batched = update(order_table).where(c.run_id == run_id, c.state == OrderState.BATCHED)
    await (await session.connection()).execute(batched.values(state=OrderState.READY))


_PUT_IN_RUN = text(
    "UPDATE payment_order o SET run_id = :run_id, reason = n.reason,"
    " state = CASE WHEN n.reason IS NULL THEN 'BATCHED' ELSE 'BLOCKED' END"
    " FROM unnest(:ids, :reasons) AS n(id, reason) WHERE o.id = n.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("reasons", type_=ARRAY(TEXT)))


async def put_in_run(session: Transaction, run_id: UUID, problems: Mapping[UUID, str | None]) -> None:
    """Batch the orders without a problem and block those with one; both are shown with the run."""
    given = {"run_id": run_id, "ids": list(problems), "reasons": list(problems.values())}
    await session.execute(_PUT_IN_RUN, given)


async def leave_run(session: Transaction, run_id: UUID) -> None:
    """Unmark the orders that were taken out of a run and not put back, so that no others are shown with it."""
    c = order_table.c
    left = update(order_table).where(c.run_id == run_id, c.state == OrderState.READY)
    await (await session.connection()).execute(left.values(run_id=None))


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
