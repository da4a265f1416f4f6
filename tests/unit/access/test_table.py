"""The table of permissions: separated duties, roles with names, and a page that says the same."""

import pytest

from deploy.access_page import FILE, document
from shared.access import PERMISSIONS, Reach, Role
from shared.access.roles import GRANTABLE, TWO_PEOPLE
from shared.texts import has_text


@pytest.mark.parametrize(("prepare", "approve"), TWO_PEOPLE, ids="/".join)
def test_no_role_both_prepares_and_approves(prepare: str, approve: str) -> None:
    assert PERMISSIONS[prepare].roles
    assert PERMISSIONS[approve].roles
    assert not PERMISSIONS[prepare].roles & PERMISSIONS[approve].roles


def test_whatever_is_prepared_or_approved_stands_in_a_pair() -> None:
    sides = {name for pair in TWO_PEOPLE for name in pair}
    named = {each.name for each in PERMISSIONS.values() if each.reach is not Reach.KIND}
    assert {name for name in named if name.endswith((".prepare", ".approve", ".decide"))} <= sides


def test_only_what_is_open_is_the_publics() -> None:
    for permission in PERMISSIONS.values():
        assert (Role.PUBLIC in permission.roles) == (permission.reach is Reach.OPEN)
        assert permission.roles or permission.reach in (Reach.SELF, Reach.KIND)


def test_every_role_has_a_name_and_something_to_do() -> None:
    for role in Role:
        assert has_text(f"role.{role}")
    for role in GRANTABLE:
        assert any(
            role in permission.roles and permission.reach is not Reach.OWN for permission in PERMISSIONS.values()
        )


def test_the_page_says_what_the_table_says() -> None:
    assert FILE.read_text(encoding="utf-8") == document(), "run: python -m deploy.access_page"
