"""How many households and people stood in each unit on a day, by class, on the map of that day or of another."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.registry.store.successions import every_succession
from shared.access import Access
from shared.db import Transaction
from shared.maps import OtherMap, place_on_map

_COUNT = text(
    """SELECT v.area_code AS here, own.area_code AS own, given.household_class, count(*) AS households,
              sum(v.people)::bigint AS people
    FROM household_versions v
    JOIN households ON households.id = v.household_id
    LEFT JOIN household_versions own ON own.household_id = v.household_id AND own.superseded_at IS NULL
        AND own.valid_from <= :map_on AND own.valid_until > :map_on
    LEFT JOIN LATERAL (
        SELECT household_class FROM class_history
        WHERE household_id = v.household_id AND standard = :standard AND decided_on <= :on
            AND NOT EXISTS (SELECT FROM class_history correcting
                            WHERE correcting.household_id = class_history.household_id
                                AND correcting.standard = class_history.standard
                                AND correcting.corrects = class_history.number)
        ORDER BY decided_on DESC, number DESC LIMIT 1) given ON true
    WHERE v.superseded_at IS NULL AND v.valid_from <= :on AND v.valid_until > :on AND NOT v.state ? 'ended'
        AND (:everywhere OR households.area_code = ANY(:areas))
    GROUP BY 1, 2, 3"""
).bindparams(bindparam("areas", type_=ARRAY(Text)))


@dataclass(frozen=True)
class Counted:
    """Households and people of one class in one unit of a map; no unit: they are in none of them that is known."""

    area_code: str | None
    household_class: str | None
    households: int
    people: int


async def household_counts(
    session: Transaction, access: Access, *, on: date, map_on: date, standard: str | None
) -> list[Counted]:
    """Return the counts of a day within an access, by unit of the map of `map_on` and by class under a standard.

    Where a unit was split or merged between the two days, a household counts where it was itself on the day of the map.
    """
    on_map = OtherMap(await every_succession(session), map_on)
    parameters: Mapping[str, Any] = {
        "on": on,
        "map_on": map_on,
        "standard": standard or "",
        "everywhere": access.areas is None,
        "areas": sorted(access.areas or ()),
    }
    households: Counter[tuple[str | None, str | None]] = Counter()
    people: Counter[tuple[str | None, str | None]] = Counter()
    for row in await session.execute(_COUNT, parameters):
        key = (place_on_map(row.own, on_map.options(row.here, on)), row.household_class)
        households[key] += row.households
        people[key] += row.people
    ordered = sorted(households, key=lambda key: (key[0] is None, key[0] or "", key[1] or ""))
    return [Counted(*key, households[key], people[key]) for key in ordered]
