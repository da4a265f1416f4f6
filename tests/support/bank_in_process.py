"""The simulated bank's own code as an adapter, in this process and by a clock that tests set."""

from collections.abc import Sequence
from typing import Literal

from deploy.bank import cancellations, payments, statements
from deploy.bank.refusal import KeyConflict, Refused
from deploy.bank.store import Bank
from services.benefits.payments.bank.port import (
    Accepted,
    Found,
    NotFound,
    NotSent,
    QueryAnswer,
    RawStatement,
    Received,
    Rejected,
    SubmitOutcome,
    Unknown,
)
from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.domain.verification import Verdict, Verification

Cut = Literal["dies before", "dies after", "not sent", "no answer", "refused though taken"]
"""What happens to the next call: our process ends before or after the bank has the file, or the answer is another."""


class Died(BaseException):
    """The process ended here: nothing after it was done."""


class BankInProcess:
    """Talks to a bank without a network. `given` is up to which statement it gives them to who asks."""

    def __init__(self, bank: Bank, code: str) -> None:
        self.bank = code
        self.there = bank
        self.cut: Cut | None = None
        self.given = 0

    async def submit(self, message_id: str, content: bytes) -> SubmitOutcome:
        """Hand a file over, as far as the next cut lets it come."""
        cut, self.cut = self.cut, None
        if cut == "dies before":
            raise Died
        if cut == "not sent":
            return NotSent("connection_refused")
        try:
            receipt = payments.submit(self.there, message_id, content).receipt
        except Refused as refused:
            return Rejected(refused.code)
        except KeyConflict:
            return Unknown("conflict")
        assert receipt is not None
        if cut == "dies after":
            raise Died
        if cut == "refused though taken":
            return Rejected("FF01")
        return Unknown("timeout") if cut == "no answer" else Accepted(receipt.bank_ref)

    async def query(self, message_id: str) -> QueryAnswer:
        """Return the newest report on a file."""
        report = payments.status_report(self.there, message_id)
        return NotFound(final=True) if report is None else Found(report)

    async def next_statement(self, account: str, after: int) -> RawStatement | None:
        """Return the next statement that is given already."""
        closed = [one.sequence for one in statements.closed_after(self.there, account, after)]
        return self.statement(account, closed[0]) if closed and closed[0] <= self.given else None

    def statement(self, account: str, sequence: int) -> RawStatement:
        """Return a closed statement, given already or not."""
        return RawStatement(sequence, statements.statement(self.there, account, sequence) or b"")

    async def received_files(self, account: str, after: int) -> Sequence[Received]:
        """List the files that the bank has."""
        found = payments.received(self.there, account, after)
        return [Received(one["number"], one["message_id"], one["sha256"]) for one in found]

    async def copy_of(self, message_id: str) -> bytes | None:
        """Return a file as it was received."""
        return payments.copy(self.there, message_id)

    async def cancel(self, request_id: str, content: bytes) -> SubmitOutcome:
        """Hand a request to cancel over."""
        return Accepted(cancellations.request(self.there, request_id, content).receipt.bank_ref)

    async def cancellation(self, request_id: str) -> QueryAnswer:
        """Return the answer to a request."""
        answer = cancellations.answer(self.there, request_id)
        return NotFound(final=True) if answer is None else Found(answer)

    async def next_advice(self, account: str, after: int) -> None:
        """Tell nothing beside statements."""

    async def next_inbound(self) -> None:
        """Leave nothing."""

    async def acknowledge(self, name: str, *, usable: bool) -> None:
        """Leave nothing."""

    async def verify_account(self, payee: Payee) -> Verification:  # noqa: ARG002
        """Tell of no account whose it is."""
        return Verification(Verdict.NOT_CHECKABLE, None, None)
