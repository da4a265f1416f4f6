"""From the rows of a list to households: which rows belong together, and what is wrong in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from services.registry.domain.accounts import is_of_another
from services.registry.domain.household_csv import LONGEST_REFERENCE, REFERENCE, Row, iso_day
from services.registry.domain.households import Household, HouseholdRegistration, not_yet, unpayable
from services.registry.domain.list_words import value_of
from shared.csv_text import without_guard

_OF_HOUSEHOLD = ("area_code", "registered_on")
_OF_ACCOUNT = {"bank_bin": "bank_bin", "account_number": "number", "account_holder": "holder_name"}
_OF_AUTHORISED = {
    "authorised_name": "full_name",
    "authorised_number": "personal_number",
    "authorised_document": "document",
    "authorised_document_number": "document_number",
    "authorised_document_date": "document_date",
    "authorised_from": "valid_from",
    "authorised_to": "valid_to",
}
_COLUMN_OF_ACCOUNT = {name: column for column, name in _OF_ACCOUNT.items()}
_COLUMN_OF_AUTHORISED = {name: column for column, name in _OF_AUTHORISED.items()}
_OF_MEMBER = (
    "full_name", "sex", "birth_date", "ethnicity", "relationship", "phone", "personal_number",
)  # fmt: skip
_DAYS = ("birth_date", "registered_on", "authorised_document_date", "authorised_from", "authorised_to")


@dataclass(frozen=True)
class RowFault:
    """What is wrong in one row of a list. `column` is None when the row or its household as a whole is at fault.

    `code` is pydantic's or one of ours; `context` fills in its text.
    """

    line: int
    column: str | None
    code: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """The rows of one household. A `torn` one has more than are read at a time, far over what a household can have."""

    reference: str
    rows: Sequence[Row]
    torn: bool = False


def groups_in(rows: Sequence[Row], *, after: str | None, more: bool) -> list[Group]:
    """Return the households in a page of rows that are ordered by reference and line.

    `after` is the reference of the row before the page, None at the beginning; with `more` other rows follow, so that
    the last household is left for the next page, for it may go on there. A household that fills a page is torn, and so
    is what continues one. Rows without a reference are never a household: they come as one torn group.
    """
    groups = [Group(reference, tuple(members)) for reference, members in groupby(rows, key=lambda row: row.reference)]
    whole = len(groups) > 1 or not more
    if more and whole:
        groups.pop()
    return [
        Group(each.reference, each.rows, torn=not each.reference or each.reference == after or not whole)
        for each in groups
    ]


def read_household(
    columns: Sequence[str], rows: Sequence[Row], *, today: date
) -> tuple[HouseholdRegistration | None, list[RowFault]]:
    """Return the household that the rows register, or everything that is wrong in them.

    Commune and day of registration stand in every row of the household or in its first alone.
    """
    faults = [
        RowFault(row.line, None, "household_columns", {"columns": len(columns)})
        for row in rows
        if len(row.cells) != len(columns)
    ]
    if faults:
        return None, faults
    written = [_written(columns, row) for row in rows]
    shared, faults = _shared(rows, written)
    members = [_member(values) for values in written]
    if sum(member.get("relationship") == "head" for member in members) != 1:
        faults.append(RowFault(rows[0].line, "relationship", "one_head"))
    try:
        registration = HouseholdRegistration.model_validate({**shared, "members": members})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return None, faults + [_fault(rows, detail) for detail in found if detail["type"] != "one_head"]
    faults += [_fault(rows, {"loc": place, "type": "not_yet"}) for place in not_yet(registration, today)]
    faults += [_fault(rows, {"loc": place, "type": code}) for place, code in unpayable(registration, today)]
    return (None, faults) if faults else (registration, [])


def torn_faults(columns: Sequence[str], group: Group, *, begins: bool) -> list[RowFault]:
    """Return what is wrong with a torn group: told once for a household too large, for every row without reference."""
    if group.reference:
        return [RowFault(group.rows[0].line, REFERENCE, "household_too_large")] if begins else []
    at = columns.index(REFERENCE)
    return [
        RowFault(row.line, REFERENCE, "missing")
        if at >= len(row.cells) or not row.cells[at].strip()
        else RowFault(row.line, REFERENCE, "string_too_long", {"max_length": LONGEST_REFERENCE})
        for row in group.rows
    ]


def differences(rows: Sequence[Row], registration: HouseholdRegistration, known: Household) -> list[RowFault]:
    """Return where rows say otherwise than what is registered of their household; a list changes nothing there.

    The day of registration counts only where the list gives one. An account of somebody else may wait for its approval.
    """
    code = "household_registered_otherwise"
    places = [(rows[0], "area_code")] if registration.area_code != known.area_code else []
    if registration.registered_on not in (None, known.registered_on):
        places.append((rows[0], "registered_on"))
    if len(registration.members) != len(known.members):
        return [RowFault(row.line, name, code) for row, name in places] + [RowFault(rows[0].line, None, code)]
    for row, member, person in zip(rows, registration.members, known.members, strict=True):
        places += [(row, name) for name in _OF_MEMBER if getattr(member, name) != getattr(person, name)]
        if member.account != person.account and not (person.account is None and is_of_another(member.account)):
            places.append((row, "account_number"))
    return [RowFault(row.line, name, code) for row, name in places]


def _written(columns: Sequence[str], row: Row) -> dict[str, str]:
    cells = zip(columns, (without_guard(cell.strip()) for cell in row.cells), strict=True)
    return {name: iso_day(cell) if name in _DAYS else value_of(name, cell) for name, cell in cells if cell}


def _shared(rows: Sequence[Row], written: Sequence[Mapping[str, str]]) -> tuple[dict[str, str], list[RowFault]]:
    """Return what the household's rows have in common, and where one says otherwise."""
    common: dict[str, str] = {}
    faults: list[RowFault] = []
    for row, values in zip(rows, written, strict=True):
        faults += [
            RowFault(row.line, name, "household_differs")
            for name in _OF_HOUSEHOLD
            if name in values and values[name] != common.setdefault(name, values[name])
        ]
    return common, faults


def _member(values: Mapping[str, str]) -> dict[str, Any]:
    member: dict[str, Any] = {name: values[name] for name in _OF_MEMBER if name in values}
    account: dict[str, Any] = _stated(values, _OF_ACCOUNT)
    if authorised := _stated(values, _OF_AUTHORISED):
        account["authorised"] = authorised
    return member | {"account": account} if account else member


def _stated(values: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, Any]:
    return {name: values[column] for column, name in columns.items() if column in values}


def _fault(rows: Sequence[Row], detail: Mapping[str, Any]) -> RowFault:
    code, context = str(detail["type"]), detail.get("ctx", {})
    match detail["loc"]:
        case ("members", int(index), "account", "authorised"):  # of whom it is where it should be said, or its period
            return RowFault(rows[index].line, "authorised_name", code, context)
        case ("members", int(index), "account", "authorised", str(name)):
            return RowFault(rows[index].line, _COLUMN_OF_AUTHORISED[name], code, context)
        case ("members", int(index), "account", str(name)):
            return RowFault(rows[index].line, _COLUMN_OF_ACCOUNT.get(name), code, context)
        case ("members", int(index), str(name)):
            return RowFault(rows[index].line, name, code, context)
        case ("area_code" | "registered_on" as name,):
            return RowFault(rows[0].line, name, code, context)
        case _:
            return RowFault(rows[0].line, None, code, context)
