"""The HTTP channel: files, reports, statements and cancellations, asked for by our own ids."""

import hashlib
import json
import ssl
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

import httpx

from services.benefits.payments.bank.exchange import NOT_TAKEN, Answer, HttpExchange, NoAnswer, NothingSent
from services.benefits.payments.bank.keys import KeySet
from services.benefits.payments.bank.port import (
    Accepted,
    Found,
    Inbound,
    NotFound,
    NotSent,
    QueryAnswer,
    RawStatement,
    Received,
    Rejected,
    SubmitOutcome,
    Unavailable,
    Unknown,
    Unusable,
)
from services.benefits.payments.bank.signing import Signing
from services.benefits.payments.domain.payees import Payee, bank_name
from services.benefits.payments.domain.reasons import ReasonClass, reason_class
from services.benefits.payments.domain.terms import terms_of
from services.benefits.payments.domain.verification import Verdict, Verification, compare
from shared import clock

_NOT_OFFERED = (404, 405, 501)  # the bank has no such service


def _json(answer: Answer) -> object:
    """Return what an answer says in JSON, None where it is none."""
    try:
        document: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return document


def _classified(answer: Answer, message_id: str, content: bytes) -> SubmitOutcome:
    """Return what an answer proves; what proves nothing is unknown."""
    if answer.status in NOT_TAKEN:
        return NotSent(f"http_{answer.status}")
    body = _json(answer)
    if not isinstance(body, dict):
        return Unknown(f"http_{answer.status}_unreadable")
    if answer.status == httpx.codes.ACCEPTED:
        ours = body.get("message_id") == message_id and body.get("sha256") == hashlib.sha256(content).hexdigest()
        return Accepted(str(body.get("bank_ref"))) if ours else Unknown("receipt_of_another_file")
    if answer.status in (400, 422) and body.get("processed") == "no":
        code = str(body.get("code"))
        # A duplicate is no failure: the bank may hold the original, which a query finds.
        return Unknown(code) if reason_class("status", code) is ReasonClass.DUPLICATE else Rejected(code)
    if answer.status == httpx.codes.CONFLICT:
        return Unknown("conflict")
    return Unknown(f"http_{answer.status}")


class HttpBank:
    """The adapter of a bank at a base URL. Timeout, TLS and keys are as `HttpExchange` says."""

    def __init__(
        self,
        bank: str,
        url: str,
        *,
        timeout: float,
        tls: ssl.SSLContext | None = None,
        ours: KeySet | None = None,
        pinned: KeySet | None = None,
    ) -> None:
        self.bank = bank
        self._exchange = HttpExchange(url, timeout=timeout, tls=tls, ours=ours, pinned=pinned)

    @property
    def certificate_ends(self) -> datetime | None:
        """When the certificate ends that the bank showed at the last call, None where it showed none."""
        return self._exchange.certificate_ends

    @property
    def signing(self) -> Signing | None:
        """Whose keys sign and verify, here and in callbacks; None where nothing is signed."""
        return self._exchange.signing

    async def submit(self, message_id: str, content: bytes) -> SubmitOutcome:
        """Send a pain.001; the bank does nothing twice under one message id."""
        return await self._send("/v1/payment-files", message_id, content)

    async def query(self, message_id: str) -> QueryAnswer:
        """Ask for the newest pain.002 of a file."""
        return await self._query(f"/v1/payment-files/{quote(message_id, safe='')}/status")

    async def cancel(self, request_id: str, content: bytes) -> SubmitOutcome:
        """Send a camt.055; the bank does nothing twice under one id."""
        return await self._send("/v1/cancellations", request_id, content)

    async def cancellation(self, request_id: str) -> QueryAnswer:
        """Ask for the newest camt.029 of a request."""
        return await self._query(f"/v1/cancellations/{quote(request_id, safe='')}")

    async def next_statement(self, account: str, after: int) -> RawStatement | Unavailable | None:
        """List the statements after a number and fetch the first."""
        return await self._next(f"/v1/accounts/{quote(account, safe='')}/statements", after)

    async def next_advice(self, account: str, after: int) -> RawStatement | Unavailable | None:
        """List the advices after a number and fetch the first; a bank need not give any."""
        return await self._next(f"/v1/accounts/{quote(account, safe='')}/advices", after, optional=True)

    async def received_files(self, account: str, after: int) -> Sequence[Received] | Unavailable | None:
        """Ask for the bank's list; 404 and the like say that it has none."""
        answer = await self._get(f"/v1/accounts/{quote(account, safe='')}/payment-files?after={after}")
        if isinstance(answer, Unavailable):
            return answer
        if answer.status in _NOT_OFFERED:
            return None
        return _received(answer) if answer.status == httpx.codes.OK else Unavailable(f"http_{answer.status}")

    async def copy_of(self, message_id: str) -> bytes | Unavailable | None:
        """Ask for a copy of a file."""
        answer = await self._get(f"/v1/payment-files/{quote(message_id, safe='')}")
        if isinstance(answer, Unavailable):
            return answer
        if answer.status in _NOT_OFFERED:
            return None
        return answer.body if answer.status == httpx.codes.OK else Unavailable(f"http_{answer.status}")

    async def next_inbound(self) -> Inbound | Unusable | Unavailable | None:
        """Return None: over HTTP we ask, and nothing is left for us."""
        return None

    async def acknowledge(self, name: str, *, usable: bool) -> None:
        """Do nothing: nothing is left for us."""

    async def verify_account(self, payee: Payee) -> Verification | Unavailable:
        """Post bank, number and name; the bank answers with a verdict, or with the holder's name for us to compare."""
        asked = {
            "bin": payee.bank_bin,
            "account": payee.account_number,
            "name": bank_name(payee.holder_name or ""),
        }
        headers = {"Content-Type": "application/json"}
        try:
            answer = await self._exchange.call("POST", "/v1/account-verifications", json.dumps(asked).encode(), headers)
        except (NothingSent, NoAnswer) as error:
            return Unavailable(str(error))
        if answer.status in _NOT_OFFERED:
            return Verification(Verdict.NOT_CHECKABLE, "not_offered")
        close = terms_of(self.bank, clock.today()).close_name
        return _verification(answer, payee.holder_name or "", close)

    async def _send(self, path: str, key: str, content: bytes) -> SubmitOutcome:
        headers = {"Content-Type": "application/xml", "Idempotency-Key": key}
        try:
            answer = await self._exchange.call("POST", path, content, headers)
        except NothingSent as error:
            return NotSent(str(error))
        except NoAnswer as error:
            return Unknown(str(error))
        return _classified(answer, key, content)

    async def _query(self, path: str) -> QueryAnswer:
        answer = await self._get(path)
        if isinstance(answer, Unavailable):
            return answer
        if answer.status == httpx.codes.OK:
            return Found(answer.body)
        if answer.status == httpx.codes.NOT_FOUND:
            return _absence(answer)
        return Unavailable(f"http_{answer.status}")

    async def _next(self, path: str, after: int, *, optional: bool = False) -> RawStatement | Unavailable | None:
        listed = await self._get(f"{path}?after={after}")
        if isinstance(listed, Unavailable):
            return listed
        if optional and listed.status == httpx.codes.NOT_FOUND:
            return None
        sequences = _sequences(listed)
        if sequences is None:
            return Unavailable(f"http_{listed.status}")
        later = [sequence for sequence in sequences if sequence > after]
        if not later:
            return None
        answer = await self._get(f"{path}/{min(later)}")
        if isinstance(answer, Unavailable):
            return answer
        return (
            RawStatement(min(later), answer.body)
            if answer.status == httpx.codes.OK
            else Unavailable(f"http_{answer.status}")
        )

    async def _get(self, path: str) -> Answer | Unavailable:
        try:
            return await self._exchange.call("GET", path)
        except (NothingSent, NoAnswer) as error:
            return Unavailable(str(error))


def _absence(answer: Answer) -> NotFound | Unavailable:
    body = _json(answer)
    # A 404 of a proxy or a wrong URL is no word of the bank about the file.
    return NotFound(final=body.get("final") is True) if isinstance(body, dict) else Unavailable("http_404_unreadable")


def _sequences(answer: Answer) -> list[int] | None:
    listed = _json(answer)
    if answer.status != httpx.codes.OK or not isinstance(listed, list):
        return None
    try:
        return [int(one["sequence"]) for one in listed]
    except (ValueError, TypeError, KeyError):
        return None


def _received(answer: Answer) -> Sequence[Received] | Unavailable:
    listed = _json(answer)
    if not isinstance(listed, list):
        return Unavailable("unreadable")
    try:
        return [Received(int(one["number"]), str(one["message_id"]), one.get("sha256")) for one in listed]
    except (ValueError, TypeError, KeyError, AttributeError):
        return Unavailable("unreadable")


def _verification(answer: Answer, holder_name: str, close: float) -> Verification | Unavailable:
    """Read `{"verdict", "reason", "holder_name"}`; a verdict that nobody knows is none. `close` is for `compare`."""
    if answer.status != httpx.codes.OK:
        return Unavailable(f"http_{answer.status}")
    body = _json(answer)
    if not isinstance(body, dict):
        return Unavailable("unreadable")
    reason, holder = body.get("reason"), body.get("holder_name")
    theirs = holder if isinstance(holder, str) and holder.strip() else None
    if body.get("verdict") in set(Verdict):
        verdict = Verdict(body["verdict"])
    else:
        verdict = compare(holder_name, theirs, close) if theirs and "verdict" not in body else Verdict.NOT_CHECKABLE
    return Verification(verdict, str(reason) if reason is not None else None, theirs)
