"""Changes of households on record, as pages: those that wait for a second person, and one with what it changed."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.pages.effects import told
from shared.pages import Desk, Refused, Visiting, Visitor, change

_HERE = "/registry/desk/changes"


def add_changes(router: APIRouter, desk: Desk) -> None:
    """Add `/registry/desk/changes` and a page a change, where it is confirmed or undone."""

    @router.get("/changes")
    async def changes_page(visitor: Visiting, state: str = "unconfirmed", cursor: str | None = None) -> Response:
        page = await visitor.get("/registry/v1/household-changes", state=state or None, cursor=cursor)
        return desk.show(visitor, "changes.html", page=page, state=state)

    async def show(visitor: Visitor, change_id: UUID, refusal: Refused | None = None) -> Response:
        found = await visitor.get(f"/registry/v1/household-changes/{change_id}")
        access = await visitor.get("/registry/v1/access")
        return desk.show(
            visitor,
            "change.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            change=found,
            effects=await told(visitor, found["effects"], on=found["effective_on"]),
            own=found["prepared_by"] == visitor.session.subject,
            permissions=access["permissions"],
        )

    @router.get("/changes/{change_id}")
    async def change_page(visitor: Visiting, change_id: UUID) -> Response:
        return await show(visitor, change_id)

    @router.post("/changes/{change_id}/confirmation")
    async def change_confirmation_page(visitor: Visiting, change_id: UUID) -> Response:
        async def confirm() -> None:
            await visitor.send("POST", f"/registry/v1/household-changes/{change_id}/confirmation")

        then = f"{_HERE}/{change_id}"
        return await change(confirm, then=then, otherwise=lambda refusal: show(visitor, change_id, refusal))

    @router.post("/changes/{change_id}/undo")
    async def change_undo_page(visitor: Visiting, change_id: UUID) -> Response:
        async def undo() -> None:
            path = f"/registry/v1/household-changes/{change_id}/undo"
            await visitor.send("POST", path, {"note": visitor.form.get("note")})

        then = f"{_HERE}/{change_id}"
        return await change(undo, then=then, otherwise=lambda refusal: show(visitor, change_id, refusal))

    @router.post("/changes/{change_id}/undo-proposal")
    async def change_undo_proposal_page(visitor: Visiting, change_id: UUID) -> Response:
        async def propose() -> None:
            path = f"/registry/v1/household-changes/{change_id}/undo-proposals"
            await visitor.send("POST", path, {"note": visitor.form.get("note")})

        then = "/registry/desk/proposals"
        return await change(propose, then=then, otherwise=lambda refusal: show(visitor, change_id, refusal))
