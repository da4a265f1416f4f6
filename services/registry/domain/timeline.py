"""The versions of a household's state: each holds from a day to a day, and was known from an instant to an instant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from services.registry.domain.household_state import HouseholdState

OPEN_END = date.max  # `infinity` in the database


class BeforeRegistration(ValueError):
    """The household is not in the book on that day."""


@dataclass(frozen=True)
class Version:
    """A state that holds from `valid_from` until the day before `valid_until`, as known now.

    `change_id` is of the change that made it so, None for the registration; the last two are None when it is new.
    """

    state: HouseholdState
    valid_from: date
    valid_until: date = OPEN_END
    change_id: UUID | None = None
    id: int | None = None
    recorded_at: datetime | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether the state holds on a day."""
        return self.valid_from <= day < self.valid_until


class Revision(NamedTuple):
    """What becomes of versions by a change: those no longer true, and what is true instead."""

    superseded: Sequence[Version]
    written: Sequence[Version]


def at(versions: Sequence[Version], day: date) -> Version:
    """Return the version of a day, of versions in the order of time.

    Raises:
        BeforeRegistration: none holds yet.
    """
    found = next((each for each in versions if each.holds_on(day)), None)
    if found is None:
        raise BeforeRegistration(str(day))
    return found


def revised(
    versions: Sequence[Version],
    effective_on: date,
    change: Callable[[HouseholdState], HouseholdState],
    change_id: UUID,
    *,
    always: bool = False,
) -> Revision:
    """Return what a change from a day on makes of versions in the order of time.

    What begins later is changed too: a birth that is told late is a birth after the move as well. What `change` raises
    for any of them goes through. With `always` there is a new version though nothing in it differs.

    Raises:
        BeforeRegistration: no version holds on that day.
    """
    at(versions, effective_on)
    superseded, written = [], []
    for each in versions:
        if each.valid_until <= effective_on:
            continue
        changed = change(each.state)
        if changed == each.state and not always:
            continue
        superseded.append(each)
        begins = max(each.valid_from, effective_on)
        if each.valid_from < begins:
            written.append(Version(each.state, each.valid_from, begins, change_id))
        written.append(Version(changed, begins, each.valid_until, change_id))
    return Revision(superseded, written)


def undone(versions: Sequence[Version], change_id: UUID, replaced: Sequence[Version]) -> Revision:
    """Return what undoing a change makes of versions: `replaced`, which it had replaced, hold again."""
    gone = [each for each in versions if each.change_id == change_id]
    return Revision(gone, [replace(each, id=None, recorded_at=None) for each in replaced])


def after(versions: Sequence[Version], revision: Revision) -> list[Version]:
    """Return the versions in the order of time as a revision leaves them."""
    gone = {each.id for each in revision.superseded}
    left = [each for each in versions if each.id not in gone]
    return sorted([*left, *revision.written], key=lambda each: each.valid_from)
