"""How a message moves: what each answer of the gateway, and each silence, makes of it. Times are aware instants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from services.notifications.domain.quiet_hours import QuietHours, allowed_from

# awaiting_contact → queued → sent → delivered; failed from each of the first three.
State = Literal["awaiting_contact", "queued", "sent", "delivered", "failed"]
STATES: tuple[State, ...] = get_args(State)

WORTH_SENDING = timedelta(days=7)  # after the event; later the family has heard of it, or was told in person
DELIVERY_KNOWN_WITHIN = timedelta(days=3)  # networks give up on a switched-off telephone before that
LEASE = timedelta(seconds=30)  # longer than a whole batch of attempts may take

_FIRST_RETRY, _LONGEST_RETRY = timedelta(seconds=2), timedelta(minutes=15)
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(seconds=0.5), timedelta(minutes=10)
_RETRIED_STATUS = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Change:
    """The new state of a message. `due_at` is when it needs attention again, None at the end of its way."""

    state: State
    due_at: datetime | None
    reason: str | None = None


@dataclass(frozen=True)
class Attempted:
    """How one attempt to send ended: with an answer of the gateway (`status`), or without one (`fault`)."""

    status: int | None = None
    fault: str | None = None

    @property
    def outcome(self) -> Literal["accepted", "refused", "unknown"]:
        """`unknown`: the gateway may have the message; sending it again under its id tells, and does no harm."""
        if self.status is None or self.status >= 500 or self.status in _RETRIED_STATUS:
            return "unknown"
        return "accepted" if 200 <= self.status < 300 else "refused"

    @property
    def detail(self) -> str:
        """The answer's status or the kind of fault, without anything personal."""
        return self.fault or f"http_{self.status}"


def without_contact(occurred_at: datetime, created_at: datetime, now: datetime) -> Change:
    """Return what becomes of a message whose household has no known telephone: it waits, each time longer."""
    if now >= occurred_at + WORTH_SENDING:
        return Change("failed", None, "no_contact")
    return Change("awaiting_contact", now + _bounded((now - created_at) / 2, _SHORTEST_WAIT, _LONGEST_WAIT))


def with_contact(occurred_at: datetime, now: datetime, quiet: Sequence[QuietHours]) -> Change:
    """Return what becomes of a message that now has a telephone number: it is queued, not for the night."""
    if now >= occurred_at + WORTH_SENDING:
        return Change("failed", None, "expired")
    return Change("queued", allowed_from(now, quiet))


def after_attempt(
    attempted: Attempted, number: int, occurred_at: datetime, now: datetime, quiet: Sequence[QuietHours]
) -> Change:
    """Return what the `number`-th attempt makes of a queued message."""
    if attempted.outcome == "accepted":
        return Change("sent", now)
    if attempted.outcome == "refused":
        return Change("failed", None, f"gateway_refused_{attempted.status}")
    retry_at = allowed_from(now + retry_pause(number), quiet)
    if retry_at >= occurred_at + WORTH_SENDING:
        return Change("failed", None, "expired")
    return Change("queued", retry_at)


def retry_pause(number: int) -> timedelta:
    """Return how long to wait after the `number`-th attempt: doubled each time, 15 minutes at most."""
    return min(_FIRST_RETRY * (1 << min(number - 1, 16)), _LONGEST_RETRY)


def after_poll(answer: Mapping[str, str | None] | None, sent_at: datetime, now: datetime) -> Change:
    """Return what the gateway's record of a sent message, None when it has none, makes of it."""
    state = None if answer is None else answer.get("state")
    if state == "delivered":
        return Change("delivered", None)
    if state == "failed":
        return Change("failed", None, (answer or {}).get("reason") or "gateway_failed")
    if now >= sent_at + DELIVERY_KNOWN_WITHIN:
        return Change("failed", None, "delivery_unconfirmed")
    return Change("sent", now + _bounded((now - sent_at) / 4, _SHORTEST_WAIT, _LONGEST_WAIT))


def _bounded(wait: timedelta, shortest: timedelta, longest: timedelta) -> timedelta:
    return max(shortest, min(wait, longest))
