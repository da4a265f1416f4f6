"""Cursors and tags for every value, without a server."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from shared.http.pages import PageRequest
from shared.http.problems import Problem, pointer


def asked(
    query: str = "", *, path: str = "/registry/v1/things", limit: int = 1, cursor: str | None = None
) -> PageRequest:
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": []}
    scope["server"] = ("test", 80)
    return PageRequest(Request(scope), Response(), limit, cursor)


KEYS = st.tuples(
    st.text(), st.integers(-(2**53), 2**53), st.dates(), st.datetimes(timezones=st.just(UTC)), st.uuids()
)  # fmt: skip


@given(KEYS)
def test_a_cursor_gives_back_the_key_it_was_made_of(key: tuple[str, int, date, datetime, UUID]) -> None:
    page = asked().page([key, key], key=lambda item: item)
    assert asked(cursor=page.next).after(str, int, date, datetime, UUID) == key


@given(st.text(max_size=60))
def test_an_invented_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Problem, match="cursor_invalid"):
        asked(cursor=cursor).after(str)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"path": "/registry/v1/boxes"}, id="another list"),
        pytest.param({"query": "size=1"}, id="a filter more"),
    ],
)
def test_a_cursor_belongs_to_its_list_and_filters(other: dict[str, Any]) -> None:
    page = asked().page(["a", "b"], key=lambda item: (item,))
    with pytest.raises(Problem, match="cursor_invalid"):
        asked(**other, cursor=page.next).after(str)


def test_a_cursor_of_another_key_is_refused() -> None:
    page = asked().page(["a", "b"], key=lambda item: (item,))
    with pytest.raises(Problem, match="cursor_invalid"):
        asked(cursor=page.next).after(int)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (("body", "members", 0, "name"), "/body/members/0/name"),
        (("body", "a/b", "c~d"), "/body/a~1b/c~0d"),
        ((), ""),
    ],
)
def test_a_pointer_is_written_as_rfc_6901_says(location: tuple[str | int, ...], expected: str) -> None:
    assert pointer(location) == expected
