"""The classes of households as their history of decisions gives them, on a day and as known at an instant."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from services.registry.domain.decisions import Decided, in_force, newly_escaped_until
from services.registry.store.ledger import decided
from services.registry.tables import CLASS_HISTORY, DECISIONS
from shared.db import Transaction, among
from shared.events.registry import Standing


async def standings_by_history(
    session: Transaction, ids: Collection[UUID], *, on: date | None = None, known_at: datetime | None = None
) -> dict[UUID, list[Standing]]:
    """Return the classes of households, by standard: by all decisions, or those of a day, recorded by an instant."""
    c = CLASS_HISTORY.c
    query = select(CLASS_HISTORY).join(DECISIONS, DECISIONS.c.id == c.decision_id).where(among(c.household_id, ids))
    if known_at is not None:
        query = query.where(DECISIONS.c.recorded_at <= known_at)
    known: dict[tuple[UUID, str], list[Decided]] = defaultdict(list)
    for row in await session.execute(query.order_by(c.household_id, c.standard, c.number)):
        known[row.household_id, row.standard].append(decided(row))
    found: dict[UUID, list[Standing]] = defaultdict(list)
    for (household_id, standard), history in known.items():
        classes = [each for each in in_force(history) if on is None or each.decided_on <= on]
        if classes:
            found[household_id].append(
                Standing(
                    standard=standard,
                    household_class=classes[-1].household_class,
                    decided_on=classes[-1].decided_on,
                    newly_escaped_until=newly_escaped_until(classes),
                )
            )
    return found
