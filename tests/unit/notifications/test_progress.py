"""How a message moves, whatever the gateway says or does not say."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.domain.progress import (
    DELIVERY_KNOWN_WITHIN,
    WORTH_SENDING,
    Attempted,
    Change,
    after_attempt,
    after_poll,
    retry_pause,
    with_contact,
    without_contact,
)
from services.notifications.domain.quiet_hours import load_quiet_hours

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)  # 10:00 in Hanoi
NIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 0, tzinfo=UTC)
QUIET = load_quiet_hours()


@pytest.mark.parametrize(
    ("attempted", "expected"),
    [
        pytest.param(Attempted(status=202), Change("sent", NOW), id="accepted"),
        pytest.param(Attempted(status=200), Change("sent", NOW), id="accepted before"),
        pytest.param(Attempted(status=400), Change("failed", None, "gateway_refused_400"), id="refused"),
        pytest.param(Attempted(status=409), Change("failed", None, "gateway_refused_409"), id="another text"),
        pytest.param(Attempted(status=408), Change("queued", NOW + timedelta(seconds=2)), id="too slow"),
        pytest.param(Attempted(status=429), Change("queued", NOW + timedelta(seconds=2)), id="too many"),
        pytest.param(Attempted(status=503), Change("queued", NOW + timedelta(seconds=2)), id="out of order"),
        pytest.param(Attempted(fault="ReadTimeout"), Change("queued", NOW + timedelta(seconds=2)), id="no answer"),
    ],
)
def test_an_attempt_ends_in_one_of_three_ways(attempted: Attempted, expected: Change) -> None:
    assert after_attempt(attempted, 1, NOW, NOW, QUIET) == expected


def test_attempts_grow_rarer_up_to_a_quarter_of_an_hour() -> None:
    pauses = [retry_pause(number).total_seconds() for number in range(1, 100)]
    assert pauses[:5] == [2, 4, 8, 16, 32]
    assert pauses[-1] == 900
    assert pauses == sorted(pauses)


def test_nothing_is_repeated_at_night() -> None:
    late = NIGHT - timedelta(hours=1, seconds=1)  # 20:59:59
    assert after_attempt(Attempted(status=503), 1, late, late, QUIET) == Change("queued", MORNING)


def test_a_message_that_comes_at_night_is_queued_for_the_morning() -> None:
    assert with_contact(NIGHT, NIGHT, QUIET) == Change("queued", MORNING)
    assert with_contact(NIGHT, NIGHT, ()) == Change("queued", NIGHT)


def test_what_happened_long_ago_is_not_told_any_more() -> None:
    old = NOW - WORTH_SENDING
    assert with_contact(old, NOW, ()) == Change("failed", None, "expired")
    assert without_contact(old, NOW, NOW) == Change("failed", None, "no_contact")
    assert after_attempt(Attempted(status=503), 9, old, NOW, ()) == Change("failed", None, "expired")
    assert after_attempt(Attempted(status=202), 9, old, NOW, ()) == Change("sent", NOW)


def test_an_unknown_contact_is_looked_for_again_ever_more_seldom() -> None:
    waits = []
    for age in (0, 2, 60, 86_400):
        change = without_contact(NOW, NOW, NOW + timedelta(seconds=age))
        assert change.state == "awaiting_contact"
        assert change.due_at is not None
        waits.append((change.due_at - NOW).total_seconds() - age)
    assert waits == [0.5, 1, 30, 600]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param({"state": "delivered"}, Change("delivered", None), id="delivered"),
        pytest.param(
            {"state": "failed", "reason": "invalid_number"}, Change("failed", None, "invalid_number"), id="failed"
        ),
        pytest.param({"state": "failed"}, Change("failed", None, "gateway_failed"), id="failed without a reason"),
        pytest.param({"state": "accepted"}, Change("sent", NOW + timedelta(seconds=0.5)), id="still on its way"),
        pytest.param(None, Change("sent", NOW + timedelta(seconds=0.5)), id="not known to the gateway"),
    ],
)
def test_delivery_is_what_the_gateway_says(answer: dict[str, str | None] | None, expected: Change) -> None:
    assert after_poll(answer, NOW, NOW) == expected


def test_a_delivery_that_nobody_confirms_fails_in_the_end() -> None:
    later = NOW + DELIVERY_KNOWN_WITHIN
    assert after_poll({"state": "accepted"}, NOW, later) == Change("failed", None, "delivery_unconfirmed")
    assert after_poll({"state": "delivered"}, NOW, later) == Change("delivered", None)
