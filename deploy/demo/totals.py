"""The areas of the demonstration and their numbers of households and people, each with where it comes from."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from deploy.demo.apportion import apportion
from deploy.demo.cells import scaled
from deploy.demo.plan import Plan
from deploy.demo.published import HOUSEHOLDS, PEOPLE, PROVINCE, REVIEW_YEAR, SOURCE
from deploy.demo.reviews import FIRST_YEAR
from services.indicators.domain.poverty import DEMONSTRATION
from services.registry.domain.areas import Area
from services.registry.official_areas import TWO_TIERS_SINCE

# Households grow by so many in a thousand a year: our estimate.
_GROWTH = 9
_GENERATED = f"{DEMONSTRATION}: số của đơn vị này được sinh ra, không phải số công bố / generated, not published"
# People in ten households, by ethnic group; 39 where none is given.
_TEN_HOUSEHOLDS = {"02": 45, "03": 42, "06": 42, "08": 53, "09": 46, "15": 42, "18": 42}

_EARLIER = date(FIRST_YEAR, 1, 1)  # first day of the units of before, as the demonstration tells of them


def as_they_were(areas: Sequence[Area]) -> list[Area]:
    """Return the units of today as if they had been there before, named so, for the years before they were made.

    Earlier reviews are told on the map of today, as figures of merged areas are made comparable; the units of those
    years, with other borders and some of the same codes, are not part of the demonstration.
    """
    last = TWO_TIERS_SINCE - timedelta(days=1)
    note = f"(địa giới {TWO_TIERS_SINCE:%d/%m/%Y})"
    return [
        area.model_copy(update={"name": f"{area.name} {note}", "valid_from": _EARLIER, "valid_to": last})
        for area in areas
    ]


def area_totals(plan: Plan) -> list[dict[str, Any]]:
    """Return the totals of the province and of its communes from the first year to that of the published review; of
    that year also those of the units of today, about which the report is.

    Those of the province in 2024 are as published, or as published and scaled down; all others are generated.
    """
    rows = [row for year in range(FIRST_YEAR, REVIEW_YEAR + 1) for row in _year(plan, year)]
    then = [row | {"valid_from": _EARLIER.isoformat()} for row in rows]
    today = [row | {"valid_from": TWO_TIERS_SINCE.isoformat()} for row in rows if row["year"] == REVIEW_YEAR]
    return then + today


def _year(plan: Plan, year: int) -> Iterator[dict[str, Any]]:
    communes = sorted({cell.commune for cell in plan.cells})
    homes = dict.fromkeys(communes, 0)
    people_weight = dict.fromkeys(communes, 0)
    for cell in plan.cells:
        homes[cell.commune] += cell.households
        people_weight[cell.commune] += cell.households * _TEN_HOUSEHOLDS.get(cell.group, 39)
    households, people = scaled(HOUSEHOLDS, plan.scale), scaled(PEOPLE, plan.scale)
    missing = (REVIEW_YEAR - year) * _GROWTH
    fewer, fewer_people = households * missing // 1000, people * missing // 1000
    # Those who are on record lived there before too: a small commune loses none of them.
    room = _unrecorded(plan, homes)
    less = dict(zip(communes, apportion(fewer, list(homes.values()), [room[code] for code in communes]), strict=True))
    of_people = dict(
        zip(communes, apportion(people - fewer_people, [people_weight[code] for code in communes]), strict=True)
    )
    yield {
        "code": PROVINCE,
        "year": year,
        "households": households - fewer,
        "people": people - fewer_people,
        "source": _source(plan, year),
    }
    for code in communes:
        counts = {"households": homes[code] - less[code], "people": of_people[code]}
        yield {"code": code, "year": year, **counts, "source": _GENERATED}


def _unrecorded(plan: Plan, homes: dict[str, int]) -> dict[str, int]:
    room = dict(homes)
    for household in plan.households:
        room[household.commune] -= 1
    return room


def _source(plan: Plan, year: int) -> str:
    if year != REVIEW_YEAR:
        return _GENERATED
    if plan.scale == 1:
        return SOURCE
    return f"{DEMONSTRATION}, thu nhỏ {plan.scale.numerator}/{plan.scale.denominator} / scaled down: {SOURCE}"
