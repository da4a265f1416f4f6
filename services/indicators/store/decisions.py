"""Which decision is in force when, and how many households of each class an area has on given days."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Integer, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.indicators.domain.poverty import Tallies, Tally
from shared.db import Transaction
from shared.maps import OtherMap, Step

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
# A later version says anew what is from its day on, whatever earlier ones said of those days.
_PLACE = text(
    """
    UPDATE placements SET until = follow.next
    FROM (SELECT household_id, version, coalesce(min(effective_on) OVER later, 'infinity') AS next
          FROM placements WHERE household_id = ANY(:households)
          WINDOW later AS (PARTITION BY household_id ORDER BY version
                           ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)) follow
    WHERE placements.household_id = follow.household_id AND placements.version = follow.version
        AND placements.until <> follow.next
    """
).bindparams(bindparam("households", type_=ARRAY(Uuid)))
_NO_SPANS = text("DELETE FROM spans WHERE household_id = ANY(:households)").bindparams(
    bindparam("households", type_=ARRAY(Uuid))
)
# Before a household's first placement it counts where the decision was taken.
_SPANS = text(
    """
    WITH homes AS (
        SELECT household_id, area_code, effective_on AS begins, least(until, coalesce(ended_on, 'infinity')) AS ends
        FROM placements WHERE household_id = ANY(:households) AND effective_on < until),
    first AS (SELECT household_id, min(begins) AS begins FROM homes GROUP BY household_id),
    pieces AS (
        SELECT household_id, standard, household_class, people, decisions.area_code, decided_on AS begins,
               least(until, coalesce(first.begins, 'infinity')) AS ends
        FROM decisions LEFT JOIN first USING (household_id) WHERE household_id = ANY(:households)
        UNION ALL
        SELECT household_id, standard, household_class, people, homes.area_code, greatest(decided_on, homes.begins),
               least(until, homes.ends)
        FROM decisions JOIN homes USING (household_id))
    INSERT INTO spans (household_id, standard, begins, ends, household_class, area_code, people)
    SELECT household_id, standard, begins, ends, household_class, area_code, people FROM pieces WHERE begins < ends
    """
).bindparams(bindparam("households", type_=ARRAY(Uuid)))
# Who splits off brings the class along, which no decision of its own told of.
_INHERITED = text(
    """
    INSERT INTO decisions (event_id, household_id, standard, decided_on, until, household_class, area_code, people,
                           recorded_at)
    SELECT heir.* FROM unnest(:event_id, :household_id, :standard, :decided_on, :until, :household_class, :area_code,
                              :people, :recorded_at)
        AS heir (event_id, household_id, standard, decided_on, until, household_class, area_code, people, recorded_at)
    WHERE NOT EXISTS (SELECT FROM decisions known WHERE known.household_id = heir.household_id
                      AND known.standard = heir.standard)
    ON CONFLICT DO NOTHING
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(kind)) for name, kind in (
        ("event_id", Uuid), ("household_id", Uuid), ("standard", Text), ("decided_on", Date), ("until", Date),
        ("household_class", Text), ("area_code", Text), ("people", Integer), ("recorded_at", DateTime(timezone=True)),
    ))
)  # fmt: skip
# One pass over the index, in its order, however many days are asked for. `width_bucket` tells how many of the days lie
# before a date: a span counts from the first day that is not before it to the last day before its end. Spans
# of one day and end are added up first, since finding the bucket costs more than counting.
_COUNT = text(
    """
    SELECT area_code, household_class, day, sum(households)::bigint AS households, sum(people)::bigint AS people
    FROM (SELECT area_code, household_class, households, people,
                 width_bucket(begins, :days_after) AS first, width_bucket(ends, :days_after) AS after
          FROM (SELECT area_code, household_class, begins, ends, count(*) AS households, sum(people) AS people
                FROM spans
                WHERE standard = :standard AND area_code = ANY(:codes) AND begins <= :last AND ends > :first
                GROUP BY area_code, household_class, begins, ends) alike
          OFFSET 0) counted,
         generate_series(first, after - 1) AS day
    GROUP BY area_code, household_class, day
    """
).bindparams(bindparam("days_after", type_=ARRAY(Date)), bindparam("codes", type_=ARRAY(Text)))
_COUNT_ONE_DAY = text(
    """
    SELECT area_code, household_class, 0 AS day, count(*) AS households, sum(people)::bigint AS people
    FROM spans
    WHERE standard = :standard AND area_code = ANY(:codes) AND begins <= :last AND ends > :last
    GROUP BY area_code, household_class
    """
).bindparams(bindparam("codes", type_=ARRAY(Text)))

# On another map a household counts where it was itself on the day of the map, if its unit became or was that one.
_COUNT_WITH_OWN_PLACE = text(
    """
    SELECT here, own, household_class, day, sum(households)::bigint AS households, sum(people)::bigint AS people
    FROM (SELECT here, own, household_class, households, people,
                 width_bucket(begins, :days_after) AS first, width_bucket(ends, :days_after) AS after
          FROM (SELECT spans.area_code AS here, own.area_code AS own, household_class, begins, ends,
                       count(*) AS households, sum(people) AS people
                FROM spans LEFT JOIN placements own ON own.household_id = spans.household_id
                    AND own.effective_on <= :map_on AND least(own.until, coalesce(own.ended_on, 'infinity')) > :map_on
                WHERE standard = :standard AND begins <= :last AND ends > :first
                GROUP BY 1, 2, 3, 4, 5) alike
          OFFSET 0) counted,
         generate_series(first, after - 1) AS day
    GROUP BY 1, 2, 3, 4
    """
).bindparams(bindparam("days_after", type_=ARRAY(Date)))

# Walks the index from one standard to the next instead of reading every decision.
_STANDARDS = text(
    """
    WITH RECURSIVE found(standard) AS (
        (SELECT standard FROM spans ORDER BY standard LIMIT 1)
        UNION ALL
        SELECT (SELECT standard FROM spans WHERE standard > found.standard ORDER BY standard LIMIT 1)
        FROM found WHERE found.standard IS NOT NULL)
    SELECT standard FROM found WHERE standard IS NOT NULL ORDER BY standard
    """
)
_MOST_USED = text(
    """
    SELECT standard FROM spans WHERE begins <= :on AND ends > :on
    GROUP BY standard ORDER BY count(*) DESC, standard LIMIT 1
    """
)
_UNPLACED = text(
    """
    SELECT count(*) FROM spans
    WHERE standard = :standard AND begins <= :on AND ends > :on AND household_class <> 'not_poor'
      AND NOT EXISTS (SELECT FROM areas WHERE areas.code = spans.area_code AND areas.valid_from <= :on
                      AND (areas.valid_to IS NULL OR areas.valid_to >= :on))
    """
)


async def link_decisions(session: Transaction, households: Collection[UUID]) -> None:
    """Set until when each decision and placement of these households holds, and the spans that follow from both."""
    if households:
        for statement in (_LINK, _PLACE, _NO_SPANS, _SPANS):
            await session.execute(statement, {"households": sorted(households)})


async def inherit(session: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the classes that households brought along, of those under whose standard nothing was decided for them."""
    if rows:
        await session.execute(_INHERITED, {name: [row[name] for row in rows] for name in rows[0]})


@dataclass(frozen=True, slots=True)
class OnMap:
    """Tallies by unit of a map, and how many poor and near-poor households are in none of its units."""

    tallies: Mapping[str, Tallies]
    nowhere: int


async def tallies_on_map(
    session: Transaction, standard: str, days: Sequence[date], *, map_on: date, steps: Sequence[Step]
) -> Mapping[date, OnMap]:
    """Return, for each day, the tallies by unit of the map of another day. `days` ascend."""
    found: dict[date, dict[str, dict[str, Tally]]] = {day: defaultdict(dict) for day in days}
    nowhere = dict.fromkeys(days, 0)
    on_map = OtherMap(steps, map_on)
    parameters = {"standard": standard, "map_on": map_on, **_stretch(days)}
    for row in await session.execute(_COUNT_WITH_OWN_PLACE, parameters):
        day = days[row.day]
        code = on_map.place(row.here, day, row.own)
        if code is None:
            nowhere[day] += row.households if row.household_class != "not_poor" else 0
        else:
            known = found[day][code].get(row.household_class, Tally())
            found[day][code][row.household_class] = known + Tally(row.households, row.people)
    return {
        day: OnMap({code: Tallies(**classes) for code, classes in by_code.items()}, nowhere[day])
        for day, by_code in found.items()
    }


def _stretch(days: Sequence[date]) -> dict[str, object]:
    return {"first": days[0], "last": days[-1], "days_after": [day + timedelta(days=1) for day in days]}


async def tallies(
    session: Transaction, standard: str, days: Sequence[date], codes: Collection[str]
) -> Mapping[date, Mapping[str, Tallies]]:
    """Return, for each day, the tallies of each code that has any.

    A household counts by its latest decision of that day or before, where it lived on that day. `days` ascend.
    """
    parameters: dict[str, object] = {"standard": standard, "codes": sorted(codes), "last": days[-1]}
    query = _COUNT_ONE_DAY
    if len(days) > 1:
        query = _COUNT
        parameters |= _stretch(days)
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
