"""What tests ask a running simulated bank, in their own reading of its messages."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import httpx
from lxml import etree

from tests.support.payment_files import PAYER, Pay, message_id, payment_file
from tests.support.programs import Program
from tests.support.waiting import until

FUNDS = 10_000_000_000
"""VND with which the tests' payer starts."""

_P2 = {"m": "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"}
_C53 = {"m": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}


@dataclass(frozen=True)
class Status:
    """The status of one payment in a pain.002."""

    status: str
    reason: str | None
    own_reason: str | None
    reference: str | None


@dataclass(frozen=True)
class StatementEntry:
    """One booked entry of a camt.053; `amount` in VND, negative for a debit."""

    amount: int
    end_to_end_id: str | None
    family: str
    return_reason: str | None
    reference: str


@dataclass(frozen=True)
class StatementRead:
    """A camt.053: balances in VND, entries in its order."""

    sequence: int
    opening: int
    closing: int
    entries: list[StatementEntry]


def read_statuses(report: bytes) -> dict[str, Status]:
    """Return the statuses of a pain.002 by EndToEndId."""
    return {
        _text(transaction, "m:OrgnlEndToEndId", _P2) or "": Status(
            _text(transaction, "m:TxSts", _P2) or "",
            _text(transaction, "m:StsRsnInf/m:Rsn/m:Cd", _P2),
            _text(transaction, "m:StsRsnInf/m:Rsn/m:Prtry", _P2),
            _text(transaction, "m:AcctSvcrRef", _P2),
        )
        for transaction in etree.fromstring(report).iterfind(".//m:TxInfAndSts", _P2)
    }


def read_statement(body: bytes) -> StatementRead:
    """Return what a camt.053 says."""
    document = etree.fromstring(body)
    opening, closing = (_signed(balance) for balance in document.iterfind(".//m:Bal", _C53))
    sequence = int(_text(document, ".//m:ElctrncSeqNb", _C53) or "")
    return StatementRead(sequence, opening, closing, [_entry(entry) for entry in document.iterfind(".//m:Ntry", _C53)])


def _entry(entry: etree._Element) -> StatementEntry:
    family = [_text(entry, f"m:BkTxCd/m:Domn/{path}", _C53) for path in ("m:Cd", "m:Fmly/m:Cd", "m:Fmly/m:SubFmlyCd")]
    details = "m:NtryDtls/m:TxDtls"
    return StatementEntry(
        _signed(entry),
        _text(entry, f"{details}/m:Refs/m:EndToEndId", _C53),
        "/".join(code or "" for code in family),
        _text(entry, f"{details}/m:RtrInf/m:Rsn/m:Cd", _C53),
        _text(entry, "m:AcctSvcrRef", _C53) or "",
    )


def _signed(element: etree._Element) -> int:
    amount = int(_text(element, "m:Amt", _C53) or "")
    return amount if _text(element, "m:CdtDbtInd", _C53) == "CRDT" else -amount


def _text(element: etree._Element, path: str, names: dict[str, str]) -> str | None:
    return element.findtext(path, None, names)


class SimulatedBank:
    """A client of the bank at a URL."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def register(self, account: str = PAYER, **given: Any) -> None:
        """Register an account."""
        (await self.client.post("/admin/accounts", json={"account": account, **given})).raise_for_status()

    async def send(self, message: str, body: bytes) -> httpx.Response:
        """Send a payment file."""
        return await self.client.post("/v1/payment-files", content=body, headers={"Idempotency-Key": message})

    async def pay(self, payments: Sequence[Pay], payer: str = PAYER) -> dict[str, Status]:
        """Send a file that must be taken and return its statuses once all are final."""
        message = message_id()
        answer = await self.send(message, payment_file(message, payments, payer))
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return await self.final_statuses(message)

    async def statuses(self, message: str) -> dict[str, Status]:
        """Return the newest statuses of a file."""
        answer = await self.client.get(f"/v1/payment-files/{message}/status")
        answer.raise_for_status()
        return read_statuses(answer.content)

    async def final_statuses(self, message: str) -> dict[str, Status]:
        """Return the statuses of a file once every one of them is final."""

        async def final() -> dict[str, Status] | None:
            statuses = await self.statuses(message)
            return statuses if all(one.status in ("ACSC", "ACCC", "RJCT") for one in statuses.values()) else None

        return cast(
            "dict[str, Status]", await until(final, within=30, describe="every payment of the file has a final status")
        )

    async def close(self, account: str = PAYER) -> StatementRead:
        """Close the current statement of an account and return it."""
        answer = await self.client.post("/admin/close-statement", json={"account": account})
        answer.raise_for_status()
        return await self.statement(answer.json()["sequence"], account)

    async def next_day(self, account: str = PAYER) -> StatementRead:
        """Let a day pass, and close the statement that has all of this day."""
        (await self.client.post("/admin/clock", json={"advance": "P1D"})).raise_for_status()
        return await self.close(account)

    async def statement(self, sequence: int, account: str = PAYER) -> StatementRead:
        """Return a closed statement."""
        answer = await self.client.get(f"/v1/accounts/{account}/statements/{sequence}")
        answer.raise_for_status()
        return read_statement(answer.content)

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """Let the bank be down for the length of a block, however that ends."""
        (await self.client.post("/admin/outage", json={"on": True})).raise_for_status()
        try:
            yield
        finally:
            (await self.client.post("/admin/outage", json={"on": False})).raise_for_status()

    async def truth(self) -> dict[str, Any]:
        """Return what really happened, by EndToEndId."""
        answer = await self.client.get("/admin/truth")
        answer.raise_for_status()
        return {payment["end_to_end_id"]: payment for payment in answer.json()["payments"]}

    async def book_is_balanced(self) -> bool:
        """Say whether the bank's whole book agrees and sums to zero."""
        book = (await self.client.get("/admin/book")).raise_for_status().json()
        return book["balanced"] is True and book["total"] == 0


@asynccontextmanager
async def client(program: Program) -> AsyncIterator[SimulatedBank]:
    """Talk to a bank's process for the length of a block."""
    async with httpx.AsyncClient(base_url=program.url, timeout=30, trust_env=False) as http:
        yield SimulatedBank(http)


def assert_chain(statements: Sequence[StatementRead]) -> None:
    """Fail unless each statement adds up and follows the one before it, without a gap."""
    for statement in statements:
        assert statement.opening + sum(entry.amount for entry in statement.entries) == statement.closing
    for earlier, later in pairwise(statements):
        assert (later.sequence, later.opening) == (earlier.sequence + 1, earlier.closing)
