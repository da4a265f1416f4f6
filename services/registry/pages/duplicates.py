"""The queue of records that may be of one person: side by side, with what agrees, and told apart with a reason."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from shared.pages import Desk, Refused, Visiting, Visitor, change

_HERE = "/registry/desk/duplicates"


def add_duplicates(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk/duplicates` and a page a pair."""

    @router.get("/duplicates")
    async def duplicates_page(visitor: Visiting, state: str = "open", cursor: str | None = None) -> Response:
        page = await visitor.get("/registry/v1/duplicates", state=state, cursor=cursor)
        return desk.show(visitor, "duplicates.html", page=page, state=state)

    async def show(visitor: Visitor, duplicate_id: UUID, refusal: Refused | None = None) -> Response:
        pair = await visitor.get(f"/registry/v1/duplicates/{duplicate_id}")
        status = 200 if refusal is None else refusal.status
        return desk.show(visitor, "duplicate.html", status, refusal=refusal, pair=pair)

    @router.get("/duplicates/{duplicate_id}")
    async def duplicate_page(visitor: Visiting, duplicate_id: UUID) -> Response:
        return await show(visitor, duplicate_id)

    @router.post("/duplicates/{duplicate_id}/distinction")
    async def distinction_page(visitor: Visiting, duplicate_id: UUID) -> Response:
        async def tell_apart() -> None:
            path = f"/registry/v1/duplicates/{duplicate_id}/distinction"
            await visitor.send("POST", path, {"note": visitor.form.get("note")})

        return await change(tell_apart, then=_HERE, otherwise=lambda refusal: show(visitor, duplicate_id, refusal))
