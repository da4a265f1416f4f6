"""Refusing a second record of somebody whose personal number is registered.

The first is named to who may see it: by its household and initials, for a refusal goes through more hands than a page.
Who may not see it is told which commune to ask, and nothing of the person.
"""

from collections.abc import Mapping
from datetime import datetime

from services.registry.domain.identity import initials
from services.registry.store.areas import communes
from services.registry.store.people import Known
from shared.access import PERMISSIONS, Access
from shared.access.store import RoleMissing, access_of
from shared.clock import legal_date
from shared.db import Transaction
from shared.http import FieldProblem, Problem

_READING = PERMISSIONS["people.read"]


async def reader(session: Transaction, subject: str, now: datetime) -> Access:
    """Return where somebody may read people today; nowhere without a role that may."""
    try:
        return await access_of(session, subject, _READING, legal_date(now))
    except RoleMissing:
        return Access(subject, _READING.name, frozenset())


async def person_registered(
    session: Transaction, taken: Mapping[str, Known | None], *, by: str, now: datetime
) -> Problem:
    """Return the problem for who sent personal numbers that are taken; None is where a number stands twice in the list.

    `taken` is by the pointer of each number.
    """
    access = await reader(session, by, now)
    names = await commune_names(session, {each.area_code for each in taken.values() if each is not None}, now)
    errors, named = [], []
    for pointer, known in taken.items():
        if known is None:
            errors.append(FieldProblem(pointer, "personal_number_taken"))
        elif access.covers(known.area_code):
            named.append(known.person_id)
            told = of_record(known, names) | {"name": initials(known.full_name)}
            errors.append(FieldProblem(pointer, "personal_number_known", told))
        else:
            errors.append(FieldProblem(pointer, "personal_number_elsewhere", {"commune": names[known.area_code]}))
    return Problem(409, "person_registered", errors=errors, names=named)


def of_record(known: Known, names: Mapping[str, str]) -> dict[str, str]:
    """Return what fills in the texts that name a record."""
    return {"household": str(known.household_id), "commune": names[known.area_code]}


async def commune_names(session: Transaction, codes: set[str], now: datetime) -> dict[str, str]:
    """Return communes as people write them, with their codes; of a code that no commune has today, the code."""
    known = await communes(session, codes)
    day = legal_date(now)
    return {code: f"{unit.name} ({code})" if (unit := known.on(code, day)) else code for code in codes}
