"""One order with everything that ever happened to it."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from shared.pages import Desk, Refused, Visiting, Visitor, change


def add_orders(router: APIRouter, desk: Desk) -> None:
    """Add the lists of orders and a page an order."""

    @router.get("/orders")
    async def orders_page(
        visitor: Visiting, household_id: str = "", state: str = "", cursor: str | None = None
    ) -> Response:
        asked = {"household_id": household_id, "state": state}
        page = await visitor.get(
            "/benefits/v1/orders", household_id=household_id or None, state=state or None, cursor=cursor
        )
        return desk.show(visitor, "orders.html", page=page, here="/benefits/desk/orders", run_id=None, asked=asked)

    async def show(visitor: Visitor, order_id: UUID, refusal: Refused | None = None) -> Response:
        order = await visitor.get(f"/benefits/v1/orders/{order_id}")
        history = await visitor.get(f"/benefits/v1/orders/{order_id}/history")
        status = 200 if refusal is None else refusal.status
        return desk.show(visitor, "order.html", status, refusal=refusal, order=order, history=history)

    @router.get("/orders/{order_id}")
    async def order_page(visitor: Visiting, order_id: UUID) -> Response:
        return await show(visitor, order_id)

    @router.post("/orders/{order_id}/unpaid")
    async def unpaid_page(visitor: Visiting, order_id: UUID) -> Response:
        async def propose() -> None:
            path = f"/benefits/v1/instructions/{UUID(visitor.form.get('instruction_id'))}/unpaid"
            await visitor.send("POST", path, {"certificate": visitor.form.get("certificate")})

        then = "/benefits/desk/proposals"
        return await change(propose, then=then, otherwise=lambda refusal: show(visitor, order_id, refusal))
