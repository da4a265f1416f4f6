"""Reading the copy: what is known of a person in a household, for the rules to judge."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select, true

from services.benefits.beneficiaries.tables import Household, Person
from services.benefits.metadata import core
from services.benefits.programmes.domain.eligibility import Facts, Standing
from shared.access import Access
from shared.db import Transaction

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
