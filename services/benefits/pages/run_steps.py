"""What is done with a run on its page: approval, refusal, pause, a run that follows, and files that nobody knows of."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.benefits.pages.runs import made, show_run
from shared.pages import Desk, Visiting, Visitor, body_of, change


def add_run_steps(router: APIRouter, desk: Desk) -> None:
    """Add the steps of `/benefits/desk/runs/{run_id}`."""

    async def step(visitor: Visitor, run_id: UUID, name: str, body: Mapping[str, Any] | None) -> Response:
        async def take() -> None:
            await visitor.send("POST", f"/benefits/v1/runs/{run_id}/{name}", body)

        then = f"/benefits/desk/runs/{run_id}"
        return await change(take, then=then, otherwise=lambda refusal: show_run(desk, visitor, run_id, refusal))

    @router.post("/runs/{run_id}/refusal")
    async def run_refusal_page(visitor: Visiting, run_id: UUID) -> Response:
        return await step(visitor, run_id, "refusal", {"note": visitor.form.get("note")})

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
        return await change(propose, then=then, otherwise=lambda refusal: show_run(desk, visitor, run_id, refusal))

    @router.post("/runs/{run_id}/follow-up")
    async def run_follow_up_page(visitor: Visiting, run_id: UUID) -> Response:
        return await made(
            visitor, f"runs/{run_id}/follow-up", None, lambda refusal: show_run(desk, visitor, run_id, refusal)
        )
