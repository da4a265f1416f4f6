"""What the bank's status codes mean (ISO 20022 external code sets of May 2025), and when a report changes a state."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.benefits.payments.domain.states import PROVEN
from services.benefits.payments.domain.states import InstructionState as State


@dataclass(frozen=True, slots=True)
class Meaning:
    """A status of a transaction: the state it tells of, and its rank; only a higher rank replaces a lower one."""

    state: State
    rank: int


REJECTED_CODE = "RJCT"
GROUP_ONLY = "PART"
TERMINAL = 100

STATUS_CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "RCVD": Meaning(State.SENT, 10),
        "ACTC": Meaning(State.ACCEPTED, 20),
        "PATC": Meaning(State.ACCEPTED, 25),
        "ACCP": Meaning(State.ACCEPTED, 30),
        "ACFC": Meaning(State.ACCEPTED, 35),
        "ACFW": Meaning(State.ACCEPTED, 35),
        "PDNG": Meaning(State.IN_EXECUTION, 40),
        "ACSP": Meaning(State.IN_EXECUTION, 50),
        "ACWC": Meaning(State.IN_EXECUTION, 50),
        "ACPD": Meaning(State.IN_EXECUTION, 55),
        "ACWP": Meaning(State.IN_EXECUTION, 55),
        "ACSC": Meaning(State.REPORTED_SETTLED, 60),
        "ACCC": Meaning(State.REPORTED_SETTLED, 70),
        "BLCK": Meaning(State.BLOCKED_AT_BANK, 80),
        "RJCT": Meaning(State.REFUSED, TERMINAL),
        "CANC": Meaning(State.REVOKED, TERMINAL),
    }
)

_SETTLED = frozenset({State.REPORTED_SETTLED, State.BOOKED, State.BLOCKED_AT_BANK})
_DECIDED = frozenset({State.REJECTED, State.CANCELLED, State.RETURNED, State.RETURN_EXPECTED, State.EXCEPTION})


@dataclass(frozen=True, slots=True)
class Change:
    """Where a report takes an instruction."""

    state: State
    rank: int


def change_by(code: str, state: State, rank: int) -> Change | None:
    """Return what a status code changes in an instruction of that state and rank; None when it changes nothing.

    A code that nobody knows changes nothing. Settled and refused, in whichever order they are heard, contradict each
    other: then the money must first come back on a statement.
    """
    meaning = STATUS_CODES.get(code)
    if meaning is None or state in _DECIDED:
        return None
    if state in PROVEN:
        return Change(State.RETURN_EXPECTED, TERMINAL) if meaning.state in _SETTLED else None
    if meaning.rank == TERMINAL:
        return Change(State.RETURN_EXPECTED if state in _SETTLED else meaning.state, TERMINAL)
    if state is State.BOOKED or meaning.rank <= rank:
        return None
    return Change(meaning.state, meaning.rank)


def is_known(code: str) -> bool:
    """Return whether a code is a status of one payment; `PART` is one of groups alone."""
    return code in STATUS_CODES


def inherited(
    group_status: str,
    transaction_codes: Mapping[str, str],
    end_to_end_ids: frozenset[str],
    *,
    listed: bool = False,
    exceptions_only: bool = False,
) -> dict[str, str]:
    """Return the status code of each transaction of a file.

    A group's status is that of every transaction only where the bank lists none at all (`listed`: it lists some), or
    where it lists by agreement only those that are otherwise; `PART` says nothing of any.
    """
    given = dict(transaction_codes)
    if group_status == GROUP_ONLY or not is_known(group_status):
        return given
    if (given or listed) and not (exceptions_only and group_status != REJECTED_CODE):
        return given
    return dict.fromkeys(end_to_end_ids, group_status) | given
