"""Probable duplicates: who is to be compared with whom, and the queue of pairs that people decide about.

The database notes by itself whose record is new or has changed. Only those are compared who share a block: the day of
birth and the given name anywhere; in one commune the day of birth, or the given name and about the age; a phone; an
account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, Select, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from services.registry.domain.likeness import Agreement
from services.registry.store.people_search import Found, found_people
from services.registry.tables import DUPLICATE_PAIRS, PEOPLE, PEOPLE_TO_COMPARE
from shared.access import Access
from shared.db import Transaction
from shared.http import Problem
from shared.ids import new_id
from shared.side_process import SideProcess

AT_ONCE = 1_000  # people
_PAIRS = DUPLICATE_PAIRS.c
# A phone of half a village says nothing: of those who share one, so many are compared.
_SHARING = 30

_NEXT = text(
    """DELETE FROM people_to_compare WHERE person_id IN (
        SELECT person_id FROM people_to_compare ORDER BY person_id LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING person_id"""
)
_CANDIDATES = text(
    """WITH asked AS MATERIALIZED (
        SELECT *, split_part(name_words, ' ', -1) AS given FROM people
        WHERE id = ANY(:ids) AND household_id IS NOT NULL),
    blocks AS (
        SELECT asked.id AS one, people.id AS other FROM asked JOIN people
            ON people.birth_date = asked.birth_date AND split_part(people.name_words, ' ', -1) = asked.given
        UNION SELECT asked.id, people.id FROM asked JOIN people
            ON people.birth_date = asked.birth_date AND people.area_code = asked.area_code
        UNION SELECT asked.id, people.id FROM asked JOIN people
            ON people.area_code = asked.area_code AND split_part(people.name_words, ' ', -1) = asked.given
            AND people.birth_date BETWEEN asked.birth_date - 366 AND asked.birth_date + 366
        UNION SELECT asked.id, sharing.id FROM asked CROSS JOIN LATERAL (
            SELECT id FROM people WHERE phone_index = asked.phone_index LIMIT :sharing) AS sharing
        UNION SELECT asked.id, sharing.id FROM asked CROSS JOIN LATERAL (
            SELECT id FROM people WHERE account_number_index = asked.account_number_index LIMIT :sharing) AS sharing),
    pairs AS (SELECT DISTINCT least(one, other) AS first_id, greatest(one, other) AS second_id FROM blocks)
    SELECT first_id, second_id,
        one.name_words, one.sex, one.birth_date, one.area_code, one.phone_index, one.account_number_index,
        one.personal_number_index,
        two.name_words, two.sex, two.birth_date, two.area_code, two.phone_index, two.account_number_index,
        two.personal_number_index
    FROM pairs JOIN people AS one ON one.id = first_id JOIN people AS two ON two.id = second_id
    WHERE first_id <> second_id AND one.household_id IS NOT NULL AND two.household_id IS NOT NULL"""
)
_FIELDS_OF_A_SIDE = 7
_NO_LONGER_ALIKE = text(
    """DELETE FROM duplicate_pairs WHERE state = 'open' AND (first_id = ANY(:ids) OR second_id = ANY(:ids))
    AND NOT EXISTS (
        SELECT FROM unnest(CAST(:first AS uuid[]), CAST(:second AS uuid[])) AS alike (one, two)
        WHERE one = first_id AND two = second_id)"""
)


async def compare_next(session: Transaction, comparing: SideProcess, now: datetime) -> int:
    """Compare the next people whose record is new or has changed; return how many. Nothing of it is left half done.

    Raises:
        SideProcessEnded: the process that compares was killed.
    """
    ids = list((await session.execute(_NEXT, {"limit": AT_ONCE})).scalars())
    if not ids:
        return 0
    candidates = (await session.execute(_CANDIDATES, {"ids": ids, "sharing": _SHARING})).all()
    sides = [(tuple(each[2 : 2 + _FIELDS_OF_A_SIDE]), tuple(each[2 + _FIELDS_OF_A_SIDE :])) for each in candidates]
    found = orjson.loads(await comparing.ask(orjson.dumps(sides)))
    pairs = [(candidates[place], score, made_of) for place, score, made_of in found]
    await _queue(session, ids, pairs, now)
    return len(ids)


async def _queue(
    session: Transaction, ids: Sequence[UUID], pairs: Sequence[tuple[Row[Any], int, Any]], now: datetime
) -> None:
    """Write the pairs of some people; who was told apart stays so, what is no longer alike leaves the queue.

    Who was merged and is compared again is a member again: the merger was undone.
    """
    alike = {
        "ids": ids,
        "first": [row.first_id for row, _, _ in pairs],
        "second": [row.second_id for row, _, _ in pairs],
    }
    await session.execute(_NO_LONGER_ALIKE, alike)
    if not pairs:
        return
    rows = [
        {
            "id": new_id(),
            "first_id": row.first_id,
            "second_id": row.second_id,
            "score": score,
            "agreements": made_of,
            "state": "open",
            "found_at": now,
            "decided_by": None,
            "decided_at": None,
        }
        for row, score, made_of in sorted(pairs, key=lambda pair: (pair[0].first_id, pair[0].second_id))
    ]
    statement = insert_or_update(DUPLICATE_PAIRS)
    statement = statement.on_conflict_do_update(
        index_elements=["first_id", "second_id"],
        set_={name: statement.excluded[name] for name in ("score", "agreements", "state", "decided_by", "decided_at")},
        where=_PAIRS.state != "distinct",
    )
    await (await session.connection()).execute(statement, rows)


async def compare_everybody(session: Transaction) -> int:
    """Note everybody as to be compared anew; return how many are."""
    everybody = select(PEOPLE.c.id).where(PEOPLE.c.household_id.is_not(None))
    statement = insert_or_update(PEOPLE_TO_COMPARE).from_select(["person_id"], everybody)
    await session.execute(statement.on_conflict_do_nothing())
    return await left_to_compare(session)


async def left_to_compare(session: Transaction) -> int:
    """Return how many people are still to be compared."""
    return int((await session.execute(select(func.count()).select_from(PEOPLE_TO_COMPARE))).scalar_one())


@dataclass(frozen=True)
class Pair:
    """Two people who may be one, and what was decided about it."""

    id: UUID
    people: tuple[Found, Found]
    score: int
    agreements: Sequence[Agreement]
    state: str
    found_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None


async def pairs(
    session: Transaction,
    access: Access,
    *,
    state: str,
    area_code: str | None,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[Pair]:
    """Return pairs of which at least one lives in an access's areas, the most alike first."""
    query = _within(select(DUPLICATE_PAIRS), access, state, area_code)
    query = query.order_by(_PAIRS.score.desc(), _PAIRS.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(_PAIRS.score, _PAIRS.id) < after)
    return await _with_people(session, query)


async def open_ids(session: Transaction, access: Access, *, area_code: str | None) -> Sequence[UUID]:
    """Return the ids of the queue's pairs, in their order."""
    query = _within(select(_PAIRS.id), access, "open", area_code).order_by(_PAIRS.id)
    return list((await session.execute(query)).scalars())


def _within(query: Select[Any], access: Access, state: str, area_code: str | None) -> Select[Any]:
    one, two = PEOPLE.alias("one"), PEOPLE.alias("two")
    query = query.join(one, one.c.id == _PAIRS.first_id).join(two, two.c.id == _PAIRS.second_id)
    query = query.where(_PAIRS.state == state, or_(access.within(one.c.area_code), access.within(two.c.area_code)))
    if area_code is not None:
        query = query.where(or_(one.c.area_code == area_code, two.c.area_code == area_code))
    return query


async def pair(session: Transaction, access: Access, pair_id: UUID, *, lock: bool = False) -> Pair:
    """Return a pair of which at least one lives in an access's areas.

    Raises:
        Problem: 404 `duplicate_not_found`.
    """
    query = select(DUPLICATE_PAIRS).where(_PAIRS.id == pair_id)
    found = await _with_people(session, query.with_for_update() if lock else query)
    if not found:
        raise Problem(404, "duplicate_not_found")
    areas = [each.area_code for each in found[0].people]
    if not any(access.covers(area) for area in areas):
        access.admit(areas[0], Problem(404, "duplicate_not_found"))
    return found[0]


async def _with_people(session: Transaction, query: Select[Any]) -> list[Pair]:
    rows = (await session.execute(query)).mappings().all()
    people = await found_people(session, [row[name] for row in rows for name in ("first_id", "second_id")])
    return [
        Pair(
            id=row["id"],
            people=(people[row["first_id"]], people[row["second_id"]]),
            score=row["score"],
            agreements=[Agreement(*each) for each in row["agreements"]],
            state=row["state"],
            found_at=row["found_at"],
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
            note=row["note"],
        )
        for row in rows
    ]


async def decide(session: Transaction, found: Pair, state: str, *, note: str | None, by: str, now: datetime) -> None:
    """Write what was decided about a locked pair.

    Raises:
        Problem: 409 `duplicate_decided`, by somebody else.
    """
    if found.state != "open":
        raise Problem(409, "duplicate_decided")
    values = {"state": state, "note": note, "decided_by": by, "decided_at": now}
    await session.execute(update(DUPLICATE_PAIRS).where(_PAIRS.id == found.id).values(values))
