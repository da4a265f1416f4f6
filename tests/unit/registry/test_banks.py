"""Banks and wallets as dated data, and what forbids to pay an account."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from services.registry.domain.accounts import Account, refusals_on, refused_holder
from services.registry.domain.banks import Banks, banks

DAY = date(2026, 11, 2)
OWN = {"bank_bin": "970405", "number": "2700205123456", "holder_name": "HA THI MAN"}
AUTHORISED = {
    "full_name": "Hà Văn Nam",
    "document": "power_of_attorney",
    "document_number": "12/GUQ",
    "document_date": "2026-01-05",
    "valid_from": "2026-01-05",
    "valid_to": "2026-11-30",
}


def _account(**changes: Any) -> Account:
    return Account.model_validate(OWN | changes)


def _authorised(**changes: Any) -> Account:
    return _account(holder_name="HA VAN NAM", authorised=AUTHORISED | changes)


@pytest.mark.parametrize(
    ("number", "day", "name"),
    [
        ("970405", DAY, "Agribank"),
        ("970406", date(2025, 2, 13), "DongA"),
        ("970406", date(2025, 2, 14), "Vikki"),
        ("970417", date(2015, 9, 30), "Phương Nam"),
        ("970417", date(2015, 10, 1), None),
        ("971025", DAY, "MoMo"),
        ("123456", DAY, None),
    ],
)
def test_a_number_stands_for_whom_it_stood_for_on_the_day(number: str, day: date, name: str | None) -> None:
    found = banks().on(number, day)
    assert (found and found.short_name) == name


def test_what_is_not_confirmed_says_why_and_a_bank_goes_on_under_a_number_of_the_list() -> None:
    assert all(each.note for each in banks().banks if not each.confirmed)
    assert {each.bin: each.continued_in for each in banks().banks if each.valid_to} == {
        "970406": "970406", "970414": "970414", "970417": "970403", "970444": "970444",
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_to": None},  # both rows hold on one day
        {"continued_in": "111111"},
        {"valid_from": "2026-01-01"},  # ends before it begins
        {"note": None},
    ],
    ids=str,
)
def test_a_list_that_is_not_sound_is_refused(changes: dict[str, Any]) -> None:
    rows = [each.model_dump(mode="json") for each in banks().banks]
    donga = next(row for row in rows if row["code"] == "donga")
    with pytest.raises(ValidationError):
        Banks.model_validate(
            {"source": "x", "note": "x", "banks": [*(r for r in rows if r is not donga), donga | changes]}
        )


@pytest.mark.parametrize(
    ("account", "refused"),
    [
        (_account(), []),
        (_account(bank_bin="970417"), [("bank_bin", "bank_closed")]),
        (_account(bank_bin="971025", number="0912345678"), []),
        (_account(bank_bin="971025"), [("number", "wallet_number")]),
        (_authorised(), []),
        (_authorised(valid_to="2026-11-02"), []),
        (_authorised(valid_to="2026-11-01"), [("authorised/valid_to", "authorisation_ended")]),
        (_authorised(valid_to=None), []),
        (
            _authorised(document_date="2026-11-03", valid_from="2026-11-03"),
            [("authorised/document_date", "not_yet")],
        ),
    ],
    ids=str,
)
def test_what_forbids_to_pay_an_account_on_a_day(account: Account, refused: list[tuple[str, str]]) -> None:
    assert list(refusals_on(account, DAY)) == refused


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_to": "2026-01-04"}, "authorisation_reversed"),
        ({"document_date": "2026-01-06"}, "authorisation_before_document"),
    ],
)
def test_an_authorisation_has_a_period_after_its_document(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _authorised(**changes)
    assert [each["type"] for each in refused.value.errors()] == [code]


def test_a_number_that_was_never_a_banks_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        _account(bank_bin="123456")
    assert [each["type"] for each in refused.value.errors()] == ["bank_unknown"]


@pytest.mark.parametrize(
    ("account", "refused"),
    [
        (_account(), None),
        (_account(holder_name="HA MAN"), None),  # banks leave the middle out
        (_account(holder_name="HA VAN NAM"), ("authorised", "authorisation_missing")),
        (_authorised(), None),
        (_account(authorised=AUTHORISED), ("holder_name", "holder_not_authorised")),
    ],
    ids=str,
)
def test_an_account_is_the_persons_own_or_of_whom_a_document_authorises(
    account: Account, refused: tuple[str, str] | None
) -> None:
    assert refused_holder(account, "Hà Thị Mận") == refused
