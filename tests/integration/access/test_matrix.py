"""Every operation × role × relation of areas × ownership, answered by the real services as the table says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from deploy.access_page import declared
from shared import clock
from shared.access import PERMISSIONS, Reach, Role
from shared.access.roles import GRANTABLE
from shared.settings import SERVICES, ServiceName
from tests.integration.access.benefits_world import benefits_world
from tests.integration.access.indicators_world import indicators_world
from tests.integration.access.matrix import (
    RELATIONS,
    Operation,
    Relation,
    World,
    expected,
    rolling_back,
)
from tests.integration.access.notifications_world import notifications_world
from tests.integration.access.registry_world import registry_world
from tests.support.postgres import Databases

_WORLDS: dict[ServiceName, Callable[[str], Awaitable[World]]] = {
    "registry": registry_world,
    "benefits": benefits_world,
    "indicators": indicators_world,
    "notifications": notifications_world,
}
# Without a grant a person is any person; the public holds none.
_ASKED_BY = [
    *((role, relation) for role in GRANTABLE for relation in RELATIONS if relation != "none"),
    (Role.OPERATOR, "none"),
    (Role.MACHINE_CLIENT, "none"),
    (Role.PUBLIC, "none"),
]


@pytest.fixture(scope="module", params=SERVICES)
async def world(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[World]:
    """A service with records of one commune."""
    url = await databases.create(request.param)
    async with rolling_back(await _WORLDS[request.param](url)) as made:
        yield made
    await databases.drop(url)


def test_every_operation_is_in_the_matrix_with_the_permission_it_takes(world: World) -> None:
    rows: dict[str, set[str]] = {}
    for name, operation in world.operations.items():
        verb = operation.permission.partition(".")[2]
        of_kinds = "proposals.read" if verb == "read" else "proposals.decide"
        rows.setdefault(name.partition(" (")[0], set()).add(of_kinds if operation.kinds else operation.permission)
    found = list(declared(world.app.routes))
    assert len({each.name for each in found}) == len(found), "two operations of one name"
    wanted = {each.name: set(each.permissions) for each in found}
    assert rows == wanted, f"say in {world.service}_world.py how an operation is asked for"


def test_every_kind_of_proposal_is_in_the_matrix(world: World) -> None:
    rows = {name.partition(" (")[2].removesuffix(")") for name in world.operations} - {""}
    assert rows == {operation.kind for operation in world.app.state.operations}


@pytest.mark.parametrize(("role", "relation"), _ASKED_BY)
async def test_every_operation_answers_as_the_table_says(world: World, role: Role, relation: Relation) -> None:
    await world.hold(role, relation=relation)

    def wanted(operation: Operation, own: bool) -> str:
        return expected(operation, role, relation, own=own)

    assert await world.differences(wanted, world.identity()) == []


@pytest.mark.parametrize(
    "worthless",
    [
        {"valid_to": clock.today() - timedelta(days=1)},
        {"valid_from": clock.today() + timedelta(days=1)},
        {"revoked": True},
    ],
    ids=["ended yesterday", "begins tomorrow", "revoked"],
)
async def test_a_grant_that_is_not_in_force_is_worth_nothing(world: World, worthless: dict[str, Any]) -> None:
    await world.hold(*GRANTABLE, relation="everywhere", **worthless)

    def wanted(operation: Operation, own: bool) -> str:
        return expected(operation, Role.OPERATOR, "none", own=own)

    assert await world.differences(wanted, world.identity()) == []


async def test_a_machine_may_do_what_its_token_has_the_scope_for(world: World) -> None:
    await world.hold(Role.MACHINE_CLIENT, relation="everywhere")

    def wanted(operation: Operation, own: bool) -> str:
        answer = expected(operation, Role.MACHINE_CLIENT, "none", own=own)
        scoped = PERMISSIONS[operation.permission].reach not in (Reach.OPEN, Reach.SELF) and not operation.kinds
        return "scope_missing" if scoped else answer

    assert await world.differences(wanted, world.identity(scopes="openid")) == []
