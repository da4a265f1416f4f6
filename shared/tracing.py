"""Which request or event this work belongs to: a request id for people, a W3C trace context for machines.

Both live in context variables, so that logs, events and problem documents carry them without being handed them.
The trace context follows W3C Trace Context level 1, version 00: `00-<32 hex trace>-<16 hex span>-<2 hex flags>`.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.ids import new_id

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:@+=-]{1,128}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_request_id() -> str | None:
    """Return the id of the request that is being answered, None outside requests."""
    return _request_id.get()


def current_traceparent() -> str | None:
    """Return the trace context to pass on, None where nothing began one."""
    return _traceparent.get()


def current_trace_id() -> str | None:
    """Return the trace's 32 hexadecimal digits, None where nothing began one."""
    traceparent = _traceparent.get()
    return None if traceparent is None else traceparent.split("-")[1]


def accepted_request_id(offered: str | None) -> str:
    """Return the offered request id if it is 1 to 128 safe characters, else a new one."""
    if offered is not None and _REQUEST_ID.fullmatch(offered):
        return offered
    return str(new_id())


def next_traceparent(offered: str | None) -> str:
    """Return a trace context of our own span in the offered trace, or in a new trace when the offer is not valid."""
    match = _TRACEPARENT.fullmatch(offered) if offered is not None else None
    span = secrets.token_hex(8)
    if offered is None or match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
        return f"00-{secrets.token_hex(16)}-{span}-01"
    if offered.startswith("00-") and match[4]:
        return f"00-{secrets.token_hex(16)}-{span}-01"
    return f"00-{match[1]}-{span}-{match[3]}"


@contextmanager
def trace(traceparent: str | None, *, request_id: str | None = None) -> Iterator[None]:
    """Do what the block does within a trace; consumers pass the `traceparent` of the event they handle."""
    trace_token = _traceparent.set(traceparent)
    request_token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(request_token)
        _traceparent.reset(trace_token)
