"""Where banks call, and where they find the keys that we sign with. A signature stands in for a token."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from structlog import get_logger

from services.benefits.payments.bank.keys import published
from services.benefits.payments.bank.signing import HEADER, Binding, Signature, SignatureRefused, Signing, verify
from services.benefits.payments.domain.callbacks import read_callback
from services.benefits.payments.store import callbacks
from shared import clock
from shared.audit import Entry, write
from shared.db import Database
from shared.http.access import needs
from shared.http.problems import Problem

LARGEST_CALLBACK = 64 * 1024  # bytes

_log = get_logger(__name__)


class KeysOut(BaseModel):
    """A JSON Web Key set (RFC 7517); each key holds from `nbf` to `exp`."""

    keys: Sequence[dict[str, Any]]


def callback_router(signings: Mapping[str, Signing]) -> APIRouter:
    """Return the routes; `signings` has the keys of every bank whose channel is signed."""
    router = APIRouter(prefix="/benefits/v1", tags=["banks"])

    @router.get("/bank-keys", dependencies=[needs("system.read")])
    async def get_bank_keys() -> KeysOut:
        """Publish the public keys by which banks verify our messages."""
        return KeysOut(**published([each.ours for each in signings.values()], clock.now()))

    @router.post("/bank-callbacks/{bank}", status_code=202, dependencies=[needs("bank.call")])
    async def receive_bank_callback(request: Request, bank: str) -> Response:
        """Take a signed call of a bank: stored as it came, answered, and then the bank is asked."""
        body = await request.body()
        now = clock.now()
        database: Database = request.app.state.database
        try:
            signature = await _verified(signings, bank, request, body)
            async with database.transaction() as session:
                if not await callbacks.is_first(session, bank, signature, now):
                    raise SignatureRefused("replayed")
                news = await callbacks.take(session, bank, read_callback(body), body, signature, now)
                await write(session, Entry(f"bank:{bank}", "receive_bank_callback", "bank", bank))
        except SignatureRefused as error:
            await _note_refusal(database, bank if bank in signings else "unknown", error.code)
            raise Problem(401, "bank_signature_refused", reason=error.code) from error
        _log.info("bank_callback", bank=bank, news=news)
        return Response(status_code=202)

    return router


async def _verified(signings: Mapping[str, Signing], bank: str, request: Request, body: bytes) -> Signature:
    signing = signings.get(bank)
    if signing is None or len(body) > LARGEST_CALLBACK:
        raise SignatureRefused("unknown_bank" if signing is None else "too_large")
    query = request.scope.get("query_string", b"")
    raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    target = raw_path.partition(b"?")[0] + (b"?" + query if query else b"")
    binding = Binding("POST", target.decode("latin-1"))
    return await verify(signing.theirs, request.headers.get(HEADER), body, binding, clock.now())


async def _note_refusal(database: Database, bank: str, code: str) -> None:
    _log.warning("bank_callback_refused", bank=bank, code=code)
    async with database.transaction() as session:
        entry = Entry(f"bank:{bank}", "receive_bank_callback", "bank", bank, outcome="refused", details={"code": code})
        await write(session, entry)
