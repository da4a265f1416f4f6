"""Who is to be compared with whom, and what comes of it.

The database notes by itself whose record is new or has changed, each time with a new number. Only those are compared
who share a block: the day of birth and the given name anywhere; in one commune the day of birth, or the given name and
about the age; a phone; an account.

While records are read and compared nothing is locked: that takes long where many are alike, and officers go on writing.
What was found is written afterwards, in short transactions that look again. Of two people who both wait, the second to
be compared decides: whoever has changed meanwhile waits again, so nothing is written of a record as it was.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from services.registry.tables import DUPLICATE_PAIRS, PEOPLE, PEOPLE_TO_COMPARE
from shared.db import Database, Transaction, among
from shared.ids import new_id
from shared.side_process import SideProcess

AT_ONCE = 1_000  # people
_ASKED_AT_ONCE = 5_000  # pairs, in one message to the process that compares
_WRITTEN_AT_ONCE = 1_000  # pairs, in one transaction
_PAIRS, _WAITING = DUPLICATE_PAIRS.c, PEOPLE_TO_COMPARE.c
# A phone of half a village says nothing: of those who share one, so many are compared.
_SHARING = 30

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
    pairs AS (
        SELECT DISTINCT least(one, other) AS first_id, greatest(one, other) AS second_id FROM blocks
        WHERE one <> other AND (other = ANY(:ids)
            -- as a value, so that it is looked up for each and not gathered from all who wait
            OR (SELECT noted FROM people_to_compare WHERE person_id = other) IS NULL))
    SELECT first_id, second_id,
        one.name_words, one.sex, one.birth_date, one.area_code, one.phone_index, one.account_number_index,
        one.personal_number_index,
        two.name_words, two.sex, two.birth_date, two.area_code, two.phone_index, two.account_number_index,
        two.personal_number_index
    FROM pairs JOIN people AS one ON one.id = first_id JOIN people AS two ON two.id = second_id
    WHERE one.household_id IS NOT NULL AND two.household_id IS NOT NULL"""
)
_FIELDS_OF_A_SIDE = 7
# Those who write what came of comparing come one after the other; nobody else takes this lock.
_ONE_WRITES = text("SELECT pg_advisory_xact_lock(hashtextextended('registry.duplicates', 0))")
_NO_LONGER_ALIKE = text(
    """DELETE FROM duplicate_pairs WHERE state = 'open' AND (first_id = ANY(:ids) OR second_id = ANY(:ids))
    AND NOT EXISTS (SELECT FROM people_to_compare AS waiting
        WHERE waiting.person_id IN (first_id, second_id) AND waiting.person_id <> ALL(:ids))
    AND NOT EXISTS (
        SELECT FROM unnest(CAST(:first AS uuid[]), CAST(:second AS uuid[])) AS alike (one, two)
        WHERE one = first_id AND two = second_id)"""
)


@dataclass(frozen=True)
class Alike:
    """Two records that belong into the queue, with their points and what these are made of."""

    first_id: UUID
    second_id: UUID
    score: int
    made_of: Any


@dataclass(frozen=True)
class Looked:
    """How many people were looked at, and the last of them in the order of ids; of nobody there is no last."""

    people: int
    last: UUID | None


async def compare_next(database: Database, comparing: SideProcess, now: datetime, after: UUID | None = None) -> Looked:
    """Compare the next people whose record is new or has changed, in the order of their ids, after one.

    Who was looked at stops waiting in the last transaction: what was cut off before is done again, and the same. Who
    goes on `after` the last does not step over all that are done, which the database keeps for a while.

    Raises:
        SideProcessEnded: the process that compares was killed.
    """
    asked, found = await _look(database, comparing, after)
    if not asked:
        return Looked(0, None)
    for some in _batches(found):
        async with database.transaction() as session:
            await session.execute(_ONE_WRITES)
            await _queue(session, asked, some, now)
    async with database.transaction() as session:
        await session.execute(_ONE_WRITES)
        await _settle(session, asked, found)
    return Looked(len(asked), max(asked))


def _batches(found: Sequence[Alike]) -> Iterator[Sequence[Alike]]:
    ordered = sorted(found, key=lambda each: (each.first_id, each.second_id))
    return (ordered[start : start + _WRITTEN_AT_ONCE] for start in range(0, len(ordered), _WRITTEN_AT_ONCE))


async def _look(
    database: Database, comparing: SideProcess, after: UUID | None
) -> tuple[Mapping[UUID, int], list[Alike]]:
    """Return who is next, by the number of the note about each, and the pairs that belong into the queue."""
    found: list[Alike] = []
    async with database.transaction() as session:
        query = select(_WAITING.person_id, _WAITING.noted).order_by(_WAITING.person_id).limit(AT_ONCE)
        query = query if after is None else query.where(_WAITING.person_id > after)
        free = query.with_for_update(skip_locked=True)  # somebody is just writing about the others
        asked = {row.person_id: row.noted for row in await session.execute(free)}
    if asked:
        async with database.transaction() as session:
            async for some in _candidates(session, list(asked)):
                found += await _compared(some, comparing)
    return asked, found


async def _candidates(session: Transaction, ids: Sequence[UUID]) -> AsyncIterator[Sequence[Any]]:
    stream = await session.stream(_CANDIDATES, {"ids": ids, "sharing": _SHARING})
    async for some in stream.partitions(_ASKED_AT_ONCE):
        yield some


async def _compared(candidates: Sequence[Any], comparing: SideProcess) -> list[Alike]:
    sides = [(tuple(each[2 : 2 + _FIELDS_OF_A_SIDE]), tuple(each[2 + _FIELDS_OF_A_SIDE :])) for each in candidates]
    answered = orjson.loads(await comparing.ask(orjson.dumps(sides)))
    return [
        Alike(candidates[place].first_id, candidates[place].second_id, score, made_of)
        for place, score, made_of in answered
    ]


async def _unsettled(session: Transaction, asked: Mapping[UUID, int], ids: Collection[UUID]) -> set[UUID]:
    """Return those of some people who wait for another look than the one that was taken."""
    query = select(_WAITING.person_id, _WAITING.noted).where(among(_WAITING.person_id, ids))
    return {row.person_id for row in await session.execute(query) if asked.get(row.person_id) != row.noted}


async def _queue(session: Transaction, asked: Mapping[UUID, int], found: Sequence[Alike], now: datetime) -> None:
    """Write pairs, but of who has changed since; who was told apart stays so.

    Who was merged and is compared again is a member again: the merger was undone.
    """
    later = await _unsettled(session, asked, {key for each in found for key in (each.first_id, each.second_id)})
    rows = [
        {
            "id": new_id(),
            "first_id": each.first_id,
            "second_id": each.second_id,
            "score": each.score,
            "agreements": each.made_of,
            "state": "open",
            "found_at": now,
            "decided_by": None,
            "decided_at": None,
        }
        for each in found
        if later.isdisjoint((each.first_id, each.second_id))
    ]
    if not rows:
        return
    statement = insert(DUPLICATE_PAIRS)
    statement = statement.on_conflict_do_update(
        index_elements=["first_id", "second_id"],
        set_={name: statement.excluded[name] for name in ("score", "agreements", "state", "decided_by", "decided_at")},
        where=_PAIRS.state != "distinct",
    )
    await (await session.connection()).execute(statement, rows)


async def _settle(session: Transaction, asked: Mapping[UUID, int], found: Sequence[Alike]) -> None:
    """Let who was looked at, and has not changed since, wait no more; what is no longer alike leaves the queue."""
    query = select(_WAITING.person_id, _WAITING.noted).where(among(_WAITING.person_id, asked))
    locked = await session.execute(query.order_by(_WAITING.person_id).with_for_update(skip_locked=True))
    ids = [row.person_id for row in locked if asked[row.person_id] == row.noted]
    alike = {
        "ids": ids,
        "first": [each.first_id for each in found],
        "second": [each.second_id for each in found],
    }
    await session.execute(_NO_LONGER_ALIKE, alike)
    await session.execute(delete(PEOPLE_TO_COMPARE).where(among(_WAITING.person_id, ids)))


async def compare_everybody(session: Transaction) -> int:
    """Note everybody as to be compared anew; return how many are."""
    everybody = select(PEOPLE.c.id).where(PEOPLE.c.household_id.is_not(None))
    statement = insert(PEOPLE_TO_COMPARE).from_select(["person_id"], everybody)
    await session.execute(statement.on_conflict_do_nothing())
    return await left_to_compare(session)


async def left_to_compare(session: Transaction) -> int:
    """Return how many people are still to be compared."""
    return int((await session.execute(select(func.count()).select_from(PEOPLE_TO_COMPARE))).scalar_one())
