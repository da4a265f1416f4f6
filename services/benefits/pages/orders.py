"""One order with everything that ever happened to it."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from shared.pages import Desk, Visiting


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

    @router.get("/orders/{order_id}")
    async def order_page(visitor: Visiting, order_id: UUID) -> Response:
        order = await visitor.get(f"/benefits/v1/orders/{order_id}")
        history = await visitor.get(f"/benefits/v1/orders/{order_id}/history")
        return desk.show(visitor, "order.html", order=order, history=history)
