"""What a bank says when it calls us: that it has news of something, and never what the news are."""

import json
from dataclasses import dataclass
from typing import Literal, cast, get_args

CallbackKind = Literal["payment-file", "cancellation", "statement"]
_LONGEST_TEXT = 100


@dataclass(frozen=True, slots=True)
class Callback:
    """A call: the bank's own id of the event, and what to ask it for."""

    event_id: str
    kind: CallbackKind
    subject: str


def read_callback(body: bytes) -> Callback | None:
    """Return a call, None where it is none. Members that we do not know are left alone."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    event_id, kind, subject = (document.get(name) for name in ("event_id", "kind", "subject"))
    if not _is_text(event_id) or not _is_text(subject) or kind not in get_args(CallbackKind):
        return None
    return Callback(str(event_id), cast("CallbackKind", kind), str(subject))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT and value.isprintable()
