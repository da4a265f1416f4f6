"""The queue of records that may be of one person: side by side, with what agrees, and told apart with a reason."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.change_forms import RELATIONSHIPS, related
from shared.pages import Desk, Refused, Visiting, Visitor, body_of, change

_HERE = "/registry/desk/duplicates"


def add_duplicates(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk/duplicates` and a page a pair."""

    @router.get("/duplicates")
    async def duplicates_page(visitor: Visiting, state: str = "open", cursor: str | None = None) -> Response:
        page = await visitor.get("/registry/v1/duplicates", state=state, cursor=cursor)
        return desk.show(visitor, "duplicates.html", page=page, state=state)

    async def show(visitor: Visitor, duplicate_id: UUID, refusal: Refused | None = None) -> Response:
        pair = await visitor.get(f"/registry/v1/duplicates/{duplicate_id}")
        access = await visitor.get("/registry/v1/access")
        return desk.show(
            visitor,
            "duplicate.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            pair=pair,
            left_behind=await _left_behind(visitor, pair),
            relationships=RELATIONSHIPS,
            permissions=access["permissions"],
        )

    @router.get("/duplicates/{duplicate_id}")
    async def duplicate_page(visitor: Visiting, duplicate_id: UUID) -> Response:
        return await show(visitor, duplicate_id)

    @router.post("/duplicates/{duplicate_id}/distinction")
    async def distinction_page(visitor: Visiting, duplicate_id: UUID) -> Response:
        async def tell_apart() -> None:
            path = f"/registry/v1/duplicates/{duplicate_id}/distinction"
            await visitor.send("POST", path, {"note": visitor.form.get("note")})

        return await change(tell_apart, then=_HERE, otherwise=lambda refusal: show(visitor, duplicate_id, refusal))

    @router.post("/duplicates/{duplicate_id}/merger")
    async def same_person_page(visitor: Visiting, duplicate_id: UUID) -> Response:
        async def propose() -> None:
            pair = await visitor.get(f"/registry/v1/duplicates/{duplicate_id}")
            same = await _same_person(visitor, pair)
            await visitor.send("POST", f"/registry/v1/duplicates/{duplicate_id}/mergers", same)

        then = "/registry/desk/proposals"
        return await change(propose, then=then, otherwise=lambda refusal: show(visitor, duplicate_id, refusal))


async def _left_behind(visitor: Visitor, pair: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], list[Any]]]:
    """Return each record that heads a household, with who would be left in it if that record went."""
    found = []
    for each in (pair["first"], pair["second"]):
        if each is None or each["relationship"] != "head":
            continue
        household = await visitor.get(f"/registry/v1/households/{each['household_id']}")
        others = [member for member in household["members"] if member["id"] != each["id"]]
        if others:
            found.append((each, others))
    return found


async def _same_person(visitor: Visitor, pair: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merger that the form stands for: of relationships only those where the record that goes was head."""
    body = body_of(visitor.form)
    kept = body.get("kept_id")
    left = {other["id"] for each, others in await _left_behind(visitor, pair) if each["id"] != kept for other in others}
    stated = [each for each in related(visitor.form) if each["person_id"] in left]
    return {name: value for name, value in body.items() if name != "related"} | {"relationships": stated}
