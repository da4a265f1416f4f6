"""What waits for a person: attempts whose outcome is unknown, messages that could not be used, unexplained money."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.benefits.payments.store.suspense import OF_CREDITS, OF_DEBITS
from shared.pages import Desk, Refused, Visiting, Visitor, body_of, change, if_allowed

_TO_LOOK_AT = ("UNKNOWN", "EXCEPTION", "BLOCKED_AT_BANK")
_HERE = "/benefits/desk/exceptions"


def add_exceptions(router: APIRouter, desk: Desk) -> None:
    """Add `/benefits/desk/exceptions`, a page a bank message, and what may be done about each."""

    async def show(visitor: Visitor, refusal: Refused | None = None) -> Response:
        attempts = {
            state: await if_allowed(visitor, "/benefits/v1/attempts", state=state, limit=100) for state in _TO_LOOK_AT
        }
        return desk.show(
            visitor,
            "exceptions.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            attempts={state: page["items"] for state, page in attempts.items() if page is not None},
            quarantined=await if_allowed(visitor, "/benefits/v1/bank-messages", state="quarantined"),
            with_lines=await if_allowed(visitor, "/benefits/v1/bank-messages", open_lines=True),
            ending=[
                {"bank": bank["name"], **proof}
                for bank in await if_allowed(visitor, "/benefits/v1/banks") or ()
                for proof in bank["proofs"]
                if proof["ends_soon"]
            ],
            shared_accounts=await if_allowed(visitor, "/benefits/v1/shared-accounts", limit=200),
            may_prepare="runs.prepare" in (await visitor.get("/benefits/v1/access"))["permissions"],
            suspense=await if_allowed(visitor, "/benefits/v1/suspense"),
            becomes={"credit": sorted(OF_CREDITS), "debit": sorted(OF_DEBITS)},
        )

    @router.get("/exceptions")
    async def exceptions_page(visitor: Visiting) -> Response:
        return await show(visitor)

    @router.post("/suspense/{payer_account}/{sequence}/{ordinal}")
    async def explanation_page(visitor: Visiting, payer_account: str, sequence: int, ordinal: int) -> Response:
        path = f"/benefits/v1/suspense/{payer_account}/{sequence}/{ordinal}/explanation"
        return await change(_sending(visitor, path), then=_HERE, otherwise=lambda refusal: show(visitor, refusal))

    @router.post("/shared-accounts/{account_id}")
    async def sharing_page(visitor: Visiting, account_id: UUID) -> Response:
        send = _sending(visitor, f"/benefits/v1/shared-accounts/{account_id}/acceptance")
        then = "/benefits/desk/proposals"
        return await change(send, then=then, otherwise=lambda refusal: show(visitor, refusal))

    async def show_message(visitor: Visitor, message_id: UUID, refusal: Refused | None = None) -> Response:
        message = await visitor.get(f"/benefits/v1/bank-messages/{message_id}")
        status = 200 if refusal is None else refusal.status
        return desk.show(visitor, "message.html", status, refusal=refusal, message=message)

    @router.get("/messages/{message_id}")
    async def message_page(visitor: Visiting, message_id: UUID) -> Response:
        return await show_message(visitor, message_id)

    @router.post("/messages/{message_id}/retry")
    async def message_retry_page(visitor: Visiting, message_id: UUID) -> Response:
        return await _handle(visitor, message_id, "retry")

    @router.post("/messages/{message_id}/set-aside")
    async def message_set_aside_page(visitor: Visiting, message_id: UUID) -> Response:
        return await _handle(visitor, message_id, "set-aside")

    @router.post("/messages/{message_id}/lines/{ordinal}/set-aside")
    async def line_set_aside_page(visitor: Visiting, message_id: UUID, ordinal: int) -> Response:
        return await _handle(visitor, message_id, f"lines/{ordinal}/set-aside")

    async def _handle(visitor: Visitor, message_id: UUID, step: str) -> Response:
        send = _sending(visitor, f"/benefits/v1/bank-messages/{message_id}/{step}")
        then = f"/benefits/desk/messages/{message_id}"
        return await change(send, then=then, otherwise=lambda refusal: show_message(visitor, message_id, refusal))


def _sending(visitor: Visitor, path: str) -> Callable[[], Awaitable[Any]]:
    async def send() -> Any:
        return await visitor.send("POST", path, body_of(visitor.form) or None)

    return send
