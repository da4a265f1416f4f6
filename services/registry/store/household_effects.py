"""What a change makes of households: before it is told, by what it would write; afterwards, by what it wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.registry.domain.household_state import HouseholdState
from services.registry.domain.timeline import BeforeRegistration, Version, after, at
from services.registry.store.household_changes import Book, Entry
from services.registry.store.household_history import ChangeOnRecord
from services.registry.store.household_versions import state_as_of
from shared.access import Access
from shared.db import Transaction

_JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class Effect:
    """A household on the day of a change, without it and with it. Without id: one that would be founded."""

    household_id: UUID | None
    before: HouseholdState | None
    after: HouseholdState | None


def effects_of(book: Book, entry: Entry) -> list[Effect]:
    """Return what an entry that is not written would make of households, in the order of its revisions."""
    found = []
    for household_id, revision in entry.revisions.items():
        known = book.timelines.get(household_id, ())
        effect = Effect(
            household_id if known else None,
            _on(known, entry),
            _on(after(known, revision), entry),
        )
        found.append(effect)
    return found


def _on(versions: Sequence[Version], entry: Entry) -> HouseholdState | None:
    try:
        return at(versions, entry.effective_on).state
    except BeforeRegistration:
        return None


async def effects_on_record(session: Transaction, access: Access, found: ChangeOnRecord) -> list[Effect]:
    """Return what a change made of the households that it touched, of those in the areas of an access."""
    effects = []
    for each in found.households:
        without = await state_as_of(session, each, on=found.effective_on, known_at=found.recorded_at - _JUST_BEFORE)
        with_it = await state_as_of(session, each, on=found.effective_on, known_at=found.recorded_at)
        if any(state is not None and access.covers(state.area_code) for state in (without, with_it)):
            effects.append(Effect(each, without, with_it))
    return effects
