"""The official list of communes since 1 July 2025, out of the package `vietnam-provinces` (MIT)."""

import json
from datetime import date

import vietnam_provinces

from services.registry.domain.areas import Area
from shared.text import clean

# Two tiers of government since this day; Decision 19/2025/QĐ-TTg is the list of codes.
TWO_TIERS_SINCE = date(2025, 7, 1)


def official_areas(province_code: str) -> list[Area]:
    """Return a province and its commune-level units as they are since 1 July 2025, the province first.

    Raises:
        LookupError: no province has that two-digit code.
    """
    with vietnam_provinces.NESTED_DIVISIONS_JSON_PATH.open(encoding="utf-8") as file:
        provinces = json.load(file)
    found = next((province for province in provinces if f"{province['code']:02}" == province_code), None)
    if found is None:
        raise LookupError(f"no province has the code {province_code!r}")
    province = Area(
        code=province_code,
        name=_province_name(found["name"], found["division_type"]),
        level="province",
        kind=found["division_type"],
        valid_from=TWO_TIERS_SINCE,
    )
    communes = [
        Area(
            code=f"{ward['code']:05}",
            name=ward["name"],
            level="commune",
            parent_code=province_code,
            kind=ward["division_type"],
            valid_from=TWO_TIERS_SINCE,
        )
        for ward in found["wards"]
    ]
    return [province, *sorted(communes, key=lambda area: area.code)]


def _province_name(name: str, kind: str) -> str:
    """Return the name with its kind before it, as communes carry it: the package leaves it out for some provinces."""
    named = clean(name)
    return named if kind != "tỉnh" or named.startswith("Tỉnh ") else f"Tỉnh {named}"
