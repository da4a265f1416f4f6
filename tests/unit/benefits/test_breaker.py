"""A bank that fails is left alone, longer each time, and tried again by one file."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.payments.domain.breaker import Channel

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cause", "rest"),
    [("http_401", timedelta(minutes=15)), ("http_403", timedelta(minutes=15)), ("http_429", timedelta(minutes=1))],
)
def test_a_bank_that_turns_us_away_is_left_alone_at_once(cause: str, rest: timedelta) -> None:
    channel = Channel().after_failure(cause, 3, NOW)
    assert channel.open_until == NOW + rest
    assert not channel.may_send(NOW)
    assert channel.may_send(NOW + rest)


def test_failures_in_a_row_lead_to_longer_rests_and_a_success_forgets_them() -> None:
    channel, until = Channel(), []
    for _ in range(5):
        channel = channel.after_failure("ConnectError", 3, NOW)
        until.append(channel.open_until or NOW)
    assert until[:2] == [NOW, NOW]
    assert NOW < until[2] < until[3] < until[4]
    assert channel.after_success() == Channel()


@given(st.integers(1, 5), st.lists(st.booleans(), max_size=60))
def test_a_rest_ends_and_begins_only_after_enough_failures(limit: int, calls: list[bool]) -> None:
    channel, failed = Channel(), 0
    for works in calls:
        channel = channel.after_success() if works else channel.after_failure("ReadTimeout", limit, NOW)
        failed = 0 if works else failed + 1
        assert (channel.open_until is not None) == (failed >= limit)
        assert channel.may_send(NOW + timedelta(minutes=5))
