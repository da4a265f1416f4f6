"""An application with its reason sheet, and the decision on it by a second person."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.benefits.pages.names import programme_names
from shared.pages import Desk, Refused, Visiting, Visitor, change


def add_applications(router: APIRouter, desk: Desk) -> None:
    """Add a page an application."""

    async def show(visitor: Visitor, application_id: UUID, refusal: Refused | None = None) -> Response:
        application = await visitor.get(f"/benefits/v1/applications/{application_id}")
        return desk.show(
            visitor,
            "application.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            application=application,
            programmes=await programme_names(visitor),
            own=application["prepared_by"] == visitor.session.subject,
        )

    @router.get("/applications/{application_id}")
    async def application_page(visitor: Visiting, application_id: UUID) -> Response:
        return await show(visitor, application_id)

    @router.post("/applications/{application_id}/decision")
    async def application_decision_page(visitor: Visiting, application_id: UUID) -> Response:
        form = visitor.form

        async def decide() -> None:
            decision = {
                "approve": form.get("do") == "approve",
                "content_hash": form.get("content_hash"),
                "note": form.get("note"),
            }
            await visitor.send("POST", f"/benefits/v1/applications/{application_id}/decision", decision)

        then = f"/benefits/desk/applications/{application_id}"
        return await change(decide, then=then, otherwise=lambda refusal: show(visitor, application_id, refusal))
