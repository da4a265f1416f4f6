"""How far a run came, as one funnel over orders and their attempts at the bank."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.benefits.payments.domain.states import InstructionState, OrderState

_ORDERS = {
    "ordered": tuple(OrderState),
    "blocked": (OrderState.BLOCKED,),
    "approved": (OrderState.INSTRUCTED, OrderState.PAID, OrderState.RETURNED),
}
_SETTLED = (InstructionState.BOOKED, InstructionState.RETURN_EXPECTED, InstructionState.RETURNED)
_ACCEPTED = (
    InstructionState.ACCEPTED,
    InstructionState.IN_EXECUTION,
    InstructionState.REPORTED_SETTLED,
    InstructionState.BLOCKED_AT_BANK,
    *_SETTLED,
)
_NEVER_SENT = (InstructionState.QUEUED, InstructionState.SENDING, InstructionState.CANCELLED)
_ATTEMPTS = {
    "sent": tuple(state for state in InstructionState if state not in _NEVER_SENT),
    "accepted": _ACCEPTED,
    "settled": _SETTLED,
    "returned": (InstructionState.RETURN_EXPECTED, InstructionState.RETURNED),
    "rejected": (InstructionState.REFUSED, InstructionState.REJECTED),
    "unknown": (InstructionState.UNKNOWN,),
    "exception": (InstructionState.EXCEPTION,),
}
_BAD = frozenset({"blocked", "returned", "rejected", "unknown", "exception"})


@dataclass(frozen=True)
class Stage:
    """A stage of the funnel: how many, how much (VND), and its share of all that was ordered, in per cent.

    `of` says what is counted, orders or attempts, and `states` which; no states are all.
    """

    name: str
    count: int
    sum: int
    share: int
    bad: bool
    of: str
    states: tuple[str, ...]


def stages_of(funnel: Mapping[str, Mapping[str, Any]]) -> list[Stage]:
    """Return the stages in order; those that are bad news only where there is some."""
    whole = max(1, sum(funnel.get(f"orders.{state}", {}).get("sum", 0) for state in OrderState))
    stages = []
    for prefix, known in (("orders", _ORDERS), ("instructions", _ATTEMPTS)):
        for name, states in known.items():
            parts = [funnel.get(f"{prefix}.{state}", {}) for state in states]
            count, total = (sum(part.get(of, 0) for part in parts) for of in ("count", "sum"))
            if count or name not in _BAD:
                of = "orders" if prefix == "orders" else "attempts"
                shown = () if len(states) == len(OrderState) else tuple(str(state) for state in states)
                stages.append(Stage(name, count, total, round(100 * total / whole), name in _BAD, of, shown))
    return stages
