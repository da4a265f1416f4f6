"""Reorganisations of areas on pages: what one will do before it does it, how far it came, and who lives where now."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.names import area_name
from shared.pages import Desk, Fields, Refused, Visiting, Visitor, body_of, change, if_allowed

_HERE = "/registry/desk/reorganisations"
_API = "/registry/v1/reorganisations"
_SHOWN = 200  # households of a worklist on one page
_PROPOSED = ("reorganisation", "reorganisation-confirmation")


def add_reorganisations(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk/reorganisations`, a page a reorganisation, and its worklist."""

    async def show_all(visitor: Visitor, refusal: Refused | None = None, cursor: str | None = None) -> Response:
        access = await visitor.get("/registry/v1/access")
        return desk.show(
            visitor,
            "reorganisations.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            page=await visitor.get(_API, cursor=cursor),
            may_plan="areas.administer" in access["permissions"],
        )

    @router.get("/reorganisations")
    async def reorganisations_page(visitor: Visiting, cursor: str | None = None) -> Response:
        return await show_all(visitor, cursor=cursor)

    @router.post("/reorganisations")
    async def reorganisation_planning_page(visitor: Visiting) -> Response:
        async def plan() -> None:
            await visitor.send("POST", _API, order_of(visitor.form))

        return await change(plan, then=_HERE, otherwise=lambda refusal: show_all(visitor, refusal))

    async def show(visitor: Visitor, reorganisation_id: UUID, refusal: Refused | None = None) -> Response:
        path = f"{_API}/{reorganisation_id}"
        found = await visitor.get(path)
        plan = await if_allowed(visitor, f"{path}/plan")
        jobs = await if_allowed(visitor, f"{path}/jobs")
        access = await visitor.get("/registry/v1/access")
        villages = await if_allowed(visitor, f"{path}/villages")
        heirs = {code for unit in (plan["units"] if plan else ()) for code in unit["heirs"]}
        return desk.show(
            visitor,
            "reorganisation.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            found=found,
            plan=plan,
            job=jobs[0] if jobs else None,
            names=await _names(visitor, heirs, found["effective_on"]),
            waiting=sum(each["waiting"] for each in villages or ()),
            placed=sum(each["placed"] for each in villages or ()),
            proposed=await _proposed(visitor, str(reorganisation_id)),
            permissions=access["permissions"],
        )

    @router.get("/reorganisations/{reorganisation_id}")
    async def reorganisation_page(visitor: Visiting, reorganisation_id: UUID) -> Response:
        return await show(visitor, reorganisation_id)

    async def step(visitor: Visitor, reorganisation_id: UUID, name: str, body: Any = None) -> Response:
        async def take() -> None:
            await visitor.send("POST", f"{_API}/{reorganisation_id}/{name}", body)

        then = f"{_HERE}/{reorganisation_id}"
        return await change(take, then=then, otherwise=lambda refusal: show(visitor, reorganisation_id, refusal))

    @router.post("/reorganisations/{reorganisation_id}/application")
    async def reorganisation_application_page(visitor: Visiting, reorganisation_id: UUID) -> Response:
        return await step(visitor, reorganisation_id, "application")

    @router.post("/reorganisations/{reorganisation_id}/confirmation")
    async def reorganisation_confirmation_page(visitor: Visiting, reorganisation_id: UUID) -> Response:
        return await step(visitor, reorganisation_id, "confirmation")

    @router.post("/reorganisations/{reorganisation_id}/undo")
    async def reorganisation_undo_page(visitor: Visiting, reorganisation_id: UUID) -> Response:
        return await step(visitor, reorganisation_id, "undo", {"note": visitor.form.get("note")})

    async def show_worklist(
        visitor: Visitor,
        reorganisation_id: UUID,
        asked: Mapping[str, str],
        *,
        refusal: Refused | None = None,
        cursor: str | None = None,
    ) -> Response:
        path = f"{_API}/{reorganisation_id}"
        found = await visitor.get(path)
        villages = await visitor.get(f"{path}/villages")
        chosen = {name: asked[name] or None for name in ("old_code", "village_code")}
        page = await visitor.get(
            f"{path}/worklist", **chosen, placed=asked["placed"] or None, limit=_SHOWN, cursor=cursor
        )
        access = await visitor.get("/registry/v1/access")
        codes = {code for each in villages for code in (*each["candidates"], each["old_code"])}
        return desk.show(
            visitor,
            "worklist.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            found=found,
            villages=villages,
            page=page,
            asked=asked,
            names=await _names(visitor, codes, found["effective_on"]),
            village_names=await _names(
                visitor, {each["village_code"] for each in villages if each["village_code"]}, _day_before(found)
            ),
            candidates=sorted({code for each in page["items"] for code in each["candidates"]}),
            may_place="households.change" in access["permissions"] and found["state"] == "applied",
        )

    @router.get("/reorganisations/{reorganisation_id}/worklist")
    async def worklist_page(
        visitor: Visiting,
        reorganisation_id: UUID,
        old_code: str = "",
        village_code: str = "",
        placed: str = "",
        cursor: str | None = None,
    ) -> Response:
        asked = {"old_code": old_code, "village_code": village_code, "placed": placed}
        return await show_worklist(visitor, reorganisation_id, asked, cursor=cursor)

    @router.post("/reorganisations/{reorganisation_id}/placements")
    async def placement_page(visitor: Visiting, reorganisation_id: UUID) -> Response:
        form = visitor.form
        asked = {"old_code": form.get("old_code"), "village_code": form.get("of_village"), "placed": ""}

        async def place() -> None:
            body = body_of(form, without=("old_code", "of_village", "chosen"))
            chosen = [value for name, value in form.pairs if name == "chosen"]
            await visitor.send("POST", f"{_API}/{reorganisation_id}/placements", body | {"household_ids": chosen})

        return await change(
            place,
            then=f"{_HERE}/{reorganisation_id}/worklist",
            otherwise=lambda refusal: show_worklist(visitor, reorganisation_id, asked, refusal=refusal),
        )


def order_of(form: Fields) -> dict[str, Any]:
    """Return the reorganisation that a form stands for; a line of `successions` is an old code and a new one."""
    lines = (re.findall(r"[^\s,;]+", line) for line in form.get("successions").splitlines())
    pairs = [dict(zip(("old_code", "new_code"), codes, strict=False)) for codes in lines if codes]
    return body_of(form, without=("successions",)) | {"successions": pairs}


def _day_before(found: Mapping[str, Any]) -> str:
    """Return the last day of the old units."""
    return (date.fromisoformat(found["effective_on"]) - timedelta(days=1)).isoformat()


async def _names(visitor: Visitor, codes: Iterable[str], on: str) -> dict[str, str]:
    return {code: await area_name(visitor, code, on=on) or code for code in sorted(codes)}


async def _proposed(visitor: Visitor, reorganisation_id: str) -> list[Mapping[str, Any]]:
    """Return what waits for a second person about a reorganisation, of what the visitor may read."""
    pages = [
        await if_allowed(visitor, "/registry/v1/proposals", kind=kind, state="open", limit=500) for kind in _PROPOSED
    ]
    return [each for page in pages if page for each in page["items"] if each["subject"] == reorganisation_id]
