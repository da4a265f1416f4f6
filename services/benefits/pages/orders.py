"""One order with everything that ever happened to it, and what may be done about it."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.benefits.pages.names import programme_names
from services.benefits.pages.runs import States, chosen
from shared.pages import Desk, Refused, Visiting, Visitor, body_of, change


def add_orders(router: APIRouter, desk: Desk) -> None:
    """Add the lists of orders and a page an order."""

    @router.get("/orders")
    async def orders_page(
        visitor: Visiting, household_id: str = "", state: States = (), cursor: str | None = None
    ) -> Response:
        asked = {"household_id": household_id, "state": chosen(state)}
        page = await visitor.get(
            "/benefits/v1/orders", household_id=household_id or None, state=chosen(state), cursor=cursor
        )
        return desk.show(visitor, "orders.html", page=page, here="/benefits/desk/orders", run_id=None, asked=asked)

    async def show(visitor: Visitor, order_id: UUID, refusal: Refused | None = None) -> Response:
        path = f"/benefits/v1/orders/{order_id}"
        order = await visitor.get(path)
        access = await visitor.get("/benefits/v1/access")
        return desk.show(
            visitor,
            "order.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            order=order,
            programmes=await programme_names(visitor),
            history=await visitor.get(f"{path}/history"),
            recalls=await visitor.get(f"{path}/recalls"),
            own_hold=order["held_by"] == visitor.session.subject,
            permissions=access["permissions"],
        )

    @router.get("/orders/{order_id}")
    async def order_page(visitor: Visiting, order_id: UUID) -> Response:
        return await show(visitor, order_id)

    async def step(
        visitor: Visitor, order_id: UUID, path: str, body: Mapping[str, Any] | None, then: str | None = None
    ) -> Response:
        async def take() -> None:
            await visitor.send("POST", f"/benefits/v1/{path}", body)

        after = then or f"/benefits/desk/orders/{order_id}"
        return await change(take, then=after, otherwise=lambda refusal: show(visitor, order_id, refusal))

    @router.post("/orders/{order_id}/hold")
    async def hold_page(visitor: Visiting, order_id: UUID) -> Response:
        return await step(visitor, order_id, f"orders/{order_id}/hold", body_of(visitor.form))

    @router.post("/orders/{order_id}/hold-release")
    async def hold_release_page(visitor: Visiting, order_id: UUID) -> Response:
        return await step(visitor, order_id, f"orders/{order_id}/hold-release", None)

    @router.post("/orders/{order_id}/unpaid")
    async def unpaid_page(visitor: Visiting, order_id: UUID) -> Response:
        path = f"instructions/{UUID(visitor.form.get('instruction_id'))}/unpaid"
        body = {"certificate": visitor.form.get("certificate")}
        return await step(visitor, order_id, path, body, then="/benefits/desk/proposals")

    @router.post("/orders/{order_id}/{proposed}")
    async def order_proposal_page(
        visitor: Visiting, order_id: UUID, proposed: Literal["recall", "cancellation"]
    ) -> Response:
        """Propose what takes a second person: that money is called back, or that an order is owed no more."""
        body = body_of(visitor.form)
        return await step(visitor, order_id, f"orders/{order_id}/{proposed}", body, then="/benefits/desk/proposals")
