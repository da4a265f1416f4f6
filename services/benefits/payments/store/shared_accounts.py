"""Accounts that more people name as their own than may be: who they are, and those whom two people let be paid so.

An account is one person's. Who is paid to another's has a document for it (`account_authorised`), and is no matter
here. Of the others those count who are owed something, or were paid in a month that is not closed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Result, Row, Select, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.benefits.accounts.store import account_table, opened
from services.benefits.beneficiaries.store import their_own, who_has
from services.benefits.payments.domain.states import OrderState
from services.benefits.payments.domain.terms import sharing_on
from services.benefits.payments.store.rows import order_table, shared_table
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.events.people import OpenAccount
from shared.ids import new_id
from shared.keys import Keys, keys_of

SharedProblem = Literal["account_shared"]
SHARED: SharedProblem = "account_shared"
"""Why an order is blocked whose account more people name as their own than may be."""


@dataclass(frozen=True)
class User:
    """Somebody who names an account as their own, and the newest order that is to be paid there."""

    person_id: UUID
    full_name: str
    holder_name: str
    household_id: UUID
    area_code: str
    order_id: UUID


@dataclass(frozen=True)
class Shared:
    """An account, its number whole, and who names it as their own. `open`: it waits for two people."""

    index: str
    bank_bin: str
    number: str
    people_at_most: int
    users: tuple[User, ...]
    open: bool

    @property
    def areas(self) -> frozenset[str]:
        """The communes that its people are paid in."""
        return frozenset(each.area_code for each in self.users)


async def sharing(session: Transaction, account_ids: Collection[UUID], now: datetime) -> Mapping[str, frozenset[UUID]]:
    """Return, by the index of the account, the people who must not be paid to it before two people have looked."""
    at_most = sharing_on(legal_date(now)).people_at_most
    named = await their_own(session, account_ids, more_than=at_most)
    if not named:
        return {}
    owed = await _owed(session, frozenset[UUID]().union(*named.values()))
    accepted = await _accepted(session, named)
    return {
        index: counted
        for index, people in named.items()
        if _is_open(counted := people & owed.keys(), at_most, accepted.get(index, ()))
    }


def _is_open(people: frozenset[UUID], at_most: int, accepted: Collection[frozenset[UUID]]) -> bool:
    return len(people) > at_most and not any(people <= each for each in accepted)


async def _owed(session: Transaction, people: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Return the newest order of each person that counts: no person keeps it from being paid."""
    o = order_table.c
    query: Select[Any] = (
        select(o.person_id, o.id, o.household_id, o.area_code)
        .where(among(o.person_id, people), o.state != OrderState.CANCELLED, o.held.is_(None), o.reported_in.is_(None))
        .ext(distinct_on(o.person_id))
        .order_by(o.person_id, o.period.desc(), o.id)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return {row.person_id: row for row in result}


async def _accepted(session: Transaction, indexes: Collection[str]) -> dict[str, list[frozenset[UUID]]]:
    c = shared_table.c
    query = select(c.number_index, c.people).where(among(c.number_index, indexes))
    found: dict[str, list[frozenset[UUID]]] = {}
    for index, people in await (await session.connection()).execute(query):
        found.setdefault(index, []).append(frozenset(people))
    return found


async def waiting(session: Transaction, access: Access, *, after: str | None, limit: int) -> Sequence[str]:
    """Return the indexes of accounts for which orders in an access's areas are blocked, by index, after one."""
    o, a = order_table.c, account_table.c
    query = (
        select(a.number_index)
        .join(order_table, o.account_id == a.id)
        .where(o.state == OrderState.BLOCKED, o.reason == SHARED, access.within(o.area_code))
        .distinct()
        .order_by(a.number_index)
        .limit(limit)
    )
    query = query if after is None else query.where(a.number_index > after)
    return (await (await session.connection()).execute(query)).scalars().all()


async def shared_accounts(session: Transaction, indexes: Collection[str], now: datetime) -> list[Shared]:
    """Return accounts with who names them as their own, by index. Raises CannotOpen."""
    at_most = sharing_on(legal_date(now)).people_at_most
    named = await who_has(session, indexes)
    owed = await _owed(session, {row.person_id for row in named if row.person_id is not None})
    accepted, keys = await _accepted(session, indexes), keys_of(session)
    found = []
    for index, group in groupby(named, key=lambda row: str(row.number_index)):
        rows = [(row, _opened(row, keys)) for row in group]
        users = tuple(_user(row, account, owed[row.person_id]) for row, account in rows if row.person_id in owed)
        people, account = frozenset(each.person_id for each in users), rows[0][1]
        waits = _is_open(people, at_most, accepted.get(index, ()))
        found.append(Shared(index, account.bank_bin, account.number, at_most, users, waits))
    return found


def _opened(row: Row[Any], keys: Keys) -> OpenAccount:
    account = opened(row, keys)
    assert account is not None  # noqa: S101 - the row is an account's
    return account


def _user(row: Row[Any], account: OpenAccount, order: Row[Any]) -> User:
    return User(row.person_id, row.full_name, account.holder_name, order.household_id, order.area_code, order.id)


async def accept(session: Transaction, index: str, people: Collection[UUID], *, actor: str, now: datetime) -> None:
    """Let an account serve these people; one more, and it waits again."""
    row = {
        "id": new_id(),
        "number_index": index,
        "people": sorted(people),
        "accepted_by": actor,
        "accepted_at": now,
    }
    await (await session.connection()).execute(insert(shared_table), [row])
