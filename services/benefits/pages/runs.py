"""Runs on pages: all of them, and one as a funnel with the list behind each number."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from services.benefits.pages.funnel import stages_of
from services.benefits.pages.names import programme_names
from shared import clock
from shared.pages import Desk, Refused, Visiting, Visitor, body_of, if_allowed

States = Annotated[tuple[str, ...], Query()]


def chosen(states: tuple[str, ...]) -> list[str]:
    """Return the states that were asked for; a choice left open asks for none."""
    return [state for state in states if state]


def add_runs(router: APIRouter, desk: Desk) -> None:
    """Add `/benefits/desk`, a page a run, and the lists behind its numbers."""

    @router.get("")
    async def runs_page(visitor: Visiting, state: str = "", cursor: str | None = None) -> Response:
        return await _show_all(desk, visitor, state=state, cursor=cursor)

    @router.post("/runs")
    async def run_preparation_page(visitor: Visiting) -> Response:
        return await made(visitor, "runs", body_of(visitor.form), lambda refusal: _show_all(desk, visitor, refusal))

    @router.get("/runs/{run_id}")
    async def run_page(visitor: Visiting, run_id: UUID) -> Response:
        return await show_run(desk, visitor, run_id)

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


async def show_run(desk: Desk, visitor: Visitor, run_id: UUID, refusal: Refused | None = None) -> Response:
    """Return the page of a run, with a refusal of what was asked of it where there is one."""
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


async def _show_all(
    desk: Desk, visitor: Visitor, refusal: Refused | None = None, *, state: str = "", cursor: str | None = None
) -> Response:
    access = await visitor.get("/benefits/v1/access")
    payers = await if_allowed(visitor, "/benefits/v1/payer-accounts")
    return desk.show(
        visitor,
        "runs.html",
        200 if refusal is None else refusal.status,
        refusal=refusal,
        page=await visitor.get("/benefits/v1/runs", state=state or None, cursor=cursor),
        state=state,
        programmes=await programme_names(visitor),
        payers=[(each["code"], f"{each['code']}, {each['fund']}") for each in payers or ()],
        month=clock.today().isoformat()[:7],
        may_prepare="runs.prepare" in access["permissions"],
    )


async def made(
    visitor: Visitor, path: str, body: Mapping[str, Any] | None, otherwise: Callable[[Refused], Awaitable[Response]]
) -> Response:
    """Make a run or close a month, and go on to its page."""
    try:
        new = await visitor.send("POST", f"/benefits/v1/{path}", body)
    except Refused as refusal:
        if refusal.status in (401, 403, 404):
            raise
        return await otherwise(refusal)
    kind = "months" if path == "months" else "runs"
    return RedirectResponse(f"/benefits/desk/{kind}/{new['id']}", 303)
