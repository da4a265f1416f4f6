"""Files that people carry to a bank, and lists for those who pay in cash."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.benefits.payments.api.runs import run_out
from services.benefits.payments.bank.cash_lists import paper_of
from services.benefits.payments.bank.channels import Bank, CashPointChannel, ManualChannel
from services.benefits.payments.domain.states import FileState
from services.benefits.payments.store import accounts, files
from shared import clock
from shared.access import Access
from shared.db import Transaction
from shared.documents import pdf_of, xlsx_of
from shared.http.access import needs
from shared.http.audit import About, Reads
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

_PDF = "application/pdf"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {_PDF: {}, _XLSX: {}}, "description": "the list"}}
Format = Annotated[Literal["pdf", "xlsx"], Query(alias="format")]
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
        content = await files.content(tx, message_id)
        return Response(content, media_type="application/xml" if content.startswith(b"<?xml") else "text/csv")

    @router.get("/payment-files/{message_id}/list", response_class=Response, responses=_FILES)
    async def get_payment_file_list(
        tx: Tx, access: Preparing, reads: Reads, message_id: str, as_: Format = "pdf"
    ) -> Response:
        """Return whom a file pays, as a list to sign on paper: PDF, or XLSX where more is to be written on it."""
        head = await _readable(tx, access, message_id)
        reads.one("payment_file", message_id)
        payer = await accounts.payer(tx, head.payer_account)
        assert payer is not None  # noqa: S101 - a foreign key says so
        paper = paper_of(await files.content(tx, message_id), message_id, payer.holder, clock.today())
        content, media = (await pdf_of(paper), _PDF) if as_ == "pdf" else (await xlsx_of(paper), _XLSX)
        headers = {"Content-Disposition": f'attachment; filename="{message_id}.{as_}"'}
        return Response(content, media_type=media, headers=headers)

    return router


async def _readable(tx: Transaction, access: Access, message_id: str) -> Any:
    head = await files.head(tx, message_id)
    if head is None:
        raise Problem(404, "payment_file_not_found")
    await run_out(tx, head.run_id, access)
    return head
