"""What the rest of payments knows of a bank's channel."""

from dataclasses import dataclass
from typing import Protocol

from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.domain.verification import Verification


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing reached the bank: send again later, the same bytes under the same id."""

    cause: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The bank has the file."""

    bank_ref: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The bank refused the whole file and says that it processed nothing. `code` is an ISO reason."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything else: the bank may have it. Resolved by a query or a statement, never by time."""

    cause: str


SubmitOutcome = NotSent | Accepted | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class Found:
    """The bank knows the file: its newest pain.002, unread."""

    report: bytes


@dataclass(frozen=True, slots=True)
class NotFound:
    """The bank does not know the file. `final`: and by its contract it never received it."""

    final: bool


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer that says anything."""

    cause: str


QueryAnswer = Found | NotFound | Unavailable


@dataclass(frozen=True, slots=True)
class RawStatement:
    """A statement as it came. `sequence` is what the bank lists it under; the content decides."""

    sequence: int
    content: bytes


class BankAdapter(Protocol):
    """A bank's channel. It never raises for what a network does, holds no state and knows no database."""

    bank: str

    async def submit(self, message_id: str, content: bytes) -> SubmitOutcome:
        """Hand a sealed file over; the message id is the idempotency key."""
        ...

    async def query(self, message_id: str) -> QueryAnswer:
        """Ask what became of a file."""
        ...

    async def next_statement(self, account: str, after: int) -> RawStatement | Unavailable | None:
        """Return the first statement of an account after a sequence number, None when there is none yet."""
        ...

    async def verify_account(self, payee: Payee) -> Verification | Unavailable:
        """Ask whose account it is, before money is sent there; NOT_CHECKABLE where the bank does not tell.

        The payee's parts are all given. What is asked and answered is personal data: it goes into no log.
        """
        ...
