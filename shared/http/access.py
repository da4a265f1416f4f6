"""Every operation says which permission it takes: `needs("households.read")`, as a dependency of its route.

::

    Reading = Annotated[Access, needs("households.read")]

    @router.get("/households/{household_id}")
    async def get_household(tx: Tx, access: Reading, household_id: UUID) -> HouseholdView: ...

What the permission is worth to the request's actor is its `Access`, by which every query filters. It is asked before
anything else of the request is looked at: who may not is told so, whatever the body says.
"""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from structlog import get_logger

from shared import clock
from shared.access import PERMISSIONS, Access, Permission, Reach, Role
from shared.access.store import RoleMissing, WholePlatformNeeded, access_by, access_of, grants_of
from shared.db import Database, Transaction
from shared.http.actor import Principal, current_principal
from shared.http.problems import Phrases, Problem
from shared.http.transactions import Tx

_log = get_logger("shared.access")


def _refused(principal: Principal, permission: Permission, code: str) -> None:
    _log.warning("access_denied", subject=principal.subject, permission=permission.name, code=code)


def _names(roles: Collection[Role]) -> Phrases:
    return Phrases(tuple(f"role.{role}" for role in Role if role in roles))


async def access_to(session: Transaction, principal: Principal, permission: Permission) -> Access:
    """Return what a permission is worth to somebody today (Asia/Ho_Chi_Minh).

    Raises:
        Problem: 403 `permission_missing`, `whole_platform_needed`, or `scope_missing` of a machine's token.
    """
    if (
        principal.machine
        and permission.reach not in (Reach.SELF, Reach.KIND)
        and permission.name not in principal.scopes
    ):
        _refused(principal, permission, "scope_missing")
        raise Problem(403, "scope_missing", scope=permission.name)
    try:
        return await access_of(session, principal.subject, permission, clock.today())
    except RoleMissing as error:
        _refused(principal, permission, "permission_missing")
        raise Problem(403, "permission_missing", roles=_names(permission.roles)) from error
    except WholePlatformNeeded as error:
        _refused(principal, permission, "whole_platform_needed")
        raise Problem(403, "whole_platform_needed", roles=_names(permission.roles)) from error


async def accesses_to(session: Transaction, principal: Principal, names: Collection[str]) -> dict[str, Access]:
    """Return those of some permissions that somebody holds today, by name.

    Raises:
        Problem: 403 `permission_missing`, none of them.
    """
    grants = await grants_of(session, principal.subject, clock.today())
    held: dict[str, Access] = {}
    for name in names:
        if not principal.machine or name in principal.scopes:
            with contextlib.suppress(RoleMissing, WholePlatformNeeded):
                held[name] = access_by(PERMISSIONS[name], principal.subject, grants)
    if not held:
        roles = frozenset(role for name in names for role in PERMISSIONS[name].roles)
        _log.warning("access_denied", subject=principal.subject, permission=sorted(names), code="permission_missing")
        raise Problem(403, "permission_missing", roles=_names(roles))
    return held


@dataclass(frozen=True)
class Needs:
    """A dependency: what its permission is worth to the request's actor today."""

    permission: Permission
    comes_first = True

    async def __call__(self, tx: Tx, principal: Annotated[Principal, Depends(current_principal)]) -> Access:
        """Return the access. Raises as `access_to` does."""
        return await access_to(tx, principal, self.permission)


@dataclass(frozen=True)
class NeedsBeforehand:
    """As `Needs`, in a transaction of its own: a request that takes long holds no connection meanwhile."""

    permission: Permission
    comes_first = True

    async def __call__(self, request: Request, principal: Annotated[Principal, Depends(current_principal)]) -> Access:
        """Return the access. Raises as `access_to` does."""
        database: Database = request.app.state.database
        async with database.transaction() as session:
            return await access_to(session, principal, self.permission)


@dataclass(frozen=True)
class OpenToAll:
    """A dependency that says that everybody may, and asks nobody who they are."""

    permission: Permission
    comes_first = True

    async def __call__(self) -> None:
        """Do nothing."""


def needs(name: str, *, beforehand: bool = False) -> Any:
    """Return the dependency for a permission of the table; `beforehand` for requests that send files.

    Raises:
        KeyError: the table has no such permission.
    """
    permission = PERMISSIONS[name]
    if permission.reach is Reach.OPEN:
        return Depends(OpenToAll(permission))
    if beforehand:
        return Depends(NeedsBeforehand(permission), scope="function")
    return Depends(Needs(permission), scope="function")
