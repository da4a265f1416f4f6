"""What a text costs as short messages."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.sms import Size, size

SENTENCE = "Hộ ông Nguyễn Văn Tám được công nhận là hộ cận nghèo."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Size("gsm7", 0, 1), id="nothing"),
        pytest.param("a" * 160, Size("gsm7", 160, 1), id="one full part"),
        pytest.param("a" * 161, Size("gsm7", 161, 2), id="one letter over: the joining header shrinks both parts"),
        pytest.param("a" * 306, Size("gsm7", 306, 2), id="two full parts"),
        pytest.param("a" * 307, Size("gsm7", 307, 3), id="one over two"),
        pytest.param("€" * 80, Size("gsm7", 160, 1), id="an extended letter takes two units"),
        pytest.param("a" * 152 + "€" + "a" * 152, Size("gsm7", 306, 3), id="an extended letter is not divided"),
        pytest.param("ữ" * 70, Size("ucs2", 70, 1), id="one full part with marks"),
        pytest.param("ữ" * 71, Size("ucs2", 71, 2), id="one over with marks"),
        pytest.param("ữ" * 134, Size("ucs2", 134, 2), id="two full parts with marks"),
        pytest.param("ữ" * 135, Size("ucs2", 135, 3), id="one over two with marks"),
        pytest.param("đ", Size("ucs2", 1, 1), id="đ alone"),
        pytest.param("à è é ì ò ù", Size("gsm7", 11, 1), id="the only marked Vietnamese vowels of GSM-7"),
        pytest.param("😀" * 35, Size("ucs2", 70, 1), id="beyond the basic plane: two units"),
        pytest.param("a" * 66 + "😀" + "a" * 66, Size("ucs2", 134, 3), id="a pair is not divided"),
    ],
)
def test_a_text_is_counted_as_the_network_charges_it(text: str, expected: Size) -> None:
    assert size(text) == expected


def test_text_must_be_composed_before_it_is_counted() -> None:
    assert size(unicodedata.normalize("NFD", SENTENCE)).units > size(SENTENCE).units == len(SENTENCE)


@given(st.text(max_size=400))
def test_parts_hold_all_units_and_no_part_is_empty(text: str) -> None:
    found = size(text)
    room = {"gsm7": 153, "ucs2": 67}[found.encoding]
    assert found.units <= found.parts * (room if found.parts > 1 else {"gsm7": 160, "ucs2": 70}[found.encoding])
    assert found.parts == 1 or found.units > (found.parts - 1) * (room - 1)
