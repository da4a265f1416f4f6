"""The classes of households as their history of decisions gives them, on a day and as known at an instant."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from services.registry.domain.decisions import in_force, newly_escaped_until
from services.registry.store.ledger import classes_of
from shared.db import Transaction
from shared.events.registry import Standing


async def standings_by_history(
    session: Transaction, ids: Collection[UUID], *, on: date | None = None, known_at: datetime | None = None
) -> dict[UUID, list[Standing]]:
    """Return the classes of households, by standard: by all decisions, or those of a day, recorded by an instant."""
    found: dict[UUID, list[Standing]] = defaultdict(list)
    for (household_id, standard), history in (await classes_of(session, ids)).items():
        known = [each for each in history if known_at is None or (each.recorded_at and each.recorded_at <= known_at)]
        classes = [each for each in in_force(known) if on is None or each.decided_on <= on]
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
