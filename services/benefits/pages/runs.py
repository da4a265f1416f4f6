"""Runs on pages: all of them, one as a funnel with the list behind each number, its approval."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.benefits.pages.funnel import stages_of
from shared.pages import Desk, Refused, Visiting, Visitor, change


def add_runs(router: APIRouter, desk: Desk) -> None:
    """Add `/benefits/desk` and a page a run."""

    async def show(visitor: Visitor, run_id: UUID, refusal: Refused | None = None) -> Response:
        run = await visitor.get(f"/benefits/v1/runs/{run_id}")
        return desk.show(
            visitor,
            "run.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            run=run,
            stages=stages_of(run["funnel"]),
            files=await visitor.get(f"/benefits/v1/runs/{run_id}/files"),
            own=run["prepared_by"] == visitor.session.subject,
        )

    @router.get("")
    async def runs_page(visitor: Visiting, state: str = "", cursor: str | None = None) -> Response:
        page = await visitor.get("/benefits/v1/runs", state=state or None, cursor=cursor)
        return desk.show(visitor, "runs.html", page=page, state=state)

    @router.get("/runs/{run_id}")
    async def run_page(visitor: Visiting, run_id: UUID) -> Response:
        return await show(visitor, run_id)

    @router.post("/runs/{run_id}/approval")
    async def run_approval_page(visitor: Visiting, run_id: UUID) -> Response:
        async def approve() -> None:
            seen = {"content_hash": visitor.form.get("content_hash")}
            await visitor.send("POST", f"/benefits/v1/runs/{run_id}/approval", seen)

        then = f"/benefits/desk/runs/{run_id}"
        return await change(approve, then=then, otherwise=lambda refusal: show(visitor, run_id, refusal))

    @router.get("/runs/{run_id}/orders")
    async def run_orders_page(visitor: Visiting, run_id: UUID, state: str = "", cursor: str | None = None) -> Response:
        path = f"/benefits/v1/runs/{run_id}/orders"
        page = await visitor.get(path, state=state or None, cursor=cursor)
        here = f"/benefits/desk/runs/{run_id}/orders"
        return desk.show(visitor, "orders.html", page=page, here=here, run_id=run_id, asked={"state": state})
