"""Runs on pages: all of them, one as a funnel with the list behind each number, its approval, and what stops it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.benefits.pages.funnel import stages_of
from services.benefits.pages.names import programme_names
from shared.pages import Desk, Refused, Visiting, Visitor, body_of, change

States = Annotated[tuple[str, ...], Query()]


def chosen(states: tuple[str, ...]) -> list[str]:
    """Return the states that were asked for; a choice left open asks for none."""
    return [state for state in states if state]


def add_runs(router: APIRouter, desk: Desk) -> None:
    """Add `/benefits/desk`, a page a run, and the lists behind its numbers."""

    async def show(visitor: Visitor, run_id: UUID, refusal: Refused | None = None) -> Response:
        run = await visitor.get(f"/benefits/v1/runs/{run_id}")
        access = await visitor.get("/benefits/v1/access")
        return desk.show(
            visitor,
            "run.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            run=run,
            programmes=await programme_names(visitor),
            stages=stages_of(run["funnel"]),
            files=await visitor.get(f"/benefits/v1/runs/{run_id}/files"),
            own=run["prepared_by"] == visitor.session.subject,
            permissions=access["permissions"],
        )

    @router.get("")
    async def runs_page(visitor: Visiting, state: str = "", cursor: str | None = None) -> Response:
        page = await visitor.get("/benefits/v1/runs", state=state or None, cursor=cursor)
        programmes = await programme_names(visitor)
        return desk.show(visitor, "runs.html", page=page, state=state, programmes=programmes)

    @router.get("/runs/{run_id}")
    async def run_page(visitor: Visiting, run_id: UUID) -> Response:
        return await show(visitor, run_id)

    async def step(visitor: Visitor, run_id: UUID, name: str, body: Mapping[str, Any] | None) -> Response:
        async def take() -> None:
            await visitor.send("POST", f"/benefits/v1/runs/{run_id}/{name}", body)

        then = f"/benefits/desk/runs/{run_id}"
        return await change(take, then=then, otherwise=lambda refusal: show(visitor, run_id, refusal))

    @router.post("/runs/{run_id}/approval")
    async def run_approval_page(visitor: Visiting, run_id: UUID) -> Response:
        return await step(visitor, run_id, "approval", {"content_hash": visitor.form.get("content_hash")})

    @router.post("/runs/{run_id}/pause")
    async def run_pause_page(visitor: Visiting, run_id: UUID) -> Response:
        return await step(visitor, run_id, "pause", {"reason": visitor.form.get("reason")})

    @router.post("/runs/{run_id}/resumption")
    async def run_resumption_page(visitor: Visiting, run_id: UUID) -> Response:
        return await step(visitor, run_id, "resumption", None)

    @router.post("/runs/{run_id}/files/{message_id}/outcome")
    async def file_outcome_page(visitor: Visiting, run_id: UUID, message_id: str) -> Response:
        async def propose() -> None:
            await visitor.send("POST", f"/benefits/v1/payment-files/{message_id}/outcome", body_of(visitor.form))

        then = "/benefits/desk/proposals"
        return await change(propose, then=then, otherwise=lambda refusal: show(visitor, run_id, refusal))

    @router.get("/runs/{run_id}/orders")
    async def run_orders_page(
        visitor: Visiting, run_id: UUID, state: States = (), cursor: str | None = None
    ) -> Response:
        states = chosen(state)
        page = await visitor.get(f"/benefits/v1/runs/{run_id}/orders", state=states, cursor=cursor)
        here = f"/benefits/desk/runs/{run_id}/orders"
        return desk.show(visitor, "orders.html", page=page, here=here, run_id=run_id, asked={"state": states})

    @router.get("/runs/{run_id}/attempts")
    async def run_attempts_page(
        visitor: Visiting, run_id: UUID, state: States = (), cursor: str | None = None
    ) -> Response:
        states = chosen(state)
        page = await visitor.get("/benefits/v1/attempts", run_id=run_id, state=states, cursor=cursor)
        here = f"/benefits/desk/runs/{run_id}/attempts"
        return desk.show(visitor, "attempts.html", page=page, here=here, run_id=run_id, asked={"state": states})
