"""Problem documents of the bank: a code, a sentence, and whether anything was processed."""

from typing import Literal

from fastapi import Request
from starlette.responses import JSONResponse, Response

from deploy.bank.accounts import Conflict
from deploy.bank.book import UnknownAccount
from deploy.bank.refusal import KeyConflict, Refused, TooLate
from deploy.bank.returns import UnknownPayment


def problem(status: int, code: str, detail: str, processed: Literal["no", "yes", "unknown"] = "no") -> JSONResponse:
    """Return an RFC 9457 problem document; `processed` says whether the request had an effect."""
    content = {"status": status, "code": code, "detail": detail, "processed": processed}
    return JSONResponse(content, status, media_type="application/problem+json")


async def answer(_: Request, error: Exception) -> Response:
    """Answer a refusal of the bank: 400 file not taken, 401 late, 404 unknown, 409 said before with other content."""
    match error:
        case Refused():
            return problem(400, error.code, error.detail)
        case KeyConflict():
            return problem(409, "DU01", str(error))
        case TooLate():
            return problem(401, "DS02", str(error))
        case UnknownPayment():
            return problem(404, "NOOR", "no such payment at this bank")
        case UnknownAccount():
            return problem(404, "AC01", "no such account at this bank")
        case Conflict():
            return problem(409, "conflict", str(error))
    raise error


REFUSALS: tuple[type[Exception], ...] = (Refused, KeyConflict, TooLate, UnknownPayment, UnknownAccount, Conflict)
