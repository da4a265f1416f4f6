"""The bank's channel for its customers: messages in, status reports, answers, statements and advices out."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from deploy.bank import accounts, cancellations, payments, statements, verification
from deploy.bank.door import SIGNED_AT, answer_of
from deploy.bank.keys import BankKeys
from deploy.bank.payments import Receipt, Submission
from deploy.bank.problems import problem
from deploy.bank.store import Bank
from deploy.counterpart.server import NoAnswer

_XML = "application/xml"
_LARGEST_SEQUENCE = 2**62
_After = Annotated[int, Query(ge=0, le=_LARGEST_SEQUENCE)]
_log = structlog.get_logger("bank")


class Asked(BaseModel):
    """Whose account is it: at the bank with a NAPAS member id, and the name that is thought to hold it."""

    bin: str = Field(pattern=r"^[0-9]{6}$")
    account: str = Field(pattern=r"^[0-9A-Z]{6,34}$")
    name: str = Field(min_length=1, max_length=140)


def file_routes(bank: Bank, called: asyncio.Event) -> APIRouter:
    """Return where customers send payment files and cancellations, and ask what became of them.

    `called` wakes the bank's worker when something was taken.
    """
    router = APIRouter(prefix="/v1", tags=["channel"])

    @router.post("/payment-files", status_code=202)
    async def send_payment_file(request: Request, idempotency_key: Annotated[str | None, Header()] = None) -> Response:
        """Take a pain.001.001.09 whole (202), or refuse it whole with an ISO reason (400)."""
        if not idempotency_key:
            return problem(400, "CH21", "the header Idempotency-Key must carry the MsgId")
        body, signed_at = await request.body(), request.scope.get(SIGNED_AT)
        submission = await asyncio.to_thread(payments.submit, bank, idempotency_key, body, signed_at)
        called.set()
        fault = submission.fault.name if submission.fault else None
        _log.info("payment file", message_id=idempotency_key, replayed=submission.replayed, fault=fault)
        return _answer(submission, bank.terms.silence)

    @router.get("/payment-files/{message_id}/status")
    def read_status(message_id: str) -> Response:
        """Return the newest pain.002.001.10; 404 with `final: true` says that the file was never received."""
        if payments.is_mute(bank, message_id):
            return problem(503, "MS03", "nothing is said of this file now", "unknown")
        report = payments.status_report(bank, message_id)
        return _absent("message") if report is None else Response(report, media_type=_XML)

    @router.get("/payment-files/{message_id}")
    def read_copy(message_id: str) -> Response:
        """Return a payment file as it was received."""
        body = payments.copy(bank, message_id)
        return _absent("message") if body is None else Response(body, media_type=_XML)

    @router.post("/cancellations", status_code=202)
    async def send_cancellation(request: Request, idempotency_key: Annotated[str | None, Header()] = None) -> Response:
        """Take a camt.055.001.08 (202) and decide it, or refuse it whole with an ISO reason (400)."""
        if not idempotency_key:
            return problem(400, "CH21", "the header Idempotency-Key must carry the Id of the assignment")
        taken = await asyncio.to_thread(cancellations.request, bank, idempotency_key, await request.body())
        called.set()
        return _receipt(taken.receipt, replayed=taken.replayed)

    @router.get("/cancellations/{request_id}")
    def read_cancellation(request_id: str) -> Response:
        """Return the camt.029.001.09 on a request; 404 with `final: true` says that it was never received."""
        body = cancellations.answer(bank, request_id)
        return _absent("request") if body is None else Response(body, media_type=_XML)

    return router


def account_routes(bank: Bank) -> APIRouter:
    """Return what customers ask about accounts: whose one is, what it holds, its statements and advices."""
    router = APIRouter(prefix="/v1", tags=["channel"])

    @router.post("/account-verifications")
    def verify_account(asked: Asked) -> dict[str, Any]:
        """Say whose account it is, and whether it takes money."""
        return asdict(verification.verify(bank, asked.bin, asked.account, asked.name))

    @router.get("/accounts/{account}/balance")
    def read_balance(account: str) -> dict[str, Any]:
        """Return what the account holds now, in whole VND."""
        return asdict(accounts.standing(bank, account)) | {"currency": "VND"}

    @router.get("/accounts/{account}/payment-files")
    def list_payment_files(account: str, after: _After = 0) -> list[Any]:
        """Return the files received that debit an account, after the number of one, oldest first, at most 500."""
        return payments.received(bank, account, after)

    @router.get("/accounts/{account}/statements")
    def list_statements(account: str, after: _After = 0) -> list[Any]:
        """Return the closed statements after a sequence number, oldest first, at most 500."""
        return [asdict(one) for one in statements.closed_after(bank, account, after)]

    @router.get("/accounts/{account}/statements/{sequence}")
    def read_statement(account: str, sequence: int) -> Response:
        """Return a closed statement as camt.053.001.08."""
        body = statements.statement(bank, account, sequence) if abs(sequence) <= _LARGEST_SEQUENCE else None
        return problem(404, "NOOR", "no such statement") if body is None else Response(body, media_type=_XML)

    @router.get("/accounts/{account}/advices")
    def list_advices(account: str, after: _After = 0) -> list[Any]:
        """Return the numbers of the advices after one, oldest first, at most 500."""
        return statements.advices_after(bank, account, after)

    @router.get("/accounts/{account}/advices/{sequence}")
    def read_advice(account: str, sequence: int) -> Response:
        """Return an advice as camt.054.001.08."""
        body = statements.advice(bank, account, sequence)
        return problem(404, "NOOR", "no such advice") if body is None else Response(body, media_type=_XML)

    return router


def key_routes(keys: BankKeys) -> APIRouter:
    """Return where the bank's keys are."""
    router = APIRouter(tags=["keys"])

    @router.get("/.well-known/jwks.json")
    def read_keys() -> dict[str, Any]:
        """Return the bank's public keys with their times."""
        return keys.jwks()

    return router


def _absent(what: str) -> JSONResponse:
    content = {"status": 404, "code": "NOOR", "detail": f"this {what} was never received", "final": True}
    return JSONResponse(content, 404, media_type="application/problem+json")


def _receipt(receipt: Receipt, *, replayed: bool) -> Response:
    return JSONResponse(asdict(receipt), 202, {"Idempotent-Replayed": "true"} if replayed else {})


def _answer(submission: Submission, silence: float) -> Response:
    fault = submission.fault
    if fault is not None and not fault.answers:
        return NoAnswer(silence)
    if fault is not None and not fault.forged:
        return problem(500, "MS03", "internal error", "unknown")
    if submission.receipt is None:
        raise AssertionError("a file that was taken has a receipt")
    return answer_of(_receipt(submission.receipt, replayed=submission.replayed), forged=fault is not None)
