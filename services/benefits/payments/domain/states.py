"""The states of an order (what is owed), an attempt at the bank (an instruction), a run and a file."""

from enum import StrEnum
from types import MappingProxyType


class OrderState(StrEnum):
    """What became of an obligation."""

    READY = "READY"
    BLOCKED = "BLOCKED"
    BATCHED = "BATCHED"
    INSTRUCTED = "INSTRUCTED"
    PAID = "PAID"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"


class InstructionState(StrEnum):
    """What is known of an attempt. UNKNOWN keeps its reservation and is never failed by age.

    REFUSED and REVOKED are the bank's word that it moves no money, its own refusal or the cancelling of it that we
    asked for; like UNKNOWN they keep order and reservation until it is proven (REJECTED, CANCELLED).
    """

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    IN_EXECUTION = "IN_EXECUTION"
    REPORTED_SETTLED = "REPORTED_SETTLED"
    BLOCKED_AT_BANK = "BLOCKED_AT_BANK"
    BOOKED = "BOOKED"
    REFUSED = "REFUSED"
    REVOKED = "REVOKED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    RETURN_EXPECTED = "RETURN_EXPECTED"
    RETURNED = "RETURNED"
    EXCEPTION = "EXCEPTION"


class RunState(StrEnum):
    """PREPARED may still be prepared again; APPROVED is sealed for good; CANCELLED was refused or withdrawn."""

    PREPARED = "PREPARED"
    APPROVED = "APPROVED"
    CANCELLED = "CANCELLED"


class FileState(StrEnum):
    """What is known of a sealed file at the bank."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    SENT = "SENT"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"  # never reached the bank, and never will: another file took its place
    RECOVERED = "RECOVERED"  # a restored database had forgotten it; what the statements show of it was joined to orders


# The bank's word alone, and what it becomes once a statement, or two people, have proven it.
PROVEN = MappingProxyType(
    {InstructionState.REFUSED: InstructionState.REJECTED, InstructionState.REVOKED: InstructionState.CANCELLED}
)

# Proven to have moved no money, or to have moved it back: a new attempt may be made.
CLOSED = frozenset({InstructionState.REJECTED, InstructionState.CANCELLED, InstructionState.RETURNED})

# The bank may have it and no statement has shown it.
OUT = frozenset(
    {
        InstructionState.QUEUED,
        InstructionState.SENDING,
        InstructionState.UNKNOWN,
        InstructionState.SENT,
        InstructionState.ACCEPTED,
        InstructionState.IN_EXECUTION,
        InstructionState.REPORTED_SETTLED,
        InstructionState.BLOCKED_AT_BANK,
        *PROVEN,
    }
)
