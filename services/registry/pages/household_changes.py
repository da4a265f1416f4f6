"""What happened to a household, told on pages: a form a kind, what it would change, and then recorded."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from services.registry.pages.change_forms import CHOSEN_BY, KINDS, REASONS, RELATED, RELATIONSHIPS, change_of
from services.registry.pages.effects import told
from services.registry.pages.facts import DISABILITY_DEGREES, DISABILITY_KINDS, HOME, PERSON, FactWords
from services.registry.pages.facts_form import NONE, entered_facts, known_facts
from services.registry.pages.names import area_name, head_name
from shared import clock
from shared.http import Problem
from shared.pages import Desk, Refused, Visiting, Visitor

_SHOWN = 20  # people found to choose from


def add_household_changes(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk/households/{id}/changes/{kind}`."""

    async def show(visitor: Visitor, household_id: UUID, kind: str, refusal: Refused | None = None) -> Response:
        path = f"/registry/v1/households/{household_id}"
        seen = await visitor.version_of(path)  # before it is read: what changes in between is refused, not overlooked
        household = await visitor.get(path)
        ethnic = await visitor.get("/registry/v1/ethnic-groups")
        villages = await visitor.get("/registry/v1/areas", parent_code=household["area_code"], level="village")
        chosen = await _chosen(visitor, kind)
        overtaken = refusal is not None and refusal.status == 412
        return desk.show(
            visitor,
            "change_form.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            kind=kind,
            household=household,
            name=head_name(household),
            area=await area_name(visitor, household["area_code"]),
            seen=seen,
            newest=(await visitor.get(f"{path}/changes"))[:1] if overtaken else [],
            today=clock.today().isoformat(),
            people=[(each["id"], each["full_name"]) for each in household["members"]],
            groups=[(each["code"], each["name"]) for each in ethnic["groups"]],
            villages=villages["items"],
            relationships=RELATIONSHIPS,
            reasons=REASONS.get(kind, ()),
            by=CHOSEN_BY.get(kind),
            found=await _found(visitor, kind),
            chosen=chosen,
            chosen_name=head_name(chosen) if chosen and kind == "merge" else "",
            related=RELATED,
            **_about_facts(visitor, household) if kind == "facts" else {},
        )

    async def preview(visitor: Visitor, household_id: UUID, kind: str) -> Response:
        path = f"/registry/v1/households/{household_id}"
        trial = f"{path}/mergers/trial" if kind == "merge" else f"{path}/changes/trial"
        seen = {"If-Match": visitor.form.get("seen")}
        tried = await visitor.send("POST", trial, change_of(kind, visitor.form), headers=seen)
        return desk.show(
            visitor,
            "change_preview.html",
            kind=kind,
            household_id=str(household_id),
            effects=await told(visitor, tried["effects"], on=visitor.form.get("effective_on")),
            effective_on=visitor.form.get("effective_on"),
            note=visitor.form.get("note"),
        )

    @router.get("/households/{household_id}/changes/{kind}")
    async def change_form_page(visitor: Visiting, household_id: UUID, kind: str) -> Response:
        return await show(visitor, household_id, _known(kind))

    @router.post("/households/{household_id}/changes/{kind}")
    async def change_entry_page(visitor: Visiting, household_id: UUID, kind: str) -> Response:
        step = visitor.form.get("do")
        try:
            if step == "try":
                return await preview(visitor, household_id, _known(kind))
            if step == "record":
                return RedirectResponse(await _record(visitor, household_id, _known(kind)), 303)
        except Refused as refusal:
            if refusal.status in (401, 403, 404):
                raise
            return await show(visitor, household_id, kind, refusal.inside(kind))
        return await show(visitor, household_id, _known(kind))


def _about_facts(visitor: Visitor, household: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form of facts needs besides: a form sent back stands as it was sent."""
    return {
        "home": HOME,
        "person": PERSON,
        "facts": FactWords(visitor.language),
        "kinds": DISABILITY_KINDS,
        "degrees": DISABILITY_DEGREES,
        "nothing": NONE,
        "entered": visitor.form if visitor.form.pairs else entered_facts(household),
        "was": visitor.form.get("was") or known_facts(household),
    }


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise Problem(404, "not_found")
    return kind


async def _record(visitor: Visitor, household_id: UUID, kind: str) -> str:
    """Record a change, or propose a merger; return the page that comes next."""
    path = f"/registry/v1/households/{household_id}"
    change = change_of(kind, visitor.form)
    if kind == "merge":
        proposal = await visitor.send("POST", f"{path}/mergers", change)
        return f"/registry/desk/proposals/{proposal['id']}"
    await visitor.send("POST", f"{path}/changes", change, headers={"If-Match": visitor.form.get("seen")})
    return f"/registry/desk/households/{household_id}?done=changed"


async def _found(visitor: Visitor, kind: str) -> list[Mapping[str, Any]] | None:
    """Return the people that the visitor looked for, None where nobody was looked for."""
    name, number = visitor.form.get("find/name"), visitor.form.get("find/number").replace(" ", "")
    if visitor.form.get("do") != "find" or not (name or number):
        return None
    wanted = {"personal_number": number} if number else {"name": name}
    page = await visitor.get("/registry/v1/people", **wanted, heads=kind == "merge" or None, limit=_SHOWN)
    return list(page["items"])


async def _chosen(visitor: Visitor, kind: str) -> Mapping[str, Any] | None:
    """Return the person who joins, or the household that is merged in, once one was chosen."""
    chosen = visitor.form.get(CHOSEN_BY.get(kind, ""))
    if not chosen:
        return None
    of = "people" if kind == "join" else "households"
    found: Mapping[str, Any] = await visitor.get(f"/registry/v1/{of}/{UUID(chosen)}")
    return found
