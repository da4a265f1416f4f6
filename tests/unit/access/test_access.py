"""What grants amount to, and what an access lets pass."""

from datetime import date

import pytest
from sqlalchemy import column
from sqlalchemy.dialects import postgresql

from shared.access import PERMISSIONS, Access, AreaNotGranted, Role
from shared.access.store import Grant, RoleMissing, WholePlatformNeeded, access_by

READ = PERMISSIONS["households.read"]
LEDGER = PERMISSIONS["ledger.read"]


def held(role: Role, *communes: str, everywhere: bool = False) -> Grant:
    return Grant(role, None if everywhere else "25", everywhere, communes, date(2026, 1, 1), None)


def test_areas_of_several_grants_add_up() -> None:
    grants = [held(Role.COMMUNE_OFFICER, "08566"), held(Role.AUDITOR, "08593"), held(Role.ACCOUNTANT, "07900")]
    assert access_by(READ, "mai", grants).areas == frozenset({"25", "08566", "08593"})


def test_a_grant_without_an_area_is_everywhere() -> None:
    grants = [held(Role.COMMUNE_OFFICER, "08566"), held(Role.AUDITOR, everywhere=True)]
    assert access_by(READ, "mai", grants).areas is None


def test_a_grant_in_an_area_that_covers_nothing_any_more_is_worth_nothing() -> None:
    assert access_by(READ, "mai", [held(Role.COMMUNE_OFFICER)]).areas == frozenset()


def test_no_role_no_access() -> None:
    with pytest.raises(RoleMissing):
        access_by(READ, "mai", [held(Role.ACCOUNTANT, everywhere=True)])
    with pytest.raises(RoleMissing):
        access_by(READ, "mai", [])


def test_what_belongs_to_no_area_takes_a_grant_without_one() -> None:
    with pytest.raises(WholePlatformNeeded):
        access_by(LEDGER, "mai", [held(Role.ACCOUNTANT, "08566")])
    assert access_by(LEDGER, "mai", [held(Role.ACCOUNTANT, everywhere=True)]).areas is None


def test_a_role_that_this_release_does_not_know_gives_nothing() -> None:
    grant = Grant("of_tomorrow", None, True, (), date(2026, 1, 1), None)
    with pytest.raises(RoleMissing):
        access_by(READ, "mai", [grant])


def test_what_somebody_asks_about_themselves_takes_no_grant() -> None:
    assert access_by(PERMISSIONS["access.read"], "mai", []).subject == "mai"


def test_another_areas_record_is_as_if_it_were_not_there() -> None:
    access = Access("mai", READ.name, frozenset({"08566"}))
    access.admit("08566", LookupError())
    for foreign in ("08593", None):
        with pytest.raises(LookupError):
            access.admit(foreign, LookupError())
    Access("mai", READ.name, None).admit(None, LookupError())


def test_a_foreign_area_that_a_request_names_is_refused() -> None:
    access = Access("mai", READ.name, frozenset({"08566"}))
    access.require("08566")
    with pytest.raises(AreaNotGranted):
        access.require("08566", "08593")
    with pytest.raises(AreaNotGranted):
        access.require_everywhere()


def test_no_area_granted_is_no_row_and_everywhere_is_every_row() -> None:
    def sql(access: Access) -> str:
        return str(access.within(column("area_code")).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]

    assert sql(Access("mai", READ.name, None)) == "true"
    assert "= ANY" in sql(Access("mai", READ.name, frozenset()))
