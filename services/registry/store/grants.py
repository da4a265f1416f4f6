"""Grants of roles: proposed by one person, approved by another, revoked at once, following the areas they are in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, bindparam, insert, select, text, true, update

from services.registry.domain.areas import Area
from services.registry.domain.coverage import GRANTABLE_LEVELS, covered_communes
from services.registry.store.areas import every_area
from services.registry.tables import GRANTS
from shared.access import PERMISSIONS, Access, Role
from shared.clock import legal_date
from shared.db import Transaction
from shared.events.registry import GrantStated
from shared.http import Problem
from shared.ids import new_id
from shared.messaging.outbox import publish

BOOTSTRAP = "(bootstrap)"  # no name that a token or header may carry

# The tree of areas stands still while what a grant covers is read from it; who states areas restates grants.
_AREAS_STAND_STILL = text("LOCK TABLE areas IN SHARE MODE")
_ONE_BOOTSTRAP = text("LOCK TABLE grants IN SHARE ROW EXCLUSIVE MODE")
_LIVE = and_(GRANTS.c.approved_at.is_not(None), GRANTS.c.revoked_at.is_(None))
State = Literal["proposed", "approved", "revoked"]
_STATES: Mapping[State, ColumnElement[bool]] = {
    "proposed": and_(GRANTS.c.approved_at.is_(None), GRANTS.c.revoked_at.is_(None)),
    "approved": _LIVE,
    "revoked": GRANTS.c.revoked_at.is_not(None),
}
_RESTATE = update(GRANTS).where(GRANTS.c.id == bindparam("of_grant")).values(
    communes=bindparam("now_covered"), version=GRANTS.c.version + 1
)  # fmt: skip


class AdministratorsExist(Exception):
    """Two people can grant roles already; more grants are theirs to make."""


class AreaNotGrantable(ValueError):
    """No province, district or commune has the code on the day."""


@dataclass(frozen=True)
class Proposal:
    """A role for somebody in an area (None: everywhere), from day to day, both included."""

    subject: str
    role: Role
    area_code: str | None
    valid_from: date
    valid_to: date | None


def may_handle(access: Access) -> ColumnElement[bool]:
    """Return the condition that a grant lies within the areas of an access; one without an area takes everywhere."""
    if access.areas is None:
        return true()
    return and_(GRANTS.c.area_code.is_not(None), access.within_all(GRANTS.c.communes))


async def propose(session: Transaction, proposal: Proposal, access: Access, *, by: str, now: datetime) -> RowMapping:
    """Record a grant that another person is to approve.

    Raises:
        AreaNotGranted: it reaches beyond the areas of who proposes it.
        AreaNotGrantable: no unit of today has the code.
    """
    communes: Sequence[str] = ()
    if proposal.area_code is None:
        access.require_everywhere()
    else:
        communes = await _coverage(session, proposal.area_code, legal_date(now))
        access.require(*communes)
    row = _row(proposal, communes, by, now)
    await (await session.connection()).execute(insert(GRANTS), [row])
    return await grant(session, row["id"], access)


def _row(proposal: Proposal, communes: Sequence[str], by: str, now: datetime) -> dict[str, Any]:
    made = {"id": new_id(), "communes": list(communes), "version": 0, "prepared_by": by, "prepared_at": now}
    return asdict(proposal) | made


async def _coverage(session: Transaction, area_code: str, today: date) -> tuple[str, ...]:
    await session.execute(_AREAS_STAND_STILL)
    units = await every_area(session)
    if not any(_grantable(unit, area_code, today) for unit in units):
        raise AreaNotGrantable(area_code)
    return covered_communes(units, area_code, today)


def _grantable(unit: Area, code: str, today: date) -> bool:
    return unit.code == code and unit.level in GRANTABLE_LEVELS and unit.valid_on(today)


async def grant(session: Transaction, grant_id: UUID, access: Access, *, lock: bool = False) -> RowMapping:
    """Return a grant within the areas of an access; with `lock`, for a change.

    Raises:
        Problem: 404 `grant_not_found`.
    """
    query = select(GRANTS, may_handle(access).label("_within")).where(GRANTS.c.id == grant_id)
    query = query.with_for_update() if lock else query
    found = (await session.execute(query)).mappings().one_or_none()
    if found is None:
        raise Problem(404, "grant_not_found")
    if not found["_within"]:
        access.note_attempt([found["area_code"]])
        raise Problem(404, "grant_not_found")
    return found


async def page_of_grants(
    session: Transaction,
    access: Access,
    filters: Mapping[str, str | None],
    state: State | None,
    *,
    after: UUID | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Return grants, newest first, before an id, that have the values of `filters` in those columns."""
    query = select(GRANTS).where(may_handle(access)).order_by(GRANTS.c.id.desc()).limit(limit)
    for name, value in filters.items():
        query = query if value is None else query.where(GRANTS.c[name] == value)
    query = query if state is None else query.where(_STATES[state])
    query = query if after is None else query.where(GRANTS.c.id < after)
    return (await session.execute(query)).mappings().all()


async def approve(session: Transaction, grant_id: UUID, access: Access, *, by: str, now: datetime) -> RowMapping:
    """Approve a proposed grant as another person than who prepared it and than who gets it; it is in force at once.

    Raises:
        Problem: 404 `grant_not_found`, 409 `grant_not_open`, 403 `same_person` or `grant_to_oneself`.
        AreaNotGrantable: the unit is gone since.
    """
    found = await grant(session, grant_id, access, lock=True)
    if found["approved_at"] is not None or found["revoked_at"] is not None:
        raise Problem(409, "grant_not_open")
    if found["prepared_by"] == by:
        raise Problem(403, "same_person")
    if found["subject"] == by:
        raise Problem(403, "grant_to_oneself")
    values: dict[str, Any] = {"approved_by": by, "approved_at": now, "version": 1}
    if found["area_code"] is not None:
        values["communes"] = list(await _coverage(session, found["area_code"], legal_date(now)))
    await session.execute(update(GRANTS).where(GRANTS.c.id == grant_id).values(values))
    approved = await grant(session, grant_id, access)
    await publish(session, "registry", [stated(approved)])
    return approved


async def revoke(
    session: Transaction, grant_id: UUID, access: Access, *, reason: str, by: str, now: datetime
) -> RowMapping:
    """Take a grant back, or a proposal away; at once and by one person, since nobody gains a right by it.

    Raises:
        Problem: 404 `grant_not_found`, 409 `grant_not_open`: it was revoked before.
    """
    found = await grant(session, grant_id, access, lock=True)
    if found["revoked_at"] is not None:
        raise Problem(409, "grant_not_open")
    values = {"revoked_by": by, "revoked_at": now, "revocation_reason": reason, "version": found["version"] + 1}
    await session.execute(update(GRANTS).where(GRANTS.c.id == grant_id).values(values))
    revoked = await grant(session, grant_id, access)
    if revoked["approved_at"] is not None:
        await publish(session, "registry", [stated(revoked)])
    return revoked


def stated(row: RowMapping) -> GrantStated:
    """Return what is told of a grant that was approved."""
    return GrantStated(
        grant_id=row["id"],
        version=row["version"],
        subject=row["subject"],
        role=row["role"],
        area_code=row["area_code"],
        everywhere=row["area_code"] is None,
        communes=tuple(row["communes"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        revoked=row["revoked_at"] is not None,
    )


async def follow_areas(session: Transaction, today: date) -> int:
    """State again the grants whose areas cover other communes today than last stated; return how many.

    Whoever states areas calls it in the same transaction, and a worker each day, since units begin and end by date.
    """
    await session.execute(_AREAS_STAND_STILL)
    query = select(GRANTS).where(_LIVE, GRANTS.c.area_code.is_not(None)).order_by(GRANTS.c.id).with_for_update()
    live = (await session.execute(query)).mappings().all()
    if not live:
        return 0
    units = await every_area(session)
    covered = {code: covered_communes(units, code, today) for code in {row["area_code"] for row in live}}
    moved = [row for row in live if tuple(row["communes"]) != covered[row["area_code"]]]
    if moved:
        rows = [{"of_grant": row["id"], "now_covered": list(covered[row["area_code"]])} for row in moved]
        await (await session.connection()).execute(_RESTATE, rows)
        again = select(GRANTS).where(GRANTS.c.id.in_([row["id"] for row in moved])).order_by(GRANTS.c.id)
        restated = (await session.execute(again)).mappings().all()
        await publish(session, "registry", [stated(row) for row in restated])
    return len(moved)


async def bootstrap(session: Transaction, proposals: Iterable[Proposal], *, by: str, now: datetime) -> int:
    """Make the first grants, from the platform's own machine; return how many were new.

    `by` is who sits at the machine. What is there already stays as it is. A unit that is not known yet covers nothing
    until it is stated.

    Raises:
        AdministratorsExist: somebody is missing, but two people can grant roles already.
    """
    await session.execute(_AREAS_STAND_STILL)
    await session.execute(_ONE_BOOTSTRAP)
    live = (await session.execute(select(GRANTS).where(_LIVE))).mappings().all()
    known = {(row["subject"], row["role"], row["area_code"]) for row in live}
    missing = [each for each in proposals if (each.subject, each.role, each.area_code) not in known]
    if not missing:
        return 0
    if _two_can_grant(live, legal_date(now)):
        raise AdministratorsExist
    units = await every_area(session)
    approved = {"approved_by": f"{BOOTSTRAP} {by}", "approved_at": now, "version": 1}
    rows = []
    for proposal in missing:
        communes = () if proposal.area_code is None else covered_communes(units, proposal.area_code, legal_date(now))
        rows.append(_row(proposal, communes, BOOTSTRAP, now) | approved)
    await (await session.connection()).execute(insert(GRANTS), rows)
    made = select(GRANTS).where(GRANTS.c.id.in_([row["id"] for row in rows])).order_by(GRANTS.c.id)
    await publish(session, "registry", [stated(row) for row in (await session.execute(made)).mappings()])
    return len(rows)


def _two_can_grant(live: Sequence[RowMapping], today: date) -> bool:
    def holders(permission: str) -> set[str]:
        roles = PERMISSIONS[permission].roles
        return {
            row["subject"]
            for row in live
            if row["role"] in roles
            and row["area_code"] is None
            and row["valid_from"] <= today
            and (row["valid_to"] is None or today <= row["valid_to"])
        }

    prepare, approve_ = holders("grants.prepare"), holders("grants.approve")
    return bool(prepare and approve_) and len(prepare | approve_) > 1


def state_of(row: RowMapping) -> State:
    """Return how a grant stands. Whether it is in force is a matter of its days too."""
    if row["revoked_at"] is not None:
        return "revoked"
    return "proposed" if row["approved_at"] is None else "approved"
