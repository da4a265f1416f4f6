"""Reading the projection: which grants somebody holds on a day, and what they amount to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, or_, select

from shared.access.access import Access
from shared.access.roles import Permission, Reach
from shared.access.tables import access_grants
from shared.db import Prepared, Transaction


class RoleMissing(Exception):
    """The actor holds no role that has the permission."""


class WholePlatformNeeded(Exception):
    """The permission takes a grant without an area, and the actor's grants have areas."""


@dataclass(frozen=True)
class Grant:
    """A grant as projected, in force on the day asked about."""

    role: str
    area_code: str | None
    everywhere: bool
    communes: tuple[str, ...]
    valid_from: date
    valid_to: date | None


_COLUMNS = [access_grants.c[name] for name in Grant.__dataclass_fields__]


_g = access_grants.c
_IN_FORCE = Prepared(
    select(*_COLUMNS)
    .where(_g.subject == bindparam("subject"), _g.revoked.is_(False), _g.valid_from <= bindparam("today"))
    .where(or_(_g.valid_to.is_(None), _g.valid_to >= bindparam("today")))
    .order_by(_g.role, _g.area_code, _g.grant_id)
)


async def grants_of(session: Transaction, subject: str, today: date) -> Sequence[Grant]:
    """Return the grants that somebody holds on a day in law (Asia/Ho_Chi_Minh)."""
    rows = await _IN_FORCE.rows(session, subject=subject, today=today)
    return [Grant(**{**row, "communes": tuple(row["communes"])}) for row in rows]


def access_by(permission: Permission, subject: str, grants: Collection[Grant]) -> Access:
    """Return what grants give somebody of a permission.

    Raises:
        RoleMissing, WholePlatformNeeded: nothing.
    """
    if permission.reach in (Reach.SELF, Reach.KIND):
        return Access(subject, permission.name, frozenset())
    held = [grant for grant in grants if grant.role in permission.roles]
    if not held:
        raise RoleMissing
    if any(grant.everywhere for grant in held):
        return Access(subject, permission.name, None)
    if permission.reach is Reach.PLATFORM:
        raise WholePlatformNeeded
    in_being = [grant for grant in held if grant.communes]  # an area that has ended covers nothing
    areas = frozenset(code for grant in in_being for code in (grant.area_code, *grant.communes) if code is not None)
    return Access(subject, permission.name, areas)


async def access_of(session: Transaction, subject: str, permission: Permission, today: date) -> Access:
    """Return what somebody may do with a permission on a day.

    Raises:
        RoleMissing, WholePlatformNeeded: nothing.
    """
    return access_by(permission, subject, await grants_of(session, subject, today))
