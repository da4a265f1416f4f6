"""Identifiers: time-ordered UUIDs for rows and events, ULIDs where a bank allows 35 characters."""

import os
import secrets
import time
from uuid import UUID

_48_BITS = (1 << 48) - 1
_NOT_FIXED = ~(0xF << 76 | 0x3 << 62)
_FIXED = 0x7 << 76 | 0x2 << 62  # version and variant
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> UUID:
    """Return a UUID version 7 (RFC 9562, section 5.7): sorts by the millisecond it was made."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & _48_BITS) << 80 | int.from_bytes(os.urandom(10))
    return UUID(int=value & _NOT_FIXED | _FIXED)


def new_ulid() -> str:
    """Return a ULID: 26 upper-case characters, fit for ISO 20022 `Max35Text` identifiers."""
    value = (time.time_ns() // 1_000_000 & _48_BITS) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))
