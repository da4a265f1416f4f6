"""Lists of households as CSV: read in pieces of any size, grouped on pages of any size, told what is wrong where."""

import unicodedata
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.accounts import Authorisation
from services.registry.domain.household_csv import (
    OPTIONAL,
    REPORT,
    REQUIRED,
    HouseholdFile,
    HouseholdFileRefused,
    Row,
    iso_day,
)
from services.registry.domain.household_rows import RowFault, groups_in, read_household
from services.registry.domain.households import HouseholdRegistration
from services.registry.domain.list_words import column_of, heading_of
from tests.support.household_lists import COLUMNS, households, rows_of_household, written

TODAY = date(2026, 11, 24)
CONTENT = "﻿".encode() + written(
    [*rows_of_household(1), *rows_of_household(2, full_name='Hà "Mận",\r\ncon')], delimiter=";"
)


def parsed(*pieces: bytes) -> list[Row]:
    """Return the rows of a file that comes in these pieces."""
    file = HouseholdFile()
    return [row for piece in pieces for row in file.feed(piece)] + file.end()


def parsed_households(*rows: dict[str, str]) -> Sequence[Row]:
    return parsed(written(rows))


@given(st.lists(st.integers(0, len(CONTENT)), max_size=12))
def test_a_file_reads_the_same_in_whatever_pieces_it_comes(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(CONTENT)]
    pieces = [CONTENT[start:end] for start, end in pairwise(bounds)]
    rows = parsed(*pieces)
    assert rows == parsed(CONTENT)
    assert [row.line for row in rows] == [2, 3, 4, 5, 7, 9]
    assert rows[3].cells[2] == 'Hà "Mận",\r\ncon'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_what_spreadsheets_write_is_read(delimiter: str, end: str) -> None:
    content = written(households([1, 2]), delimiter=delimiter).decode().replace("\r\n", end)
    assert parsed(content.encode()) == parsed(written(households([1, 2])))


def test_columns_stand_in_any_order_and_empty_lines_are_passed_over() -> None:
    columns = [*reversed(COLUMNS), "line", "error_vi", "error_en"]
    content = written(households([1]), columns).replace(b"\r\n", b"\r\n" + b"," * 11 + b"\r\n")
    assert [(row.line, row.reference) for row in parsed(content)] == [(n, "HN-0000001") for n in (3, 5, 7)]


def test_the_last_row_may_lack_its_line_break() -> None:
    content = written(households([1]))
    assert parsed(content.rstrip()) == parsed(content)


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        pytest.param(b"", 1, "household_header_missing", id="nothing"),
        pytest.param(",".join(REQUIRED[1:]).encode() + b"\n", 1, "household_header_missing", id="no reference"),
        pytest.param(",".join([*REQUIRED, "x"]).encode() + b"\n", 1, "household_header_unknown", id="unknown column"),
        pytest.param(",".join([*REQUIRED, "sex"]).encode() + b"\n", 1, "household_header_unknown", id="twice"),
        pytest.param(written(households([1]))[:-20] + b"\xff\xff\n", 4, "not_utf8", id="another encoding"),
        pytest.param(written(households([1])) + b'HN,"', 5, "csv_syntax", id="open quotation at the end"),
        pytest.param(written(households([1])) + b'HN,"a"b,\n', 5, "csv_syntax", id="text after a quotation"),
        pytest.param(written(households([1])) + b"HN,\0,\n", 5, "csv_syntax", id="NUL"),
        pytest.param(written(households([1])) + b"x" * 200_000, 5, "csv_syntax", id="a line without end"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_line(content: bytes, line: int, code: str) -> None:
    with pytest.raises(HouseholdFileRefused) as refused:
        parsed(content)
    assert (refused.value.line, refused.value.code) == (line, code)


@pytest.mark.parametrize(
    ("given_day", "day"),
    [("12/3/1985", "1985-03-12"), ("02/11/2001", "2001-11-02"), ("1985-03-12", "1985-03-12"), ("3/1985", "3/1985")],
)
def test_days_may_be_written_day_first(given_day: str, day: str) -> None:
    assert iso_day(given_day) == day


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 99)), max_size=40, unique=True), st.integers(1, 45))
def test_every_row_is_in_one_group_and_small_households_are_whole_on_pages_of_any_size(
    keys: list[tuple[int, int]], size: int
) -> None:
    rows = [Row(line, str(number or ""), ()) for number, line in sorted(keys)]
    seen, whole, after = 0, {}, None
    while seen < len(rows):
        page = rows[seen : seen + size]
        groups = groups_in(page, after=after, more=len(page) == size)
        assert groups
        for group in groups:
            if not group.torn:
                assert group.reference not in whole
                whole[group.reference] = len(group.rows)
            seen += len(group.rows)
        after = groups[-1].reference
    sizes = {number: sum(other == number for other, _ in keys) for number, _ in keys}
    assert whole.items() >= {(str(n), count) for n, count in sizes.items() if n and count < size}
    assert all(sizes[int(reference)] == count for reference, count in whole.items())


def faults_of(*rows: dict[str, str]) -> list[tuple[int, str | None, str]]:
    registration, faults = read_household(COLUMNS, parsed_households(*rows), today=TODAY)
    assert (registration is None) == bool(faults)
    return [(fault.line, fault.column, fault.code) for fault in faults]


def test_a_household_is_read_as_its_registration() -> None:
    registration, _ = read_household(COLUMNS, parsed_households(*rows_of_household(1)), today=TODAY)
    assert registration is not None
    assert (registration.area_code, registration.registered_on) == ("08566", None)
    head, *children = registration.members
    assert (head.full_name, head.phone, head.birth_date) == ("Hà Thị Mận 1", "+84900000001", date(1971, 3, 12))
    assert [child.relationship for child in children] == ["child", "child"]


@pytest.mark.parametrize(
    ("number", "change", "faults"),
    [
        pytest.param(0, {"area_code": ""}, [(2, "area_code", "missing")], id="no commune"),
        pytest.param(1, {"area_code": "08593"}, [(3, "area_code", "household_differs")], id="two communes"),
        pytest.param(1, {"birth_date": "2999-01-01"}, [(3, "birth_date", "not_yet")], id="not born yet"),
        pytest.param(1, {"relationship": "head"}, [(2, "relationship", "one_head")], id="two heads"),
        pytest.param(2, {"full_name": ""}, [(4, "full_name", "missing")], id="no name"),
        pytest.param(
            1,
            {"sex": "man", "phone": "113", "personal_number": "12"},
            [
                (3, "sex", "literal_error"), (3, "phone", "mobile_number"),
                (3, "personal_number", "string_pattern_mismatch"),
            ],
            id="everything at once",
        ),
    ],
)  # fmt: skip
def test_everything_that_is_wrong_is_told_with_line_and_column(
    number: int, change: dict[str, str], faults: list[tuple[int, str | None, str]]
) -> None:
    rows = list(rows_of_household(1))
    rows[number] |= change
    assert faults_of(*rows) == faults


_ACCOUNT = {"bank_bin": "970436", "account_number": "0071000999999", "account_holder": "HA VAN NAM"}
_AUTHORISED = {
    "authorised_name": "Hà Văn Nam", "authorised_number": "25085000123", "authorised_document": "Giấy ủy quyền",
    "authorised_document_number": "12/GUQ", "authorised_document_date": "5/1/2026", "authorised_from": "05/01/2026",
}  # fmt: skip


def _paid_to_another(**changes: str) -> tuple[HouseholdRegistration | None, list[tuple[str | None, str]]]:
    (row,) = rows_of_household(1, 1, **_ACCOUNT | _AUTHORISED | changes)
    registration, faults = read_household(tuple(row), parsed(written([row], list(row))), today=TODAY)
    return registration, [(fault.column, fault.code) for fault in faults]


def test_a_list_may_say_who_receives_the_money_by_which_document() -> None:
    registration, faults = _paid_to_another(authorised_to="31/12/2026")
    assert faults == []
    assert registration is not None
    account = registration.members[0].account
    assert account is not None
    assert account.authorised == Authorisation(
        full_name="Hà Văn Nam",
        personal_number="025085000123",
        document="power_of_attorney",
        document_number="12/GUQ",
        document_date=date(2026, 1, 5),
        valid_from=date(2026, 1, 5),
        valid_to=date(2026, 12, 31),
    )


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        pytest.param(dict.fromkeys(_AUTHORISED, ""), [("authorised_name", "authorisation_missing")], id="no document"),
        pytest.param({"authorised_document": "thư tay"}, [("authorised_document", "literal_error")], id="kind"),
        pytest.param({"authorised_from": ""}, [("authorised_from", "missing")], id="no beginning"),
        pytest.param(
            {"authorised_from": "1/1/2026"}, [("authorised_name", "authorisation_before_document")], id="early"
        ),
        pytest.param({"authorised_to": "1/2/2026"}, [("authorised_to", "authorisation_ended")], id="over"),
        pytest.param(
            {"account_holder": "LE VAN TAM"}, [("account_holder", "holder_not_authorised")], id="a third person"
        ),
    ],
)
def test_what_is_wrong_with_an_authorisation_is_told_at_its_column(
    change: dict[str, str], faults: list[tuple[str | None, str]]
) -> None:
    assert _paid_to_another(**change) == (None, faults)


def test_a_row_with_a_separator_too_many_is_told_before_anything_else() -> None:
    rows = parsed(written(households([1])).replace(b"12/3/1971", b"12,3/1971"))
    assert read_household(COLUMNS, rows, today=TODAY) == (
        None,
        [RowFault(2, None, "household_columns", {"columns": 9})],
    )


def test_lists_may_be_written_in_vietnamese_and_lose_no_zero() -> None:
    (row,) = rows_of_household(1, 1, sex="Nữ", relationship="CHỦ HỘ", ethnicity="6", area_code="8566")
    row |= {"phone": "912345678", "personal_number": "25185000123", "birth_date": "5/1/1985"}
    content = written(
        [{heading_of(name): value for name, value in row.items()}], [heading_of(each) for each in COLUMNS]
    )
    file = HouseholdFile()
    rows = [*file.feed(content), *file.end()]
    assert file.columns == tuple(COLUMNS)
    registration, wrong = read_household(file.columns, rows, today=TODAY)
    assert wrong == []
    assert registration is not None
    assert registration.area_code == "08566"
    (head,) = registration.members
    assert (head.sex, head.relationship, head.ethnicity) == ("female", "head", "06")
    assert (head.phone, head.personal_number, head.birth_date) == ("+84912345678", "025185000123", date(1985, 1, 5))


@pytest.mark.parametrize("name", [*REQUIRED, *OPTIONAL, *REPORT])
def test_every_column_has_a_heading_that_leads_back_to_it(name: str) -> None:
    assert column_of(heading_of(name)) == name == column_of(name)
    assert column_of(unicodedata.normalize("NFD", heading_of(name).upper())) == name
