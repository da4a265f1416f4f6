"""Households that were split off others: what is decided about the time before concerns them too."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.registry.tables import CLASS_HISTORY
from shared.db import Transaction, among

# The household that a split founded is the one whose presence begins with it; a split that was undone founded none.
_SPLIT_OFF = text(
    """SELECT DISTINCT heir.household_id, origin.household_id AS origin_id, change.effective_on AS since
    FROM household_versions origin
    JOIN household_changes change ON change.id = origin.change_id AND change.kind = 'split'
    JOIN household_versions heir ON heir.change_id = change.id AND heir.household_id <> origin.household_id
    JOIN household_presence first ON first.household_id = heir.household_id AND first.number = 1
        AND first.cause = 'split' AND first.recorded_at = change.recorded_at
    WHERE origin.household_id = ANY(:ids)
        AND NOT EXISTS (SELECT FROM household_changes undoing WHERE undoing.undoes = change.id)
    ORDER BY since, heir.household_id"""
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))


@dataclass(frozen=True)
class Heir:
    """A household that was split off another on a day, with the classes that it had."""

    household_id: UUID
    origin_id: UUID
    since: date


async def heirs_of(session: Transaction, ids: Collection[UUID]) -> list[Heir]:
    """Return the households that were split off some, and those that were split off them, each after its origin."""
    found: list[Heir] = []
    origins = set(ids)
    while origins:
        heirs = [Heir(*row) for row in await session.execute(_SPLIT_OFF, {"ids": sorted(origins)})]
        found += heirs
        origins = {each.household_id for each in heirs}
    return found


async def brought_along(session: Transaction, heirs: Sequence[Heir], decision_id: UUID) -> Mapping[UUID, int]:
    """Return the numbers of the classes by a decision that households brought along, by household."""
    table = CLASS_HISTORY.c
    query = select(table.household_id, table.number).where(
        among(table.household_id, {each.household_id for each in heirs}),
        table.decision_id == decision_id,
        table.inherited_from.is_not(None),
    )
    return {row.household_id: row.number for row in await session.execute(query)} if heirs else {}
