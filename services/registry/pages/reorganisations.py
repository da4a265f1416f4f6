"""Reorganisations of areas on pages: what one will do before it does it, and how far it came."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.names import area_names
from shared.pages import Desk, Fields, Refused, Visiting, Visitor, body_of, change, if_allowed

_HERE = "/registry/desk/reorganisations"
_API = "/registry/v1/reorganisations"
_PROPOSED = ("reorganisation", "reorganisation-confirmation")


def add_reorganisations(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk/reorganisations`, and a page a reorganisation."""

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
            names=await area_names(visitor, heirs, found["effective_on"]),
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


def order_of(form: Fields) -> dict[str, Any]:
    """Return the reorganisation that a form stands for; a line of `successions` is an old code and a new one."""
    lines = (re.findall(r"[^\s,;]+", line) for line in form.get("successions").splitlines())
    pairs = [dict(zip(("old_code", "new_code"), codes, strict=False)) for codes in lines if codes]
    return body_of(form, without=("successions",)) | {"successions": pairs}


async def _proposed(visitor: Visitor, reorganisation_id: str) -> list[Mapping[str, Any]]:
    """Return what waits for a second person about a reorganisation, of what the visitor may read."""
    pages = [
        await if_allowed(visitor, "/registry/v1/proposals", kind=kind, state="open", limit=500) for kind in _PROPOSED
    ]
    return [each for page in pages if page for each in page["items"] if each["subject"] == reorganisation_id]
