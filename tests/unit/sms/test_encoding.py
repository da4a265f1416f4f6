"""How many short messages a text takes."""

import pytest

from deploy.sms.encoding import Encoded, encode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Ho ngheo", Encoded("gsm7", 1), id="latin"),
        pytest.param("a" * 160, Encoded("gsm7", 1), id="160 fit alone"),
        pytest.param("a" * 161, Encoded("gsm7", 2), id="161 do not"),
        pytest.param("a" * 306, Encoded("gsm7", 2), id="153 a part"),
        pytest.param("a" * 307, Encoded("gsm7", 3), id="one more than two parts"),
        pytest.param("€" * 80, Encoded("gsm7", 1), id="escaped characters count twice"),
        pytest.param("a" * 152 + "€" + "a" * 152, Encoded("gsm7", 3), id="an escape is not cut"),
        pytest.param("Hộ nghèo", Encoded("ucs2", 1), id="Vietnamese"),
        pytest.param("ộ" * 70, Encoded("ucs2", 1), id="70 fit alone"),
        pytest.param("ộ" * 71, Encoded("ucs2", 2), id="71 do not"),
        pytest.param("ộ" * 66 + "😀" + "ộ" * 66, Encoded("ucs2", 3), id="a pair is not cut"),
    ],
)
def test_a_text_is_counted_in_parts(text: str, expected: Encoded) -> None:
    assert encode(text) == expected
