"""Households on pages: found by commune and class, one with its members, classes and the reasons for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.change_forms import KINDS
from services.registry.pages.facts import HOME, PERSON, FactWords
from services.registry.pages.names import area_name, head_name, indicator_names, names_of_standards
from shared import clock
from shared.pages import Desk, Refused, Visiting, Visitor

_CLASSES = ("poor", "near_poor", "not_poor")


def add_households(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk/households` and a page a household."""

    async def found(visitor: Visitor, asked: Mapping[str, str], **query: Any) -> Response:
        standards = await visitor.get("/registry/v1/standards")
        page = await visitor.get("/registry/v1/people", **query)
        names = names_of_standards(standards, visitor.language)
        return desk.show(visitor, "households.html", page=page, asked=asked, standards=names, classes=_CLASSES)

    @router.get("/households")
    async def households_page(
        visitor: Visiting,
        name: str = "",
        area_code: str = "",
        standard: str = "",
        household_class: str = "",
        cursor: str | None = None,
    ) -> Response:
        asked = {"name": name, "area_code": area_code, "standard": standard, "household_class": household_class}
        if household_class and not standard:
            standard = (await visitor.get("/registry/v1/standards"))[0]["code"]
        by_class = {"standard": standard, "household_class": household_class} if household_class else {}
        return await found(
            visitor, asked, name=name or None, area_code=area_code or None, heads=not name, cursor=cursor, **by_class
        )

    @router.post("/households")
    async def households_by_number_page(visitor: Visiting) -> Response:
        # Numbers are sent in the body, so that they stay out of addresses, histories and logs.
        numbers = {of: visitor.form.get(of).replace(" ", "") for of in ("personal_number", "phone")}
        asked = {"name": "", "area_code": "", "standard": "", "household_class": ""}
        return await found(visitor, asked, **{of: number for of, number in numbers.items() if number})

    @router.get("/households/{household_id}")
    async def household_page(
        visitor: Visiting, household_id: UUID, done: str = "", on: str = "", known: str = ""
    ) -> Response:
        return await _show(desk, visitor, household_id, done=done, on=on, known=known)


async def _show(
    desk: Desk, visitor: Visitor, household_id: UUID, *, done: str = "", on: str = "", known: str = ""
) -> Response:
    path = f"/registry/v1/households/{household_id}"
    now = await visitor.get(path)
    refusal, household = None, now
    if on or known:
        try:
            household = await visitor.get(path, on=on or None, known_at=_instant(known))
        except Refused as refused:
            refusal = refused
    standards = await visitor.get("/registry/v1/standards")
    assessments = await visitor.get(f"{path}/assessments")
    history = await visitor.get(f"{path}/history")
    access = await visitor.get("/registry/v1/access")
    return desk.show(
        visitor,
        "household.html",
        200 if refusal is None else refusal.status,
        refusal=refusal,
        household=household,
        name=head_name(household),
        then=household is not now,
        on=on,
        known=known,
        area=await area_name(visitor, household["area_code"], on=_day(household, now, on, known)),
        facts=FactWords(visitor.language).known(HOME, household["facts"]),
        facts_of=[
            (each["full_name"], FactWords(visitor.language).known(PERSON, each["facts"]))
            for each in household["members"]
        ],
        changes=await visitor.get(f"{path}/changes"),
        kinds=KINDS,
        history=_with_reasons(history, assessments),
        undecided=_undecided(history, assessments),
        standards=names_of_standards(standards, visitor.language),
        indicators=indicator_names(standards, visitor.language),
        permissions=access["permissions"],
        done=done,
    )


def _day(household: Mapping[str, Any], now: Mapping[str, Any], on: str, known: str) -> str | None:
    """Return the day whose units a household as it was is shown with: a code may mean another unit since."""
    return None if household is now else on or known[:10]


def _instant(entered: str) -> str | None:
    """Return an instant as a page's clock field has it, which is Viet Nam's time, as the API takes it."""
    if not entered:
        return None
    try:
        return datetime.fromisoformat(entered).replace(tzinfo=clock.VIETNAM).isoformat()
    except ValueError:
        return entered


def _with_reasons(
    history: Sequence[Mapping[str, Any]], assessments: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return what was decided, newest first, each with the assessment that it rests on."""
    by_id = {each["id"]: each for each in assessments}
    return [{**decided, "assessment": by_id.get(decided["assessment_id"])} for decided in reversed(history)]


def _undecided(
    history: Sequence[Mapping[str, Any]], assessments: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the assessments about which nobody has decided."""
    decided = {each["assessment_id"] for each in history}
    return [each for each in assessments if each["id"] not in decided]
