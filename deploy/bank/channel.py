"""The bank's channel for its customers: payment files in, status reports and statements out."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import JSONResponse, Response

from deploy.bank import accounts, payments, statements
from deploy.bank.outage import Outage
from deploy.bank.payments import Submission
from deploy.bank.problems import problem
from deploy.bank.refusal import Refused
from deploy.bank.store import Bank
from deploy.counterpart.server import NoAnswer

_XML = "application/xml"
_LARGEST_SEQUENCE = 2**62
_log = structlog.get_logger("bank")


def routes(bank: Bank, called: asyncio.Event, outage: Outage) -> APIRouter:
    """Return the customers' channel; `called` wakes the bank's worker when a file was taken."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(outage.refuse)], tags=["channel"])

    @router.post("/payment-files", status_code=202)
    async def send_payment_file(request: Request, idempotency_key: Annotated[str | None, Header()] = None) -> Response:
        """Take a pain.001.001.09 whole (202), or refuse it whole with an ISO reason (400)."""
        if not idempotency_key:
            return problem(400, "CH21", "the header Idempotency-Key must carry the MsgId")
        body = await _read(request, bank.terms.largest_file)
        submission = await asyncio.to_thread(payments.submit, bank, idempotency_key, body)
        called.set()
        fault = submission.fault.name if submission.fault else None
        _log.info("payment file", message_id=idempotency_key, replayed=submission.replayed, fault=fault)
        return _answer(submission, bank.terms.silence)

    @router.get("/payment-files/{message_id}/status")
    def read_status(message_id: str) -> Response:
        """Return the newest pain.002.001.10; 404 with `final: true` says that the file was never received."""
        report = payments.status_report(bank, message_id)
        if report is None:
            content = {"status": 404, "code": "NOOR", "detail": "this message was never received", "final": True}
            return JSONResponse(content, 404, media_type="application/problem+json")
        return Response(report, media_type=_XML)

    @router.get("/accounts/{account}/balance")
    def read_balance(account: str) -> dict[str, Any]:
        """Return what the account holds now, in whole VND."""
        return asdict(accounts.standing(bank, account)) | {"currency": "VND"}

    @router.get("/accounts/{account}/statements")
    def list_statements(account: str, after: Annotated[int, Query(ge=0, le=_LARGEST_SEQUENCE)] = 0) -> list[Any]:
        """Return the closed statements after a sequence number, oldest first, at most 500."""
        return [asdict(one) for one in statements.closed_after(bank, account, after)]

    @router.get("/accounts/{account}/statements/{sequence}")
    def read_statement(account: str, sequence: int) -> Response:
        """Return a closed statement as camt.053.001.08."""
        body = statements.statement(bank, account, sequence) if abs(sequence) <= _LARGEST_SEQUENCE else None
        if body is None:
            return problem(404, "NOOR", "no such statement")
        return Response(body, media_type=_XML)

    return router


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise Refused("FF01", f"a payment file has at most {limit} bytes")
    return bytes(body)


def _answer(submission: Submission, silence: float) -> Response:
    if submission.fault is not None:
        if submission.fault.answers:
            return problem(500, "MS03", "internal error", "unknown")
        return NoAnswer(silence)
    if submission.receipt is None:
        raise AssertionError("a file without a fault has a receipt")
    headers = {"Idempotent-Replayed": "true"} if submission.replayed else {}
    return JSONResponse(asdict(submission.receipt), 202, headers)
