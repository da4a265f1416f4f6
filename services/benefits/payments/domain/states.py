"""The states of an order (what is owed), an attempt at the bank (an instruction), a run and a file."""

from enum import StrEnum


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
    """What is known of an attempt. UNKNOWN keeps its reservation and is never failed by age."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    IN_EXECUTION = "IN_EXECUTION"
    REPORTED_SETTLED = "REPORTED_SETTLED"
    BLOCKED_AT_BANK = "BLOCKED_AT_BANK"
    BOOKED = "BOOKED"
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
    }
)
