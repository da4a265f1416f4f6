"""A month on pages: it is closed from a run's page, and says who was paid and who was not."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.benefits.pages.names import programme_names
from services.benefits.pages.runs import made, show_run
from shared.pages import Desk, Visiting


def add_months(router: APIRouter, desk: Desk) -> None:
    """Add `/benefits/desk/months/{closing_id}`, and the closing of a run's month."""

    @router.post("/runs/{run_id}/month")
    async def month_closing_page(visitor: Visiting, run_id: UUID) -> Response:
        run = await visitor.get(f"/benefits/v1/runs/{run_id}")
        body = {name: run[name] for name in ("programme", "payer_account", "period")}
        return await made(visitor, "months", body, lambda refusal: show_run(desk, visitor, run_id, refusal))

    @router.get("/months/{closing_id}")
    async def month_page(
        visitor: Visiting, closing_id: UUID, outcome: str = "unpaid", cursor: str | None = None
    ) -> Response:
        path = f"/benefits/v1/months/{closing_id}"
        return desk.show(
            visitor,
            "month.html",
            month=await visitor.get(path),
            lines=await visitor.get(f"{path}/lines", outcome=outcome, cursor=cursor),
            outcome=outcome,
            programmes=await programme_names(visitor),
        )
