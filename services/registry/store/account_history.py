"""Where people were to be paid, one after the other, and what banks said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_

from services.registry.domain.accounts import Account, Verification, verification
from services.registry.domain.households import Person
from services.registry.store.people import account_columns, account_of
from services.registry.tables import ACCOUNT_CHECKS, ACCOUNT_HISTORY, HOUSEHOLDS, PEOPLE
from shared.access import Access
from shared.db import Transaction, insert_new
from shared.events import Received
from shared.events.benefits import AccountChecked
from shared.keys import Keys, keys_of

_H, _CHECK = ACCOUNT_HISTORY.c, ACCOUNT_CHECKS.c


@dataclass(frozen=True)
class AccountKept:
    """Where a person was to be paid, None in cash, from an instant until another; `until` is None for now.

    Without `checked_at` no bank was asked about it.
    """

    number: int
    account: Account | None
    since: datetime
    until: datetime | None
    prepared_by: str
    approved_by: str | None
    state: Verification
    bank: str | None
    reason: str | None
    checked_at: datetime | None


def first_account(person: Person, keys: Keys, *, by: str, now: datetime) -> dict[str, Any]:
    """Return the row of the account with which a person is registered."""
    return _row(person, keys, number=1, by=by, approved_by=None, now=now)


def _row(person: Person, keys: Keys, *, number: int, by: str, approved_by: str | None, now: datetime) -> dict[str, Any]:
    return {
        "person_id": person.id,
        "number": number,
        **account_columns(person.account, "account_history", (person.id, number), keys),
        "since_version": person.version,
        "recorded_at": now,
        "prepared_by": by,
        "approved_by": approved_by,
    }


async def keep_account(
    session: Transaction, person: Person, changed: Person, *, by: str, approved_by: str, now: datetime
) -> None:
    """Keep where a person is to be paid from now on; the row of the household is locked by the caller."""
    rows = await _rows(session, person)
    keys = keys_of(session)
    new = _row(changed, keys, number=len(rows) + 1, by=by, approved_by=approved_by, now=now)
    await insert_new(session, ACCOUNT_HISTORY, [*rows, new])


async def _rows(session: Transaction, person: Person) -> Sequence[Mapping[Any, Any]]:
    """Return the history of a person, oldest first.

    An account from before there was this history begins it: it stands since the registration, for all that is known.
    """
    query = select(ACCOUNT_HISTORY).where(_H.person_id == person.id).order_by(_H.number)
    rows = (await session.execute(query)).mappings().all()
    if rows or person.account is None:
        return rows
    registered = select(HOUSEHOLDS.c.recorded_at).where(HOUSEHOLDS.c.id == person.household_id)
    since = (await session.execute(registered)).scalar_one()
    unknown = first_account(replace(person, version=1), keys_of(session), by="system:before-history", now=since)
    return [unknown]


async def account_history(session: Transaction, person: Person) -> list[AccountKept]:
    """Return where a person was to be paid, newest first, with what a bank said last of each."""
    asked = select(ACCOUNT_CHECKS).where(_CHECK.person_id == person.id).order_by(_CHECK.checked_at.desc(), _CHECK.id)
    checks = (await session.execute(asked)).all()
    kept: list[AccountKept] = []
    later: Mapping[Any, Any] | None = None
    for row in reversed(await _rows(session, person)):
        of_it = (each for each in checks if _is_of(each.person_version, row, later))
        kept.append(_kept(session, row, None if later is None else later["recorded_at"], next(of_it, None)))
        later = row
    return kept


def _is_of(version: int, row: Mapping[Any, Any], later: Mapping[Any, Any] | None) -> bool:
    """Return whether a version of a person had the account of a row; `later` is the row after it."""
    since: int = row["since_version"]
    return since <= version and (later is None or version < later["since_version"])


def _kept(session: Transaction, row: Mapping[Any, Any], until: datetime | None, check: Row[Any] | None) -> AccountKept:
    return AccountKept(
        number=row["number"],
        account=account_of(row, "account_history", (row["person_id"], row["number"]), keys_of(session)),
        since=row["recorded_at"],
        until=until,
        prepared_by=row["prepared_by"],
        approved_by=row["approved_by"],
        state="unverified" if check is None else verification(check.verdict, accepted=check.accepted),
        bank=check and check.bank,
        reason=check and check.reason,
        checked_at=check and check.checked_at,
    )


async def keep_checks(session: Transaction, received: Sequence[Received]) -> None:
    """Keep what banks said of accounts, as benefits tells."""
    rows = [
        {
            "id": one.message.id,
            **one.event.model_dump(
                include={"person_id", "person_version", "bank", "verdict", "reason", "accepted", "checked_at"}
            ),
        }
        for one in received
        if isinstance(one.event, AccountChecked)
    ]
    await insert_new(session, ACCOUNT_CHECKS, rows)


def ending_authorisations(
    access: Access, *, by: date, area_code: str | None, after: tuple[date, UUID] | None, limit: int
) -> Select[Any]:
    """Return the query of people of an access's areas whose money goes to somebody authorised until a day at most.

    They come in the order of that day; the ids are `id`.
    """
    c = PEOPLE.c
    query = select(c.id).where(access.within(c.area_code), c.account_authorised_until <= by)
    query = query.where(c.household_id.is_not(None))
    if area_code is not None:
        query = query.where(c.area_code == area_code)
    if after is not None:
        query = query.where(tuple_(c.account_authorised_until, c.id) > after)
    return query.order_by(c.account_authorised_until, c.id).limit(limit)
