"""Every operation of every service says which permission it takes; all that two people do is registered."""

from itertools import chain

import pytest

from deploy.access_page import app_of, declared
from shared.access import PERMISSIONS
from shared.access.roles import TWO_PEOPLE
from shared.settings import SERVICES

_APPS = [app_of(service) for service in SERVICES]
_ROUTES = list(chain.from_iterable(app.routes for app in _APPS))
DECLARED = {f"{each.method} {each.path}": each.permissions for each in declared(_ROUTES)}


@pytest.mark.parametrize("operation", DECLARED)
def test_an_operation_takes_exactly_one_permission(operation: str) -> None:
    assert len(DECLARED[operation]) == 1, f"give {operation} a dependency needs(…)"


def test_every_permission_of_the_table_is_taken_by_some_operation() -> None:
    by_kind = {name for app in _APPS for each in app.state.operations for name in (each.reading, each.approving)}
    taken = {name for names in DECLARED.values() for name in names}
    assert taken | by_kind == set(PERMISSIONS)


def test_every_service_keeps_its_own_copy_of_the_grants() -> None:
    assert all(f"{app.state.service}.access" in app.state.consumers for app in _APPS)


def test_whatever_is_approved_is_a_registered_kind_of_proposal() -> None:
    approving = {approve for _, approve in TWO_PEOPLE}
    registered = {each.approving for app in _APPS for each in app.state.operations}
    # A commune's decision is signed on paper; it is recorded here, and moves no money.
    assert approving - {"decisions.decide"} == registered
