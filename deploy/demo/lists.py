"""The list of households as a commune sends it: a CSV file, a row a member."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date

from deploy.demo.people import BANK, Member, members_of
from deploy.demo.plan import Household, Plan

SOURCE = "trinh-dien"
_COLUMNS = (
    "household", "area_code", "registered_on", "full_name", "sex", "birth_date", "ethnicity", "relationship",
    "personal_number", "phone", "bank_bin", "account_number", "account_holder",
)  # fmt: skip
_AT_ONCE = 100  # households a piece of the file: some milliseconds of work


def household_list(plan: Plan) -> Iterator[tuple[bytes, Sequence[tuple[Household, Sequence[Member]]]]]:
    """Yield the file of all households piece by piece, each with the households that it holds."""
    yield ",".join(_COLUMNS).encode() + b"\n", ()
    for start in range(0, len(plan.households), _AT_ONCE):
        homes = [
            (each, members_of(each, _registered_on(plan, each))) for each in plan.households[start : start + _AT_ONCE]
        ]
        piece = io.StringIO()
        csv.writer(piece, lineterminator="\n").writerows(
            row for household, members in homes for row in _rows(plan, household, members)
        )
        yield piece.getvalue().encode(), homes


def _registered_on(plan: Plan, household: Household) -> date:
    return plan.reviews[household.first].registered_on


def _rows(plan: Plan, household: Household, members: Sequence[Member]) -> Iterator[tuple[object, ...]]:
    registered_on = _registered_on(plan, household)
    for each in members:
        account = (BANK, each.account, each.full_name) if each.account else ("", "", "")
        yield (
            household.reference, household.commune, registered_on, each.full_name, each.sex, each.born, each.ethnicity,
            each.relationship, each.personal_number, each.phone or "", *account,
        )  # fmt: skip
