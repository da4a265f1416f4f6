"""Which decision is in force when, and how many households of each class an area has on given days."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Date, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.indicators.domain.poverty import Tallies, Tally
from shared.db import Transaction

# The order of decisions: by day; of one day, as the registry published them, so that a correction comes last.
_LINK = text(
    """
    UPDATE decisions SET until = follow.next
    FROM (SELECT event_id, coalesce(lead(decided_on) OVER household, 'infinity') AS next
          FROM decisions WHERE household_id = ANY(:households)
          WINDOW household AS (PARTITION BY household_id, standard ORDER BY decided_on, recorded_at, event_id)) follow
    WHERE decisions.event_id = follow.event_id AND decisions.until <> follow.next
    """
).bindparams(bindparam("households", type_=ARRAY(Uuid)))

# One pass over the index, in its order, however many days are asked for. `width_bucket` tells how many of the days lie
# before a date: a decision counts from the first day that is not before it to the last day before its end. Decisions
# of one day and end are added up first, since finding the bucket costs more than counting.
_COUNT = text(
    """
    SELECT area_code, household_class, day, sum(households)::bigint AS households, sum(people)::bigint AS people
    FROM (SELECT area_code, household_class, households, people,
                 width_bucket(decided_on, :days_after) AS begins, width_bucket(until, :days_after) AS ends
          FROM (SELECT area_code, household_class, decided_on, until, count(*) AS households, sum(people) AS people
                FROM decisions
                WHERE standard = :standard AND area_code = ANY(:codes) AND decided_on <= :last AND until > :first
                GROUP BY area_code, household_class, decided_on, until) alike
          OFFSET 0) spans,
         generate_series(begins, ends - 1) AS day
    GROUP BY area_code, household_class, day
    """
).bindparams(bindparam("days_after", type_=ARRAY(Date)), bindparam("codes", type_=ARRAY(Text)))
_COUNT_ONE_DAY = text(
    """
    SELECT area_code, household_class, 0 AS day, count(*) AS households, sum(people)::bigint AS people
    FROM decisions
    WHERE standard = :standard AND area_code = ANY(:codes) AND decided_on <= :last AND until > :last
    GROUP BY area_code, household_class
    """
).bindparams(bindparam("codes", type_=ARRAY(Text)))

# Walks the index from one standard to the next instead of reading every decision.
_STANDARDS = text(
    """
    WITH RECURSIVE found(standard) AS (
        (SELECT standard FROM decisions ORDER BY standard LIMIT 1)
        UNION ALL
        SELECT (SELECT standard FROM decisions WHERE standard > found.standard ORDER BY standard LIMIT 1)
        FROM found WHERE found.standard IS NOT NULL)
    SELECT standard FROM found WHERE standard IS NOT NULL ORDER BY standard
    """
)
_MOST_USED = text(
    """
    SELECT standard FROM decisions WHERE decided_on <= :on AND until > :on
    GROUP BY standard ORDER BY count(*) DESC, standard LIMIT 1
    """
)
_UNPLACED = text(
    """
    SELECT count(*) FROM decisions
    WHERE standard = :standard AND decided_on <= :on AND until > :on AND household_class <> 'not_poor'
      AND NOT EXISTS (SELECT FROM areas WHERE areas.code = decisions.area_code AND areas.valid_from <= :on
                      AND (areas.valid_to IS NULL OR areas.valid_to >= :on))
    """
)


async def link_decisions(session: Transaction, households: Collection[UUID]) -> None:
    """Set the day on which each decision of these households is replaced by the next under the same standard."""
    if households:
        await session.execute(_LINK, {"households": sorted(households)})


async def tallies(
    session: Transaction, standard: str, days: Sequence[date], codes: Collection[str]
) -> Mapping[date, Mapping[str, Tallies]]:
    """Return, for each day, the tallies of each code that has any.

    A household counts by its latest decision of that day or before, where that decision placed it. `days` ascend.
    """
    parameters: dict[str, object] = {"standard": standard, "codes": sorted(codes), "last": days[-1]}
    query = _COUNT_ONE_DAY
    if len(days) > 1:
        query = _COUNT
        parameters |= {"first": days[0], "days_after": [day + timedelta(days=1) for day in days]}
    found: dict[date, dict[str, dict[str, Tally]]] = {day: defaultdict(dict) for day in days}
    for row in await session.execute(query, parameters):
        found[days[row.day]][row.area_code][row.household_class] = Tally(row.households, row.people)
    return {day: {code: Tallies(**classes) for code, classes in by_code.items()} for day, by_code in found.items()}


async def standards(session: Transaction) -> Sequence[str]:
    """Return the standards under which anything was decided."""
    return list((await session.execute(_STANDARDS)).scalars())


async def most_used_standard(session: Transaction, on: date) -> str | None:
    """Return the standard under which most households stand on a day."""
    standard: str | None = (await session.execute(_MOST_USED, {"on": on})).scalar_one_or_none()
    return standard


async def unplaced(session: Transaction, standard: str, on: date) -> int:
    """Return how many poor and near-poor households stand in a code that is no known unit on a day.

    They are in no area's figure: the unit ended and the household was not placed anew, or the unit is not known yet.
    """
    count: int = (await session.execute(_UNPLACED, {"standard": standard, "on": on})).scalar_one()
    return count
