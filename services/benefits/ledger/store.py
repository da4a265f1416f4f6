"""Writing journals, budgets and contributions; reading balances."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, any_, bindparam, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.benefits.ledger.domain.journal import Account, Journal, Purpose
from services.benefits.ledger.domain.templates import allotment, commitment, released_commitment
from services.benefits.ledger.tables import Budget, Contribution, Fund, LedgerEntry, LedgerJournal
from services.benefits.metadata import core
from shared import clock
from shared.db import Transaction, copy_records
from shared.ids import new_id

fund_table = core(Fund)
budget_table = core(Budget)
contribution_table = core(Contribution)
journal_table = core(LedgerJournal)
entry_table = core(LedgerEntry)

_HEAD = ("id", "cause", "kind", "value_date", "posted_by", "posted_at")
_LINE = (
    "journal_id",
    "line",
    "account",
    "side",
    "amount",
    "fund",
    "programme",
    "fiscal_year",
    "bank_account",
    "order_id",
    "instruction_id",
)


class BudgetExhausted(Exception):
    """What is asked for is more than B1 has left."""


async def post(session: Transaction, journals: Sequence[Journal]) -> list[UUID]:
    """Write journals and return their ids, in the same order.

    Raises:
        sqlalchemy.exc.IntegrityError: a cause was booked before (`ledger_journal_cause_once`).
    """
    if not journals:
        return []
    ids = [new_id() for _ in journals]
    posted_at = clock.now()
    heads = [
        (journal_id, one.cause, one.kind, one.value_date, one.posted_by, posted_at)
        for journal_id, one in zip(ids, journals, strict=True)
    ]
    lines = [
        (
            journal_id,
            line,
            posting.account.value,
            posting.side,
            posting.amount,
            posting.purpose.fund,
            posting.purpose.programme,
            posting.purpose.fiscal_year,
            posting.bank_account,
            posting.order_id,
            posting.instruction_id,
        )
        for journal_id, journal in zip(ids, journals, strict=True)
        for line, posting in enumerate(journal.postings, 1)
    ]
    await copy_records(session, journal_table, _HEAD, heads)
    await copy_records(session, entry_table, _LINE, lines)
    return ids


async def find_fund(session: Transaction, code: str, *, lock: bool = False) -> Row[Any] | None:
    """Return a fund, locked if asked for: two who allot it, or prepare what it pays, wait for each other."""
    query = select(fund_table).where(fund_table.c.code == code)
    query = query.with_for_update(key_share=True) if lock else query
    return (await (await session.connection()).execute(query)).one_or_none()


async def fund_exists(session: Transaction, code: str) -> bool:
    """Say whether there is such a fund."""
    return await find_fund(session, code) is not None


async def funds(session: Transaction) -> Sequence[Row[Any]]:
    """Return all funds, by code."""
    return (await (await session.connection()).execute(select(fund_table).order_by(fund_table.c.code))).all()


_GIVEN = text(
    """
    SELECT (SELECT coalesce(sum(amount), 0)::bigint FROM contribution
            WHERE fund = :fund AND coalesce(received_on, confirmed_on) IS NOT NULL)
         - (SELECT coalesce(sum(amount), 0)::bigint FROM ledger_entry
            WHERE account = 'B1' AND side = 'debit' AND fund = :fund
              AND journal_id IN (SELECT id FROM ledger_journal WHERE kind = 'allotment'))
    """
)


async def unallotted(session: Transaction, code: str) -> int:
    """Return how much (VND) arrived in a fund and is in no budget yet."""
    return int((await session.execute(_GIVEN, {"fund": code})).scalar_one())


async def contributions_of(session: Transaction, code: str) -> Sequence[Row[Any]]:
    """Return what a fund declared, newest first."""
    query = select(contribution_table).where(contribution_table.c.fund == code)
    return (await (await session.connection()).execute(query.order_by(contribution_table.c.id.desc()))).all()


async def allot(session: Transaction, purpose: Purpose, amount: int, *, cause: str, actor: str, on: date) -> None:
    """Raise a budget by an amount and book it."""
    statement = pg_insert(budget_table).values(
        fund=purpose.fund, programme=purpose.programme, fiscal_year=purpose.fiscal_year, available=amount
    )
    statement = statement.on_conflict_do_update(
        index_elements=["fund", "programme", "fiscal_year"],
        set_={"available": budget_table.c.available + statement.excluded.available},
    )
    await (await session.connection()).execute(statement)
    await post(session, [Journal(cause, "allotment", on, actor, allotment(amount, purpose))])


async def commit_budget(
    session: Transaction, purpose: Purpose, amount: int, *, cause: str, actor: str, on: date
) -> None:
    """Set an amount of a budget aside for an approved award.

    Raises:
        BudgetExhausted: less than the amount is left.
    """
    statement = (
        update(budget_table)
        .where(
            budget_table.c.fund == purpose.fund,
            budget_table.c.programme == purpose.programme,
            budget_table.c.fiscal_year == purpose.fiscal_year,
            budget_table.c.available >= amount,
        )
        .values(available=budget_table.c.available - amount)
    )
    if (await (await session.connection()).execute(statement)).rowcount != 1:
        raise BudgetExhausted
    await post(session, [Journal(cause, "commitment", on, actor, commitment(amount, purpose))])


async def release_budget(
    session: Transaction, purpose: Purpose, amount: int, *, cause: str, actor: str, on: date
) -> None:
    """Give back to a budget what was set aside and will not be paid."""
    statement = (
        update(budget_table)
        .where(
            budget_table.c.fund == purpose.fund,
            budget_table.c.programme == purpose.programme,
            budget_table.c.fiscal_year == purpose.fiscal_year,
        )
        .values(available=budget_table.c.available + amount)
    )
    await (await session.connection()).execute(statement)
    await post(session, [Journal(cause, "release", on, actor, released_commitment(amount, purpose))])


async def budgets_of(session: Transaction, programme: str, fiscal_year: int, amount: int, area_code: str) -> list[str]:
    """Return the funds, by code, that may give to a programme in a commune and have at least an amount (VND) left."""
    b, f = budget_table.c, fund_table.c
    query = (
        select(b.fund)
        .join(fund_table, f.code == b.fund)
        .where(b.programme == programme, b.fiscal_year == fiscal_year, b.available >= amount)
        .where(or_(f.programmes.is_(None), literal(programme) == any_(f.programmes)))
        .where(or_(f.areas.is_(None), literal(area_code) == any_(f.areas)))
        .order_by(b.fund)
    )
    return list((await (await session.connection()).execute(query)).scalars())


async def contribution(session: Transaction, contribution_id: UUID) -> Row[Any] | None:
    """Return a declared contribution."""
    query = select(contribution_table).where(contribution_table.c.id == contribution_id)
    return (await (await session.connection()).execute(query)).one_or_none()


_OPEN_CONTRIBUTIONS = text(
    "SELECT id, reference, amount FROM contribution"
    " WHERE fund = :fund AND received_on IS NULL AND reference = ANY(:references) FOR UPDATE"
).bindparams(bindparam("references", type_=ARRAY(TEXT)))


async def open_contributions(session: Transaction, fund: str, references: Sequence[str]) -> dict[str, Row[Any]]:
    """Return, by reference, the declared contributions of a fund that have not arrived (`id`, `amount`), locked."""
    rows = await session.execute(_OPEN_CONTRIBUTIONS, {"fund": fund, "references": list(references)})
    return {row.reference: row for row in rows}


async def contributions_arrived(session: Transaction, ids: Sequence[UUID], on: date) -> None:
    """Note on which day contributions were booked by the bank."""
    if ids:
        statement = update(contribution_table).where(contribution_table.c.id.in_(ids)).values(received_on=on)
        await (await session.connection()).execute(statement)


async def trial_balance(session: Transaction) -> Sequence[Any]:
    """Return, as rows, debit and credit sums (VND) by account, fund, programme, fiscal year and bank account."""
    c = entry_table.c
    keys = (c.account, c.fund, c.programme, c.fiscal_year, c.bank_account)
    query = (
        select(
            *keys,
            func.coalesce(func.sum(c.amount).filter(c.side == "debit"), 0).label("debit"),
            func.coalesce(func.sum(c.amount).filter(c.side == "credit"), 0).label("credit"),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    return (await (await session.connection()).execute(query)).all()


async def balance(session: Transaction, account: Account) -> int:
    """Return debits less credits of an account over all funds, in VND."""
    query = text(
        "SELECT coalesce(sum(CASE side WHEN 'debit' THEN amount ELSE -amount END), 0)::bigint"
        " FROM ledger_entry WHERE account = :account"
    )
    return int((await session.execute(query, {"account": account.value})).scalar_one())
