"""Whose accounts are paid: what banks said, kept with its date, and what two people made of a name that differs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Result, Row, Select, func, insert, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.selectable import LateralFromClause

from services.benefits.accounts.store import account_table, opened
from services.benefits.beneficiaries.store import people_with
from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.domain.verification import Verdict, Verification
from services.benefits.payments.store.rows import CHECKED_HOLDER, check_table, order_table
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.events.benefits import AccountChecked
from shared.ids import new_id
from shared.keys import keys_of
from shared.messaging.outbox import publish

# Why an order waits: its account is another person's or closed, or the name is only like ours; or it is of somebody
# who is authorised, but not on the day of the payment.
AccountProblem = Literal["account_no_match", "account_close", "authorisation_out_of_time"]


@dataclass(frozen=True)
class ToCheck:
    """An account that a run would pay, and that nobody asked about lately."""

    account_id: UUID
    payee: Payee


_UNCHECKED = text(
    """
    SELECT DISTINCT a.id AS account_id, a.bank_bin, a.number, a.holder_name
    FROM payment_order o JOIN payment_run r ON r.id = o.run_id AND r.state = 'PREPARED'
    JOIN payer_account p ON p.code = r.payer_account AND p.bank = :bank
    JOIN account a ON a.id = o.account_id
    WHERE o.state = 'BATCHED'
      AND NOT EXISTS (SELECT 1 FROM account_check c WHERE c.account_id = a.id AND c.checked_at > :since)
    ORDER BY a.id LIMIT :limit
    """
)


def _since(bank: str, now: datetime) -> datetime:
    return now - timedelta(days=terms_of(bank, legal_date(now)).check_valid_days)


async def unchecked(session: Transaction, bank: str, now: datetime, limit: int) -> Sequence[ToCheck]:
    """Return accounts that prepared runs at a bank would pay and whose last check is too old, or was never made."""
    rows = await session.execute(_UNCHECKED, {"bank": bank, "since": _since(bank, now), "limit": limit})
    keys, found = keys_of(session), []
    for row in rows:
        account = opened(row, keys)
        if account is not None:
            found.append(ToCheck(row.account_id, Payee(account.bank_bin, account.number, account.holder_name)))
    return found


async def newest_checks(session: Transaction, account_ids: Collection[UUID], since: datetime) -> dict[UUID, Row[Any]]:
    """Return, by account, the newest check that is not older than an instant."""
    c = check_table.c
    query = (
        select(check_table)
        .where(among(c.account_id, account_ids), c.checked_at > since)
        .ext(distinct_on(c.account_id))
        .order_by(c.account_id, c.checked_at.desc())
    )
    rows = (await (await session.connection()).execute(query)).all()
    return {row.account_id: row for row in rows}


def holder_of(session: Transaction, row: Row[Any]) -> str | None:
    """Return the holder's name that the bank gave, where it gave one."""
    name: str | None = row.holder_name
    return keys_of(session).data.open(name, CHECKED_HOLDER, row.id)


async def keep_checks(session: Transaction, bank: str, found: Mapping[UUID, Verification], now: datetime) -> None:
    """Keep what a bank said. Who accepted the same name before need not do it again."""
    keys = keys_of(session)
    before = await newest_checks(session, found.keys(), datetime.min.replace(tzinfo=now.tzinfo))
    rows = []
    for account_id, said in sorted(found.items()):
        check_id, earlier = new_id(), before.get(account_id)
        told = said.holder_name if said.verdict in (Verdict.CLOSE, Verdict.NO_MATCH) else None
        same = earlier is not None and earlier.verdict == said.verdict and holder_of(session, earlier) == told
        rows.append(
            {
                "id": check_id,
                "account_id": account_id,
                "bank": bank,
                "verdict": said.verdict,
                "reason": said.reason,
                "holder_name": keys.data.seal(told, CHECKED_HOLDER, check_id),
                "checked_at": now,
                "accepted_by": earlier.accepted_by if same and earlier is not None else None,
                "accepted_at": earlier.accepted_at if same and earlier is not None else None,
            }
        )
    if rows:
        await (await session.connection()).execute(insert(check_table), rows)
        await _tell(session, rows)


async def _tell(session: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Tell of everybody who is paid to a checked account what the bank said of it, without the name that it gave."""
    checks = {row["account_id"]: row for row in rows}
    told = [
        AccountChecked(
            household_id=person.household_id,
            person_id=person.person_id,
            person_version=person.version,
            bank=checks[person.account_id]["bank"],
            verdict=checks[person.account_id]["verdict"],
            reason=checks[person.account_id]["reason"],
            accepted=checks[person.account_id]["accepted_by"] is not None,
            checked_at=checks[person.account_id]["checked_at"],
        )
        for person in await people_with(session, checks.keys())
    ]
    await publish(session, "benefits", told)


async def problems_of(
    session: Transaction, bank: str, account_ids: Collection[UUID], now: datetime
) -> dict[UUID, AccountProblem]:
    """Return, by account, why it must not be paid as it is; what a bank cannot check is no reason."""
    problems: dict[UUID, AccountProblem] = {}
    for account_id, row in (await newest_checks(session, account_ids, _since(bank, now))).items():
        if row.accepted_by is None and row.verdict == Verdict.NO_MATCH:
            problems[account_id] = "account_no_match"
        elif row.accepted_by is None and row.verdict == Verdict.CLOSE:
            problems[account_id] = "account_close"
    return problems


async def never_checked(session: Transaction, bank: str, account_ids: Collection[UUID], now: datetime) -> int:
    """Return how many accounts have no check that still holds, where the bank's terms ask for one before paying."""
    terms = terms_of(bank, legal_date(now))
    if not terms.checks_accounts or terms.unchecked_may_be_paid:
        return 0
    return len(set(account_ids) - (await newest_checks(session, account_ids, _since(bank, now))).keys())


async def accept(session: Transaction, check_id: UUID, *, actor: str, now: datetime) -> bool:
    """Note that two people take an account for the payee's in spite of its name; say whether it was still open."""
    c = check_table.c
    row = (await (await session.connection()).execute(select(check_table).where(c.id == check_id))).one()
    newest = (await newest_checks(session, [row.account_id], datetime.min.replace(tzinfo=now.tzinfo)))[row.account_id]
    if newest.id != check_id or newest.accepted_by is not None:
        return False
    accepted = update(check_table).where(c.id == check_id).values(accepted_by=actor, accepted_at=now)
    await (await session.connection()).execute(accepted)
    await _tell(session, [{**row._mapping, "accepted_by": actor, "checked_at": now}])
    return True


def _newest() -> LateralFromClause:
    c = check_table.c
    of_account = select(check_table).where(c.account_id == order_table.c.account_id)
    return of_account.order_by(c.checked_at.desc()).limit(1).lateral("newest")


def _checks(newest: LateralFromClause, run_id: UUID) -> Select[Any]:
    o, a = order_table.c, account_table.c
    return (
        select(
            o.id.label("order_id"),
            o.area_code,
            o.account_id,
            a.bank_bin,
            a.number,
            a.holder_name,
            newest.c.id.label("check_id"),
            newest.c.verdict,
            newest.c.reason,
            newest.c.holder_name.label("bank_holder"),
            newest.c.checked_at,
            newest.c.accepted_by,
        )
        .select_from(order_table.join(account_table, a.id == o.account_id).outerjoin(newest, true()))
        .where(o.run_id == run_id)
    )


async def page_of_checks(
    session: Transaction, run_id: UUID, *, verdicts: Sequence[Verdict], untold: bool, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Return a run's orders by id, after an id, with the newest check of each account, of some verdicts where asked.

    `verdict` is None where nobody asked; `untold` are those, and where the bank could not tell.
    """
    o, newest = order_table.c, _newest()
    query = _checks(newest, run_id).order_by(o.id).limit(limit)
    query = query.where(newest.c.verdict.in_(verdicts)) if verdicts else query
    if untold:
        query = query.where(or_(newest.c.verdict.is_(None), newest.c.verdict == Verdict.NOT_CHECKABLE))
    query = query if after is None else query.where(o.id > after)
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def check_of_order(session: Transaction, run_id: UUID, order_id: UUID) -> Row[Any] | None:
    """Return an order of a run with the newest check of its account, as `page_of_checks` does."""
    query = _checks(_newest(), run_id).where(order_table.c.id == order_id)
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.one_or_none()


async def accounts_of(session: Transaction, run_id: UUID, order_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return orders of a run that have an account, by id: `order_id`, `account_id` and the account's columns."""
    o, a = order_table.c, account_table.c
    query: Select[Any] = (
        select(o.id.label("order_id"), o.account_id, a.bank_bin, a.number, a.holder_name)
        .join(account_table, a.id == o.account_id)
        .where(o.run_id == run_id, among(o.id, order_ids))
        .order_by(o.id)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def verdicts_of_run(session: Transaction, run_id: UUID) -> Sequence[Row[Any]]:
    """Return how many of a run's orders have an account of each verdict (`verdict`, None where nobody asked; `count`).

    An order without an account has none.
    """
    o, newest = order_table.c, _newest()
    query = (
        select(newest.c.verdict, func.count().label("count"))
        .select_from(order_table.outerjoin(newest, true()))
        .where(o.run_id == run_id, o.account_id.is_not(None))
        .group_by(newest.c.verdict)
    )
    return (await (await session.connection()).execute(query)).all()
