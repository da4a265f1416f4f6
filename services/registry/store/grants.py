"""Grants of roles: made by two people, revoked at once, following the areas that they are in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, insert, select, text, update

from services.registry.domain.areas import Area
from services.registry.domain.coverage import GRANTABLE_LEVELS, covered_communes
from services.registry.domain.successions import Succession
from services.registry.store.areas import every_area
from services.registry.store.successions import every_succession
from services.registry.tables import GRANT_MOVES, GRANTS
from shared.access import PERMISSIONS, Access, Role
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.events.registry import GrantStated
from shared.http import Problem
from shared.ids import new_id
from shared.messaging.outbox import publish

State = Literal["approved", "revoked"]
BOOTSTRAP = "(bootstrap)"  # no name that a token or header may carry

# The tree of areas stands still while what a grant covers is read from it; who states areas restates grants.
_AREAS_STAND_STILL = text("LOCK TABLE areas IN SHARE MODE")
_ONE_BOOTSTRAP = text("LOCK TABLE grants IN SHARE ROW EXCLUSIVE MODE")
_LIVE = GRANTS.c.revoked_at.is_(None)
_RESTATE = (
    update(GRANTS)
    .where(GRANTS.c.id == bindparam("of_grant"))
    .values(communes=bindparam("now_covered"), version=GRANTS.c.version + 1)
)


_MOVE = _RESTATE.values(area_code=bindparam("to"))


class AdministratorsExist(Exception):
    """Two people can grant roles already; more grants are theirs to make."""


class AreaNotGrantable(ValueError):
    """No province, district or commune has the code on the day."""


@dataclass(frozen=True)
class NewGrant:
    """A role for somebody in an area (None: everywhere), from day to day, both included."""

    subject: str
    role: Role
    area_code: str | None
    valid_from: date
    valid_to: date | None


async def refuse_unknown_area(session: Transaction, area_code: str | None, today: date) -> None:
    """Pass for everywhere and for a unit of today in which a role can be granted.

    Raises:
        AreaNotGrantable: it is none.
    """
    if area_code is not None and not any(_grantable(unit, area_code, today) for unit in await every_area(session)):
        raise AreaNotGrantable(area_code)


def _grantable(unit: Area, code: str, today: date) -> bool:
    return unit.code == code and unit.level in GRANTABLE_LEVELS and unit.valid_on(today)


async def make(
    session: Transaction, grant_id: UUID, new: NewGrant, *, prepared_by: str, approved_by: str, now: datetime
) -> None:
    """Write a grant that two people have made, and tell of it; it is in force at once.

    Raises:
        Problem: 403 `grant_to_oneself`; nobody approves a role for themselves.
        AreaNotGrantable: the unit is gone since it was proposed.
    """
    if approved_by == new.subject:
        raise Problem(403, "grant_to_oneself")
    await session.execute(_AREAS_STAND_STILL)
    await refuse_unknown_area(session, new.area_code, legal_date(now))
    row = _row(grant_id, new, await _tree(session), now) | {"prepared_by": prepared_by, "approved_by": approved_by}
    await _write(session, [row])


@dataclass(frozen=True)
class _Tree:
    """Every unit of whatever time, and which took over which."""

    units: Sequence[Area]
    successions: Sequence[Succession]

    def covered(self, code: str, on: date) -> tuple[str, ...]:
        return covered_communes(self.units, code, on, self.successions)


async def _tree(session: Transaction) -> _Tree:
    return _Tree(await every_area(session), await every_succession(session))


def _row(grant_id: UUID, new: NewGrant, tree: _Tree, now: datetime) -> dict[str, Any]:
    communes = () if new.area_code is None else tree.covered(new.area_code, legal_date(now))
    return asdict(new) | {"id": grant_id, "communes": list(communes), "approved_at": now, "version": 1}


async def _write(session: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    await (await session.connection()).execute(insert(GRANTS), list(rows))
    await _tell(session, [row["id"] for row in rows])


async def _tell(session: Transaction, ids: Sequence[UUID]) -> None:
    rows = await session.execute(select(GRANTS).where(GRANTS.c.id.in_(ids)).order_by(GRANTS.c.id))
    await publish(session, "registry", [_stated(row) for row in rows.mappings()])


def _stated(row: RowMapping) -> GrantStated:
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


async def grant(session: Transaction, grant_id: UUID, access: Access, *, lock: bool = False) -> RowMapping:
    """Return a grant in the areas of an access; with `lock`, for a change.

    Raises:
        Problem: 404 `grant_not_found`.
    """
    query = select(GRANTS).where(GRANTS.c.id == grant_id)
    found = (await session.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if found is None:
        raise Problem(404, "grant_not_found")
    access.admit(found["area_code"], Problem(404, "grant_not_found"))
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
    query = select(GRANTS).where(access.within(GRANTS.c.area_code)).order_by(GRANTS.c.id.desc()).limit(limit)
    for name, value in filters.items():
        query = query if value is None else query.where(GRANTS.c[name] == value)
    if state is not None:
        query = query.where(_LIVE if state == "approved" else ~_LIVE)
    query = query if after is None else query.where(GRANTS.c.id < after)
    return (await session.execute(query)).mappings().all()


async def revoke(
    session: Transaction, grant_id: UUID, access: Access, *, reason: str, by: str, now: datetime
) -> RowMapping:
    """Take a grant back; at once and by one person, since nobody gains a right by it.

    Raises:
        Problem: 404 `grant_not_found`, 409 `grant_revoked`.
    """
    found = await grant(session, grant_id, access, lock=True)
    if found["revoked_at"] is not None:
        raise Problem(409, "grant_revoked")
    values = {"revoked_by": by, "revoked_at": now, "revocation_reason": reason, "version": found["version"] + 1}
    await session.execute(update(GRANTS).where(GRANTS.c.id == grant_id).values(values))
    await _tell(session, [grant_id])
    return await grant(session, grant_id, access)


async def follow_areas(session: Transaction, today: date) -> int:
    """State again the grants whose areas cover other communes today than last stated; return how many.

    Whoever states areas calls it in the same transaction, and a worker now and then, since units begin and end by date.
    """
    await session.execute(_AREAS_STAND_STILL)
    query = select(GRANTS).where(_LIVE, GRANTS.c.area_code.is_not(None)).order_by(GRANTS.c.id).with_for_update()
    live = (await session.execute(query)).mappings().all()
    if not live:
        return 0
    tree = await _tree(session)
    covered = {code: tree.covered(code, today) for code in {row["area_code"] for row in live}}
    moved = [row for row in live if tuple(row["communes"]) != covered[row["area_code"]]]
    if moved:
        rows = [{"of_grant": row["id"], "now_covered": list(covered[row["area_code"]])} for row in moved]
        await (await session.connection()).execute(_RESTATE, rows)
        await _tell(session, [row["id"] for row in moved])
    return len(moved)


async def move_grants(session: Transaction, reorganisation_id: UUID, way: Mapping[str, str], *, today: date) -> int:
    """Let live grants in units of a reorganisation go on where their households go; return how many."""
    old = GRANTS.c.area_code
    query = select(GRANTS.c.id, old).where(_LIVE, among(old, way)).order_by(GRANTS.c.id).with_for_update()
    moves = [
        {"reorganisation_id": reorganisation_id, "grant_id": row.id, "old_code": row[1], "new_code": way[row[1]]}
        for row in await session.execute(query)
    ]
    if moves:
        await (await session.connection()).execute(insert(GRANT_MOVES), moves)
    return await _moved(session, {move["grant_id"]: move["new_code"] for move in moves}, today)


async def move_grants_back(session: Transaction, reorganisation_id: UUID, *, today: date) -> int:
    """Let grants that a reorganisation moved be in the units in which they were; return how many."""
    query = select(GRANT_MOVES.c.grant_id, GRANT_MOVES.c.old_code).join(GRANTS, GRANTS.c.id == GRANT_MOVES.c.grant_id)
    query = query.where(GRANT_MOVES.c.reorganisation_id == reorganisation_id, _LIVE)
    rows = await session.execute(query.order_by(GRANTS.c.id).with_for_update(of=GRANTS))
    return await _moved(session, {row.grant_id: row.old_code for row in rows}, today)


async def _moved(session: Transaction, areas: Mapping[UUID, str], today: date) -> int:
    if not areas:
        return 0
    tree = await _tree(session)
    covered = {code: list(tree.covered(code, today)) for code in set(areas.values())}
    rows = [{"of_grant": each, "to": code, "now_covered": covered[code]} for each, code in areas.items()]
    await (await session.connection()).execute(_MOVE, rows)
    await _tell(session, list(areas))
    return len(areas)


async def bootstrap(session: Transaction, wanted: Iterable[NewGrant], *, by: str, now: datetime) -> int:
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
    missing = [each for each in wanted if (each.subject, each.role, each.area_code) not in known]
    if not missing:
        return 0
    if _two_can_grant(live, legal_date(now)):
        raise AdministratorsExist
    tree = await _tree(session)
    people = {"prepared_by": BOOTSTRAP, "approved_by": f"{BOOTSTRAP} {by}"}
    await _write(session, [_row(new_id(), each, tree, now) | people for each in missing])
    return len(missing)


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

    proposing, approving = holders("grants.prepare"), holders("grants.approve")
    return bool(proposing and approving) and len(proposing | approving) > 1
