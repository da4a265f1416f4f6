"""The versions of households: writing them, and reading a household as it was, or as it was known."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, RowMapping, or_, select, update

from services.registry.domain.household_state import HouseholdState
from services.registry.domain.timeline import Revision, Version
from services.registry.tables import HOUSEHOLD_VERSIONS
from shared.db import Transaction, among, copy_rows

_V = HOUSEHOLD_VERSIONS.c


def as_text(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a row with some of its documents as text, as COPY takes them."""
    return row | {name: orjson.dumps(row[name]).decode() for name in names}


def version_row(household_id: UUID, version: Version, now: datetime) -> dict[str, Any]:
    """Return the row of a version that is written now."""
    return {
        "household_id": household_id,
        "valid_from": version.valid_from,
        "valid_until": version.valid_until,
        "recorded_at": now,
        "change_id": version.change_id,
        "area_code": version.state.area_code,
        "people": len(version.state.members),
        "state": version.state.model_dump(mode="json", exclude_defaults=True, exclude={"area_code"}),
    }


def _version(row: RowMapping) -> Version:
    state = HouseholdState.model_validate({**row["state"], "area_code": row["area_code"]})
    return Version(state, row["valid_from"], row["valid_until"], row["change_id"], row["id"], row["recorded_at"])


async def timelines(session: Transaction, ids: Collection[UUID]) -> dict[UUID, list[Version]]:
    """Return what is known now of households, each in the order of time. The caller has locked them for a change."""
    found: dict[UUID, list[Version]] = defaultdict(list)
    query = select(HOUSEHOLD_VERSIONS).where(among(_V.household_id, ids), _V.superseded_at.is_(None))
    for row in (await session.execute(query.order_by(_V.household_id, _V.valid_from))).mappings():
        found[row["household_id"]].append(_version(row))
    return found


async def state_as_of(
    session: Transaction, household_id: UUID, *, on: date, known_at: datetime | None
) -> HouseholdState | None:
    """Return a household as it was on a day, as known at an instant or now; None when it was not in the book."""
    known: ColumnElement[bool] = _V.superseded_at.is_(None)
    if known_at is not None:
        known = (_V.recorded_at <= known_at) & or_(known, _V.superseded_at > known_at)
    holds = (_V.valid_from <= on) & (on < _V.valid_until)
    query = select(HOUSEHOLD_VERSIONS).where(_V.household_id == household_id, known, holds)
    row = (await session.execute(query)).mappings().one_or_none()
    return None if row is None else _version(row).state


async def write_revisions(session: Transaction, revisions: Mapping[UUID, Revision], *, by: UUID, now: datetime) -> None:
    """Put what is true since the change `by` in place of what was."""
    gone = [each.id for revision in revisions.values() for each in revision.superseded]
    await session.execute(
        update(HOUSEHOLD_VERSIONS).where(among(_V.id, gone)).values(superseded_at=now, superseded_by=by)
    )
    rows = [
        as_text(version_row(household_id, each, now), "state")
        for household_id, revision in revisions.items()
        for each in revision.written
    ]
    await copy_rows(session, HOUSEHOLD_VERSIONS, rows)


async def replaced_by(session: Transaction, change_id: UUID, ids: Collection[UUID]) -> dict[UUID, list[Version]]:
    """Return, by household, what held before a change took its place."""
    found: dict[UUID, list[Version]] = defaultdict(list)
    query = select(HOUSEHOLD_VERSIONS).where(among(_V.household_id, ids), _V.superseded_by == change_id)
    for row in (await session.execute(query.order_by(_V.household_id, _V.valid_from))).mappings():
        found[row["household_id"]].append(_version(row))
    return found


async def touched_by(session: Transaction, change_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return which households each change touched, in the order of ids."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    query = select(_V.change_id, _V.household_id).where(among(_V.change_id, change_ids)).distinct()
    for row in await session.execute(query.order_by(_V.change_id, _V.household_id)):
        found[row.change_id].append(row.household_id)
    return found
