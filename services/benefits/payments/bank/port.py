"""What the rest of payments knows of a bank's channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

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
    """The bank has the file: its newest report, unread, where the channel gives reports to who asks."""

    report: bytes | None


@dataclass(frozen=True, slots=True)
class NotFound:
    """The bank does not know the file. `final`: and by its contract it never received it."""

    final: bool


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer that says anything."""

    cause: str


QueryAnswer = Found | NotFound | Rejected | Unavailable


@dataclass(frozen=True, slots=True)
class RawStatement:
    """A statement as it came. `sequence` is what the bank lists it under; the content decides."""

    sequence: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A file that the bank says it has. `number` is the bank's own order of them; `sha256` of its bytes, where told."""

    number: int
    message_id: str
    sha256: str | None


MessageKind = Literal["pain.002", "camt.029", "camt.053", "camt.054", "list"]


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that a bank left for us, unread. `subject` is what its name says that it is about.

    That is our message or request id, or `account/sequence`; the content decides. `signature` is kept as evidence.
    """

    name: str
    kind: MessageKind
    subject: str
    content: bytes
    signature: str | None


@dataclass(frozen=True, slots=True)
class Unusable:
    """Something was left for us that must not be read, and why."""

    name: str
    cause: str


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

    async def received_files(self, account: str, after: int) -> Sequence[Received] | Unavailable | None:
        """List the files of an account that the bank has, after a number; None where the channel has no such list."""
        ...

    async def copy_of(self, message_id: str) -> bytes | Unavailable | None:
        """Return a file as the bank received it; None where the channel gives no copies."""
        ...

    async def cancel(self, request_id: str, content: bytes) -> SubmitOutcome:
        """Hand a camt.055 over; the request's id is the idempotency key."""
        ...

    async def cancellation(self, request_id: str) -> QueryAnswer:
        """Ask what became of a request to cancel: its newest camt.029."""
        ...

    async def next_advice(self, account: str, after: int) -> RawStatement | Unavailable | None:
        """Return the first camt.054 of an account after a number, None when there is none."""
        ...

    async def next_inbound(self) -> Inbound | Unusable | Unavailable | None:
        """Return the next message that the bank left for us, None when there is none. Store it, then acknowledge it."""
        ...

    async def acknowledge(self, name: str, *, usable: bool) -> None:
        """Put aside what was left for us: it is stored, or nobody can use it. What stays is only offered again."""
        ...

    async def verify_account(self, payee: Payee) -> Verification | Unavailable:
        """Ask whose account it is, before money is sent there; NOT_CHECKABLE where the bank does not tell.

        The payee's parts are all given. What is asked and answered is personal data: it goes into no log.
        """
        ...
