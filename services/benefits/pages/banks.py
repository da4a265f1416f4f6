"""Banks on pages: whether files go to each, what stopped them, and the way back after a restore."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from shared.pages import Desk, Refused, Visiting, Visitor, body_of, change

_HERE = "/benefits/desk/banks"


def add_banks(router: APIRouter, desk: Desk) -> None:
    """Add `/benefits/desk/banks`, and what stops sending to a bank or lets it go on."""

    async def show(visitor: Visitor, refusal: Refused | None = None) -> Response:
        access = await visitor.get("/benefits/v1/access")
        payers = await visitor.get("/benefits/v1/payer-accounts")
        return desk.show(
            visitor,
            "banks.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            banks=sorted({each["bank"] for each in payers}),
            channels={each["bank"]: each for each in await visitor.get("/benefits/v1/bank-channels")},
            recoveries=await visitor.get("/benefits/v1/bank-recoveries"),
            forgotten=await visitor.get("/benefits/v1/forgotten-payments"),
            permissions=access["permissions"],
        )

    @router.get("/banks")
    async def banks_page(visitor: Visiting) -> Response:
        return await show(visitor)

    async def step(visitor: Visitor, path: str, body: Mapping[str, Any] | None, then: str = _HERE) -> Response:
        async def take() -> None:
            await visitor.send("POST", f"/benefits/v1/{path}", body)

        return await change(take, then=then, otherwise=lambda refusal: show(visitor, refusal))

    @router.post("/banks/{bank}/halt")
    async def bank_halt_page(visitor: Visiting, bank: str) -> Response:
        return await step(visitor, f"bank-channels/{bank}/halt", body_of(visitor.form))

    @router.post("/banks/{bank}/release")
    async def bank_release_page(visitor: Visiting, bank: str) -> Response:
        return await step(visitor, f"bank-channels/{bank}/release", body_of(visitor.form), "/benefits/desk/proposals")

    @router.post("/banks/{bank}/recovery")
    async def bank_recovery_page(visitor: Visiting, bank: str) -> Response:
        return await step(visitor, "bank-recoveries", {"bank": bank})

    @router.post("/recoveries/{recovery_id}/release")
    async def recovery_release_page(visitor: Visiting, recovery_id: UUID) -> Response:
        return await step(visitor, f"bank-recoveries/{recovery_id}/release", None, "/benefits/desk/proposals")

    @router.post("/forgotten-payments/{end_to_end_id}/{what}")
    async def forgotten_payment_page(
        visitor: Visiting, end_to_end_id: str, what: Literal["joining", "dismissal"]
    ) -> Response:
        path = f"forgotten-payments/{end_to_end_id}/{what}"
        return await step(visitor, path, body_of(visitor.form), "/benefits/desk/proposals")
