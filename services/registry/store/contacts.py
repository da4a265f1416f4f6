"""Where a family can be reached, and where it could be until lately: there it hears of what it may not have asked for.

Who wants another's money changes the telephone first and the account afterwards, so numbers that were replaced are kept
for a while.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text

from services.registry.domain.account_rules import account_rules_on
from services.registry.domain.households import Person
from services.registry.store.households import people_of
from services.registry.tables import FORMER_PHONES
from shared.clock import legal_date
from shared.db import Transaction, among, insert_new
from shared.ids import new_id
from shared.keys import Keys, keys_of

_F = FORMER_PHONES.c
_HEADS = text(
    """SELECT DISTINCT CAST(member ->> 'person_id' AS uuid)
    FROM household_versions CROSS JOIN jsonb_array_elements(state -> 'members') AS member
    WHERE household_id = :home AND member ->> 'relationship' = 'head' AND valid_until > :since_day
        AND (superseded_at IS NULL OR superseded_at >= :since)"""
)


def former_phones(old: Person, new: Person, keys: Keys, now: datetime) -> list[dict[str, Any]]:
    """Return the rows of the telephones that a change of a person takes away."""
    gone = _phones(old) - _phones(new)
    ids = {phone: new_id() for phone in sorted(gone)}
    return [
        {
            "person_id": old.id,
            "id": known_as,
            "phone": keys.data.seal(phone, "former_phones.phone", known_as),
            "replaced_at": now,
        }
        for phone, known_as in ids.items()
    ]


def _phones(person: Person) -> set[str]:
    return {each for each in (person.phone, *person.other_phones) if each is not None}


async def keep_former_phones(session: Transaction, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Keep telephones that were taken away, and forget what these people had so long ago that it does not count."""
    if not rows:
        return
    long_ago = among(_F.person_id, {row["person_id"] for row in rows}) & (_F.replaced_at < _since(now))
    await session.execute(delete(FORMER_PHONES).where(long_ago))
    await insert_new(session, FORMER_PHONES, rows)


def _since(now: datetime) -> datetime:
    return now - timedelta(days=account_rules_on(legal_date(now)).old_contact_days)


async def contacts_until_now(session: Transaction, person: Person, now: datetime) -> list[str]:
    """Return every telephone of a person and of who heads the household, or did lately, with those replaced lately."""
    since = _since(now)
    wanted = {"home": person.household_id, "since": since, "since_day": legal_date(since)}
    heads = (await session.execute(_HEADS, wanted)).scalars().all()
    people = await people_of(session, {*heads, person.id})
    lately = await _replaced_since(session, people.keys(), since)
    return sorted({phone for each, _ in people.values() for phone in _phones(each)} | lately)


async def _replaced_since(session: Transaction, people: Collection[UUID], since: datetime) -> set[str]:
    query = select(_F.id, _F.phone).where(among(_F.person_id, people), _F.replaced_at >= since)
    ring = keys_of(session).data
    return {ring.open(row.phone, "former_phones.phone", row.id) for row in await session.execute(query)}
