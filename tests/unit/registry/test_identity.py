"""Phone numbers, personal numbers and what is shown of them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from services.registry.domain.identity import ending, mobile_number, personal_number_doubts
from shared.events.registry import Sex


@pytest.mark.parametrize(
    "written", ["0912345678", "+84912345678", "84912345678", "0912 345 678", "0912.345.678", "(0912) 345-678"]
)
def test_a_mobile_number_has_one_form_however_written(written: str) -> None:
    assert mobile_number(written) == "+84912345678"


@pytest.mark.parametrize(
    "written", ["091234567", "09123456789", "0212345678", "0612345678", "+1912345678", "09١2345678", "", "số máy"]
)
def test_what_is_no_mobile_number_is_refused(written: str) -> None:
    with pytest.raises(PydanticCustomError):
        mobile_number(written)


@given(st.sampled_from("35789"), st.integers(0, 99_999_999))
def test_every_mobile_number_keeps_its_nine_digits(carrier: str, rest: int) -> None:
    national = f"{carrier}{rest:08}"
    assert mobile_number(f"0{national}") == f"+84{national}"


@pytest.mark.parametrize(
    ("number", "sex", "born", "expected"),
    [
        pytest.param("025185000123", "female", 1985, [], id="female, 1900s"),
        pytest.param("017085000123", "male", 1985, [], id="male, of a province that is no more"),
        pytest.param("026301000123", "female", 2001, [], id="female, 2000s"),
        pytest.param("025085000123", "female", 1985, ["personal_number_sex"], id="sex disagrees"),
        pytest.param("025184000123", "female", 1985, ["personal_number_birth_year"], id="year disagrees"),
        pytest.param("025385000123", "female", 1985, ["personal_number_birth_year"], id="century disagrees"),
        pytest.param("025085000123", "unknown", 1985, [], id="sex not known"),
        pytest.param("025299000123", "female", 1985, ["personal_number_sex", "personal_number_birth_year"], id="both"),
    ],
)
def test_disagreements_are_told(number: str, sex: Sex, born: int, expected: list[str]) -> None:
    assert list(personal_number_doubts(number, sex=sex, birth_date=date(born, 5, 1))) == expected


def test_only_the_end_of_a_number_is_shown() -> None:
    assert (ending("025185000123"), ending(None)) == ("123", None)
