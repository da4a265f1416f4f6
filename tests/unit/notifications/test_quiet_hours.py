"""When a telephone may ring."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.quiet_hours import QuietHours, allowed_from, load_quiet_hours
from shared.clock import VIETNAM

PUBLISHED = load_quiet_hours()
LATER_RULE = QuietHours(valid_from=date(2027, 1, 1), start=time(22), end=time(6), basis="thử")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T06:59:59", "2026-11-23T07:00:00"),
        ("2026-11-23T07:00:00", "2026-11-23T07:00:00"),
        ("2026-11-23T12:00:00", "2026-11-23T12:00:00"),
        ("2026-11-23T20:59:59", "2026-11-23T20:59:59"),
        ("2026-11-23T21:00:00", "2026-11-24T07:00:00"),
        ("2026-11-23T23:59:59", "2026-11-24T07:00:00"),
        ("2026-11-24T00:00:00", "2026-11-24T07:00:00"),
        ("2026-12-31T21:30:00", "2027-01-01T07:00:00"),
    ],
)
def test_what_comes_at_night_waits_for_the_morning(now: str, expected: str) -> None:
    assert allowed_from(local(now), PUBLISHED) == local(expected)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-12-30T21:30:00", "2026-12-31T07:00:00", id="the old rule's night"),
        pytest.param("2027-01-01T06:30:00", "2027-01-01T07:00:00", id="the last night of the old rule ends by it"),
        pytest.param("2027-01-01T21:30:00", "2027-01-01T21:30:00", id="the new rule begins later"),
        pytest.param("2027-01-02T05:00:00", "2027-01-02T06:00:00", id="the new rule ends earlier"),
    ],
)
def test_a_night_follows_the_rule_of_its_evening(now: str, expected: str) -> None:
    assert allowed_from(local(now), (*PUBLISHED, LATER_RULE)) == local(expected)


def test_hours_are_those_of_vietnam_and_the_answer_keeps_the_zone_asked_in() -> None:
    answer = allowed_from(datetime(2026, 11, 23, 15, tzinfo=UTC), PUBLISHED)  # 22:00 in Hanoi
    assert answer == datetime(2026, 11, 24, 0, tzinfo=UTC)
    assert answer.tzinfo is UTC


def test_without_a_rule_every_hour_is_allowed() -> None:
    assert allowed_from(local("2026-11-23T03:00:00"), ()) == local("2026-11-23T03:00:00")
    assert allowed_from(local("2026-11-23T03:00:00"), (LATER_RULE,)) == local("2026-11-23T03:00:00")


@given(st.datetimes(datetime(2020, 1, 2), datetime(2040, 1, 1), timezones=st.just(VIETNAM)))  # noqa: DTZ001
def test_the_hour_given_is_never_a_quiet_one_nor_far(now: datetime) -> None:
    answer = allowed_from(now, PUBLISHED)
    assert now <= answer <= now + timedelta(hours=10)
    assert 7 <= answer.astimezone(VIETNAM).hour < 21


def test_hours_that_do_not_pass_midnight_are_refused() -> None:
    with pytest.raises(ValueError, match="evening"):
        QuietHours(valid_from=date(2027, 1, 1), start=time(1), end=time(5), basis="thử")
