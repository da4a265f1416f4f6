"""Households of units that were split, on pages: village by village, who waits for a new unit, and who was placed."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.names import area_names
from shared.pages import Desk, Refused, Visiting, Visitor, body_of, change

_HERE = "/registry/desk/reorganisations"
_API = "/registry/v1/reorganisations"
_SHOWN = 200  # households on one page


def add_worklists(router: APIRouter, desk: Desk) -> None:
    """Add the worklist of `/registry/desk/reorganisations/{reorganisation_id}`."""

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
        return await _show(desk, visitor, reorganisation_id, asked, cursor=cursor)

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
            otherwise=lambda refusal: _show(desk, visitor, reorganisation_id, asked, refusal=refusal),
        )


async def _show(
    desk: Desk,
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
    page = await visitor.get(f"{path}/worklist", **chosen, placed=asked["placed"] or None, limit=_SHOWN, cursor=cursor)
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
        names=await area_names(visitor, codes, found["effective_on"]),
        village_names=await area_names(
            visitor, {each["village_code"] for each in villages if each["village_code"]}, _day_before(found)
        ),
        candidates=sorted({code for each in page["items"] for code in each["candidates"]}),
        may_place="households.change" in access["permissions"] and found["state"] == "applied",
    )


def _day_before(found: Mapping[str, Any]) -> str:
    """Return the last day of the old units."""
    return (date.fromisoformat(found["effective_on"]) - timedelta(days=1)).isoformat()
