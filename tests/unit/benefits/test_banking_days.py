"""On which day a bank carries out a file: weekends, holidays, days worked in lieu, cut-offs, the end of the month."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.benefits.payments.domain.calendar import cut_off_on, execution_date, is_banking_day, is_confirmed
from services.benefits.payments.domain.terms import (
    ACCOUNT_SHARING,
    APPROVAL_BANDS,
    BANKS,
    DAYS_OFF,
    ApprovalBands,
    BankTerms,
    DaysOff,
    bands_on,
    terms_of,
)

INTERBANK = terms_of("some-bank", date(2026, 11, 28))
ALWAYS = terms_of("simbank", date(2026, 11, 28))
YEAR = DaysOff(
    valid_from=date(2026, 1, 1),
    valid_to=date(2026, 12, 31),
    legal_basis="test",
    confirmed=True,
    days=frozenset({date(2026, 9, 2), date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18)}),
    worked_weekends=frozenset({date(2026, 8, 22)}),
)


@pytest.mark.parametrize(
    ("day", "at", "wanted"),
    [
        pytest.param(date(2026, 11, 27), time(9), date(2026, 11, 27), id="a Friday morning"),
        pytest.param(date(2026, 11, 26), time(15, 59, 59), date(2026, 11, 26), id="the last second"),
        pytest.param(date(2026, 11, 26), time(16), date(2026, 11, 27), id="the cut-off itself is too late"),
        pytest.param(date(2026, 11, 27), time(16, 30), date(2026, 11, 27), id="an hour more at the end of the month"),
        pytest.param(date(2026, 11, 30), time(16, 30), date(2026, 11, 30), id="and on its last day"),
        pytest.param(date(2026, 11, 27), time(17), date(2026, 11, 30), id="Friday evening is Monday"),
        pytest.param(date(2026, 11, 28), time(9), date(2026, 11, 30), id="Saturday is Monday"),
        pytest.param(date(2026, 11, 28), time(23), date(2026, 11, 30), id="no cut-off counts on a day off"),
        pytest.param(date(2026, 9, 1), time(17), date(2026, 9, 3), id="over a holiday"),
        pytest.param(date(2026, 2, 13), time(18), date(2026, 2, 19), id="over Tết"),
        pytest.param(date(2026, 8, 22), time(9), date(2026, 8, 22), id="a Saturday worked in lieu"),
    ],
)
def test_between_banks(day: date, at: time, wanted: date) -> None:
    assert execution_date(day, at, INTERBANK, [YEAR]) == wanted


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.times())
def test_a_file_is_carried_out_on_a_banking_day_that_is_not_past(day: date, at: time) -> None:
    found = execution_date(day, at, INTERBANK, [YEAR])
    assert found >= day
    assert is_banking_day(found, [YEAR])
    assert not any(is_banking_day(day + timedelta(days=n), [YEAR]) for n in range(1, (found - day).days))
    cut_off = cut_off_on(day, INTERBANK, [YEAR])
    assert (found == day) == (is_banking_day(day, [YEAR]) and cut_off is not None and at < cut_off)
    assert execution_date(day, at, ALWAYS, [YEAR]) == day


def test_what_nobody_confirmed_says_so() -> None:
    assert not is_confirmed(date(2026, 11, 28), INTERBANK, DAYS_OFF)
    assert is_confirmed(date(2026, 11, 28), ALWAYS, DAYS_OFF)
    assert not is_confirmed(date(2030, 1, 2), INTERBANK.model_copy(update={"confirmed": True}), [YEAR])


def test_dated_data_names_its_basis() -> None:
    for one in (*BANKS, *DAYS_OFF, *APPROVAL_BANDS, *ACCOUNT_SHARING):
        assert one.legal_basis
        assert one.confirmed or one.note


@pytest.mark.parametrize(
    ("total", "people", "of_province"),
    [(1, 1, 0), (1_000_000_000, 1, 0), (1_000_000_001, 2, 0), (10_000_000_000, 2, 0), (10_000_000_001, 3, 1)],
)
def test_a_larger_sum_takes_more_people(total: int, people: int, of_province: int) -> None:
    band = bands_on(date(2026, 11, 28)).band(total)
    assert (band.approvers, band.of_province) == (people, of_province)


@pytest.mark.parametrize(
    "bands",
    [
        pytest.param([{"up_to": 5, "approvers": 1, "of_province": 0}], id="sums without a band"),
        pytest.param(
            [{"up_to": 5, "approvers": 2, "of_province": 0}, {"up_to": None, "approvers": 1, "of_province": 0}],
            id="fewer people for more",
        ),
        pytest.param([{"up_to": None, "approvers": 1, "of_province": 2}], id="more of the province than people"),
        pytest.param(
            [
                {"up_to": 9, "approvers": 1, "of_province": 0},
                {"up_to": 5, "approvers": 1, "of_province": 0},
                {"up_to": None, "approvers": 1, "of_province": 0},
            ],
            id="out of order",
        ),
    ],
)
def test_bands_that_cannot_be_followed_are_refused(bands: list[dict[str, int | None]]) -> None:
    with pytest.raises(ValidationError):
        ApprovalBands.model_validate(
            {"valid_from": "2026-01-01", "valid_to": None, "legal_basis": "x", "confirmed": True, "bands": bands}
        )


def test_terms_are_those_of_the_bank_or_of_any() -> None:
    assert isinstance(INTERBANK, BankTerms)
    assert (INTERBANK.bank, ALWAYS.bank) == ("*", "simbank")
