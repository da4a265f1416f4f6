"""The names that pages show for codes: of units, standards and indicators."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.pages import Refused, Visitor
from shared.texts import Language


async def area_name(visitor: Visitor, code: str | None, on: str | None = None) -> str | None:
    """Return the name of a unit as it is on a day or today, its code where there is no such unit then."""
    if code is None:
        return None
    try:
        return str((await visitor.get(f"/registry/v1/areas/{code}", on=on))["name"])
    except Refused:
        return code


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
