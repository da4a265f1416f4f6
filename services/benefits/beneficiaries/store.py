"""Reading the copy: what is known of a person in a household, for the rules to judge."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Result, Row, Select, and_, exists, func, select, true

from services.benefits.accounts.store import COLUMNS, account_table
from services.benefits.beneficiaries.tables import Household, Person
from services.benefits.metadata import core
from services.benefits.programmes.domain.eligibility import Facts, Standing
from shared.access import Access
from shared.db import Transaction, among

household_table = core(Household)
person_table = core(Person)


async def area_of(session: Transaction, household_id: UUID) -> str | None:
    """Return the code of the household's area, None while the household has not been stated."""
    query = select(household_table.c.area_code).where(household_table.c.household_id == household_id)
    return (await (await session.connection()).execute(query)).scalar_one_or_none()


def homes() -> Select[Any]:
    """Return the query of where each household lives, as last stated."""
    return select(household_table.c.household_id, household_table.c.area_code)


def lives_within(access: Access, household_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that a row's household lives in the areas of an access; of an unknown one, everywhere."""
    if access.areas is None:
        return true()
    h = household_table.c
    return exists().where(h.household_id == household_id, access.within(h.area_code))


def payable_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a person's account may be paid on a day: what authorises another is in its time."""
    p = person_table.c
    return and_(
        func.coalesce(p.account_valid_from, day) <= day,
        func.coalesce(p.account_valid_to, day) >= day,
    )


async def unpayable_on(session: Transaction, person_ids: Collection[UUID], day: date) -> set[tuple[UUID, UUID]]:
    """Return (person, account) of those whose account is of somebody who is not authorised on a day."""
    p = person_table.c
    query = select(p.person_id, p.account_id).where(among(p.person_id, person_ids), ~payable_on(day))
    rows = (await (await session.connection()).execute(query)).all()
    return {(row.person_id, row.account_id) for row in rows}


async def people_with(session: Transaction, account_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Return who is paid to accounts, as last stated: `account_id`, `person_id`, `household_id`, `version`."""
    p = person_table.c
    query = select(p.account_id, p.person_id, p.household_id, p.version).where(among(p.account_id, account_ids))
    result: Result[Any] = await (await session.connection()).execute(query.order_by(p.household_id, p.person_id))
    return result.all()


async def their_own(
    session: Transaction, account_ids: Collection[UUID], *, more_than: int
) -> dict[str, frozenset[UUID]]:
    """Return, by the blind index of its number, who has an account as their own, where more people than that do.

    Whom a document lets receive another's money has it as the holder's, and is not counted. An account is one however
    its holder's name is written.
    """
    a, p, asked = account_table.c, person_table.c, account_table.alias("asked")
    query = (
        select(a.number_index, func.array_agg(p.person_id.distinct()))
        .join(asked, asked.c.number_index == a.number_index)
        .join(person_table, p.account_id == a.id)
        .where(among(asked.c.id, account_ids), ~p.account_authorised)
        .group_by(a.number_index)
        .having(func.count(p.person_id.distinct()) > more_than)
    )
    rows = (await (await session.connection()).execute(query)).all()
    return {index: frozenset(people) for index, people in rows}


async def who_has(session: Transaction, number_indexes: Collection[str]) -> Sequence[Row[Any]]:
    """Return accounts of these numbers (`number_index`, `account_id` and columns) with who has each as their own.

    `person_id` and `full_name` are None for an account that nobody has.
    """
    a, p = account_table.c, person_table.c
    query = (
        select(a.number_index, a.id.label("account_id"), *COLUMNS, p.person_id, p.full_name)
        .outerjoin(person_table, and_(p.account_id == a.id, ~p.account_authorised))
        .where(among(a.number_index, number_indexes))
        .order_by(a.number_index, p.person_id)
    )
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def facts_of(session: Transaction, household_id: UUID, person_id: UUID) -> Facts:
    """Return what the registry has said so far; what it has not said is None there."""
    h, p = household_table.c, person_table.c
    query = select(h.members, h.standings).where(h.household_id == household_id)
    household = (await (await session.connection()).execute(query)).one_or_none()
    birth = select(p.birth_date).where(p.person_id == person_id)
    birth_date = (await (await session.connection()).execute(birth)).scalar_one_or_none()
    if household is None:
        return Facts(standings=None, is_member=None, birth_year=None, birth_date=birth_date)
    member = next((one for one in household.members if one["person_id"] == str(person_id)), None)
    return Facts(
        standings=tuple(Standing.model_validate(one) for one in household.standings),
        # A person who is not among the members may be in a later state of the household that is on its way.
        is_member=True if member else None,
        birth_year=member["birth_year"] if member else None,
        birth_date=birth_date,
    )
