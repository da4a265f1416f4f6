"""Days of series: ends of months or years, and always the day that was asked for."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.domain.periods import TooManyPoints, months, months_before, points, year_before


@pytest.mark.parametrize(
    ("first", "last", "step", "expected"),
    [
        pytest.param("2026-09-10", "2026-11-24", "month", ["2026-09-30", "2026-10-31", "2026-11-24"], id="open month"),
        pytest.param("2026-10-31", "2026-11-30", "month", ["2026-10-31", "2026-11-30"], id="whole months"),
        pytest.param("2026-11-01", "2026-11-01", "month", ["2026-11-01"], id="one day"),
        pytest.param("2024-06-01", "2026-03-01", "year", ["2024-12-31", "2025-12-31", "2026-03-01"], id="years"),
        pytest.param("2024-02-01", "2024-03-05", "month", ["2024-02-29", "2024-03-05"], id="leap year"),
    ],
)
def test_a_series_has_the_ends_of_periods_and_its_last_day(
    first: str, last: str, step: str, expected: list[str]
) -> None:
    found = points(date.fromisoformat(first), date.fromisoformat(last), "month" if step == "month" else "year")
    assert [day.isoformat() for day in found] == expected


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.integers(0, 239))
def test_days_ascend_and_end_where_asked(last: date, back: int) -> None:
    found = points(months_before(last, back), last, "month")
    assert found == sorted(set(found))
    assert found[-1] == last


def test_a_day_that_the_earlier_month_lacks_is_its_last() -> None:
    assert year_before(date(2024, 2, 29)) == date(2023, 2, 28)
    assert months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert months_before(date(2026, 1, 15), 13) == date(2024, 12, 15)


def test_months_are_counted_over_the_new_year() -> None:
    assert months("2026-11", "2027-01") == ["2026-11", "2026-12", "2027-01"]


def test_an_endless_series_is_refused() -> None:
    with pytest.raises(TooManyPoints):
        points(date(2000, 1, 1), date(2026, 1, 1), "month")
