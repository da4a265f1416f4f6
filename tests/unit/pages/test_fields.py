"""Forms of pages: which JSON they stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pages import Fields, body_of
from shared.pages.proposals import lines_of


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        pytest.param("name=Mai&note=", {"name": "Mai"}, id="what is blank is left out"),
        pytest.param("csrf_token=x&idempotency_key=y&a=1", {"a": "1"}, id="the page's own fields are left out"),
        pytest.param("route/kind=income&route/income=15", {"route": {"kind": "income", "income": "15"}}, id="nested"),
        pytest.param("d/-=a&d/-=b&d/-=c", {"d": ["a", "b", "c"]}, id="boxes ticked"),
        pytest.param(
            "m/1/name=B&m/0/name=A&m/10/name=C",
            {"m": [{"name": "A"}, {"name": "B"}, {"name": "C"}]},
            id="rows in order",
        ),
        pytest.param("a=1&a/b=2", {"a": "1"}, id="a value is no place for more"),
        pytest.param("ten=%20H%C3%A0%20", {"ten": "Hà"}, id="Vietnamese, trimmed"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_names_are_pointers(sent: str, body: object) -> None:
    assert body_of(Fields.read(sent.encode())) == body


@given(st.binary(max_size=300))
def test_whatever_is_sent_is_read_without_failing(sent: bytes) -> None:
    assert isinstance(body_of(Fields.read(sent)), dict)


def test_a_flood_of_fields_is_not_read() -> None:
    assert Fields.read(b"a=1&" * 5_000).pairs == ()


def test_lines_of_a_proposal_name_each_value() -> None:
    content = {"amount": 5, "account": {"number_ends": "456"}, "areas": ["08566"], "note": None}
    assert lines_of(content) == [("amount", "5"), ("account.number_ends", "456"), ("areas.1", "08566"), ("note", "—")]
