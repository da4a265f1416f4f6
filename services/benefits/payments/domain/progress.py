"""How far a run came, told by where its attempts are: it is never written down beside them."""

from collections.abc import Mapping
from typing import Any, Literal

from services.benefits.payments.domain.states import OUT, InstructionState, RunState

Stage = Literal["waiting_for_approval", "cancelled", "paused", "sending", "at_bank", "completed"]

_OURS = (InstructionState.QUEUED, InstructionState.SENDING, InstructionState.UNKNOWN)
_UNSETTLED = (*OUT, InstructionState.EXCEPTION, InstructionState.RETURN_EXPECTED)


def stage_of(state: RunState, *, paused: bool, funnel: Mapping[str, Any]) -> Stage:
    """Return a run's stage; `funnel` has a key `instructions.<state>` for each state in which attempts are.

    An attempt of unknown outcome is as good as not sent: nothing says yet that the bank has it.
    """
    if state is RunState.CANCELLED:
        return "cancelled"
    if state is RunState.PREPARED:
        return "waiting_for_approval"
    if any(f"instructions.{one}" in funnel for one in _OURS):
        return "paused" if paused else "sending"
    return "at_bank" if any(f"instructions.{one}" in funnel for one in _UNSETTLED) else "completed"
