"""Names: what a search finds, and the order of Vietnamese lists."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.names import name_key, search_words, typed_words

_SYLLABLES = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậèéẻẽẹ", min_size=1, max_size=7)
_NAMES = st.lists(_SYLLABLES, min_size=1, max_size=5).map(" ".join)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Nguyễn Văn Đức", "nguyen van duc"),
        ("Hoà", "hoa"),
        ("Hòa", "hoa"),
        ("Lí Thị Thuý", "ly thy thuy"),
        ("Quí", "quy"),
        ("Linh", "linh"),
        ("Tài", "tai"),
        ("H'Mông Y Ê-đê", "hmong y e de"),
        ("  Đặng   Thị  ", "dang thy"),
    ],
)
def test_a_name_is_found_without_marks_in_either_spelling(name: str, words: str) -> None:
    assert " ".join(search_words(name)) == words


def test_what_is_typed_may_be_the_beginning_of_a_word_or_its_other_spelling() -> None:
    assert typed_words("Lí đ") == (frozenset({"li", "ly"}), frozenset({"d"}))
    assert typed_words("...'") == ()


@given(_NAMES)
def test_whoever_types_a_name_finds_it_in_any_normal_form(name: str) -> None:
    for form in ("NFC", "NFD"):
        typed = typed_words(unicodedata.normalize(form, name))
        stored = search_words(name)
        assert len(typed) == len(stored)
        assert all(any(word.startswith(start) for start in starts) for word, starts in zip(stored, typed, strict=True))


def test_given_names_stand_in_the_order_of_the_alphabet_and_of_the_tones() -> None:
    letters = ["An", "Ánh", "Ăn", "Ân", "Bình", "Chi", "Cường", "Dũng", "Đào", "Em", "Oanh", "Ông", "Ơn", "Uyên", "Ước"]
    assert list(map(name_key, letters)) == sorted({name_key(each) for each in letters})
    tones = ["Hoa", "Hòa", "Hỏa", "Hõa", "Hóa", "Họa", "Hoan"]
    assert list(map(name_key, tones)) == sorted({name_key(each) for each in tones})


def test_names_are_ordered_by_given_name_then_middle_then_family() -> None:
    names = ["Bùi An", "Trần An", "Lê Thị An", "Bùi Văn An", "Đỗ Văn An", "Bùi Văn Hà An", "Hà Thị Bé", "Mận"]
    assert list(map(name_key, names)) == sorted({name_key(each) for each in names})


@given(_NAMES)
def test_the_order_does_not_hang_on_the_normal_form(name: str) -> None:
    assert name_key(name) == name_key(unicodedata.normalize("NFD", name))
