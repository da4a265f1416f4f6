"""The names that pages show for codes: of units, standards and indicators."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.registry.domain.areas import Area
from shared.events.registry import Setting
from shared.maps import is_unplaced, unit_waited_for
from shared.pages import Refused, Visitor
from shared.texts import Language, text


async def area_name(visitor: Visitor, code: str | None, on: str | None = None) -> str | None:
    """Return the name of a unit as it is on a day or today, its code where there is no such unit then.

    Who waits to be placed is in no unit: it is said of which split unit.
    """
    if code is None:
        return None
    if is_unplaced(code):
        return text("desk.waits_to_be_placed", visitor.language, code=unit_waited_for(code))
    area = await _area(visitor, code, on)
    return code if area is None else area.name


async def setting_of(visitor: Visitor, code: str) -> Setting:
    """Return whether a unit is urban or rural today; rural where nothing says so."""
    area = None if is_unplaced(code) else await _area(visitor, code)
    return (area and area.setting) or "rural"


async def _area(visitor: Visitor, code: str, on: str | None = None) -> Area | None:
    try:
        return Area.model_validate(await visitor.get(f"/registry/v1/areas/{code}", on=on))
    except Refused:
        return None


async def area_names(visitor: Visitor, codes: Iterable[str], on: str) -> dict[str, str]:
    """Return the names that units had on a day, by code; a unit without one stands by its code."""
    return {code: await area_name(visitor, code, on=on) or code for code in sorted(codes)}


def names_of_standards(standards: Iterable[Mapping[str, Any]], language: Language) -> dict[str, str]:
    """Return the names of standards by code, in the order of time."""
    return {each["code"]: each["name"][language] for each in standards}


def indicator_names(standards: Iterable[Mapping[str, Any]], language: Language) -> dict[str, str]:
    """Return the names of the indicators of all standards by code."""
    return {
        indicator["code"]: indicator["name"][language]
        for standard in standards
        for dimension in standard["dimensions"]
        for indicator in dimension["indicators"]
    }


def head_name(household: Mapping[str, Any]) -> str:
    """Return the name by which people know a household: its head's, of an ended one that of who was first in it."""
    head = (each["full_name"] for each in household["members"] if each["relationship"] == "head")
    return str(next(head, None) or next((each["full_name"] for each in household["former"]), "—"))
