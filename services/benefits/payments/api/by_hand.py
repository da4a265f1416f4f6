"""Files that people carry to a bank, and lists for those who pay in cash."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from services.benefits.payments.api.runs import run_out
from services.benefits.payments.bank.channels import Bank, CashPointChannel, ManualChannel
from services.benefits.payments.bank.lists import to_pay
from services.benefits.payments.domain.states import FileState
from services.benefits.payments.iso20022.pain001 import transfers_of
from services.benefits.payments.store import files
from shared import clock
from shared.access import Access
from shared.db import Transaction
from shared.http.access import needs
from shared.http.audit import About, Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

Preparing = Annotated[Access, needs("runs.prepare")]


class HandedOver(BaseModel):
    """A file that a person takes to the bank: what to compare there, and how much it is (VND)."""

    message_id: str
    bank: str
    sha256: str
    count: int
    total: int
    state: FileState = Field(description="UNKNOWN until people enter what the bank answered")


def by_hand_router(banks: Mapping[str, Bank]) -> Router:
    """Return the routes; `banks` are those that are known, by code."""
    router = Router(prefix="/benefits/v1", tags=["banks"])

    @router.post("/payment-files/{message_id}/hand-over", status_code=201, dependencies=[IDEMPOTENT])
    async def hand_over_payment_file(tx: Tx, access: Preparing, about: About, message_id: str) -> HandedOver:
        """Take a waiting file to its bank by hand; from then on the bank may have it.

        What it answered is proposed at `/payment-files/{id}/outcome` and approved by another person.
        """
        head = await _readable(tx, access, message_id)
        about.one("payment_file", message_id)
        bank = banks.get(head.bank)
        if bank is None or not isinstance(bank.channel, ManualChannel | CashPointChannel):
            raise Problem(409, "not_carried_by_hand")
        if not await files.hand_over(tx, message_id, clock.now()):
            raise Problem(409, "already_handed_over")
        return HandedOver.model_validate(dict(head._mapping) | {"state": FileState.UNKNOWN})

    @router.get("/payment-files/{message_id}/content")
    async def get_payment_file_content(tx: Tx, access: Preparing, reads: Reads, message_id: str) -> Response:
        """Return a sealed file as the bank gets it; it has names and accounts."""
        await _readable(tx, access, message_id)
        reads.one("payment_file", message_id)
        return Response(await files.content(tx, message_id), media_type="application/xml")

    @router.get("/payment-files/{message_id}/list")
    async def get_payment_file_list(tx: Tx, access: Preparing, reads: Reads, message_id: str) -> Response:
        """Return whom a file pays, as a list (CSV) for those who pay in cash."""
        await _readable(tx, access, message_id)
        reads.one("payment_file", message_id)
        named = transfers_of(await files.content(tx, message_id))
        lines = ((one.end_to_end_id, one.holder_name, one.amount, one.account_number) for one in named)
        return Response(to_pay(lines), media_type="text/csv")

    return router


async def _readable(tx: Transaction, access: Access, message_id: str) -> Any:
    head = await files.head(tx, message_id)
    if head is None:
        raise Problem(404, "payment_file_not_found")
    await run_out(tx, head.run_id, access)
    return head
