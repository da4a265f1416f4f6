"""How households come on and off the poor and near-poor lists: the entries that the official movement tables add up.

What is on a list follows from two histories of a household: where it lives with how many people (presence), and the
classes that decisions gave it under a standard. `movements` works out from them every entry of the ledger; `restated`
says which entries a ledger lacks and which of its entries have to be taken back, since no entry is ever changed. Units
are households and people (hộ, nhân khẩu), days are dates in law.

The lines are those of the movement tables (Circular 07/2021/TT-BLĐTBXH, Annex VII): a class that changes is a
`Transition`; a household or person that comes or goes while the class stays is `other_increase` or `other_decrease`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.registry.domain.transitions import transition
from shared.events.registry import HouseholdClass, Transition

Line = Transition | Literal["other_increase", "other_decrease"]
Cause = Literal[
    "registered", "moved", "reorganised", "split", "merged", "dissolved", "restored", "member_joined", "member_left",
]  # fmt: skip
LISTS: tuple[HouseholdClass, ...] = ("poor", "near_poor")


@dataclass(frozen=True)
class Presence:
    """From a day on a household has more or fewer people, lives elsewhere, ends or is there again.

    `people` is a difference, so that what is told late leaves later changes right; `area_code` and `present` are None
    where they stay. The first presence of a household says all three. A household that was registered counts as there
    before too: decisions taken over from paper are older than its registration.
    """

    on: date
    people: int
    cause: Cause
    recorded_at: datetime
    area_code: str | None = None
    present: bool | None = None


@dataclass(frozen=True)
class ClassGiven:
    """A class from a day on, by a decision; one that another decision corrected is not among them."""

    on: date
    household_class: HouseholdClass
    decision_id: UUID
    recorded_at: datetime


@dataclass(frozen=True)
class Movement:
    """One entry: a household, or people of it, in one line of the movement tables.

    `household_class` is the class after a transition, and the list that an other increase or decrease is of.
    `other_area` is where the household came from or went to: within an area that holds both nothing moved.
    `households` and `people` are how many; they are negative only in an entry that takes another back.
    """

    on: date
    line: Line
    household_class: HouseholdClass
    area_code: str
    households: int
    people: int
    other_area: str | None = None
    cause: Cause | None = None
    decision_id: UUID | None = None

    @property
    def reversed(self) -> "Movement":
        """The entry that takes this one back."""
        return replace(self, households=-self.households, people=-self.people)


@dataclass(frozen=True)
class State:
    """A household at a moment; `household_class` is None where nothing was decided."""

    area_code: str
    people: int
    present: bool
    household_class: HouseholdClass | None = None

    @property
    def on_a_list(self) -> bool:
        """Whether it is on the poor or near-poor list."""
        return self.present and self.household_class in LISTS

    def after(self, change: Presence) -> "State":
        """Return the state that a change of presence makes."""
        return State(
            area_code=change.area_code or self.area_code,
            people=self.people + change.people,
            present=self.present if change.present is None else change.present,
            household_class=self.household_class,
        )


def state_on(presence: Sequence[Presence], day: date) -> State:
    """Return where a household lives on a day and with how many people; `presence` as recorded, the first first."""
    state, later = _begun(presence)
    for change in sorted(later, key=_order):
        if change.on <= day:
            state = state.after(change)
    return state


def movements(presence: Sequence[Presence], classes: Iterable[ClassGiven]) -> list[Movement]:
    """Return every entry of a household under one standard, oldest first.

    `presence` is in the order in which it was recorded. What falls on one day counts in the order of recording.
    """
    state, later = _begun(presence)
    history: list[HouseholdClass] = []
    entries: list[Movement] = []
    facts: list[Presence | ClassGiven] = [*later, *classes]
    for fact in sorted(facts, key=_order):
        if isinstance(fact, Presence):
            after = state.after(fact)
            entries += _of_presence(state, after, fact)
        else:
            after = State(state.area_code, state.people, state.present, fact.household_class)
            line = transition(history, fact.household_class)
            history.append(fact.household_class)
            if line is not None and state.present:
                entries.append(
                    Movement(
                        on=fact.on,
                        line=line,
                        household_class=fact.household_class,
                        area_code=state.area_code,
                        households=1,
                        people=state.people,
                        decision_id=fact.decision_id,
                    )
                )
        state = after
    return entries


def restated(
    recorded: Mapping[UUID, Movement], wanted: Iterable[Movement]
) -> tuple[list[tuple[UUID, Movement]], list[Movement]]:
    """Return what makes a ledger right: (entry, its reversal) for each that no longer holds, and the entries it lacks.

    `recorded` are the entries that stand, which no other takes back.
    """
    lacking = Counter(wanted)
    reversals = []
    for entry_id, entry in recorded.items():
        if lacking[entry]:
            lacking[entry] -= 1
        else:
            reversals.append((entry_id, entry.reversed))
    return reversals, list(lacking.elements())


def _begun(presence: Sequence[Presence]) -> tuple[State, Sequence[Presence]]:
    """Return the state before all changes, and the changes."""
    first = presence[0]
    if first.cause != "registered":
        return State(first.area_code or "", 0, present=False), presence
    return State(first.area_code or "", first.people, present=True), presence[1:]


def _order(fact: Presence | ClassGiven) -> tuple[date, datetime, bool]:
    return fact.on, fact.recorded_at, isinstance(fact, ClassGiven)


def _of_presence(before: State, after: State, change: Presence) -> list[Movement]:
    """Return what a change of presence does to the list that the household is on.

    Who moves with fewer people than lived there leaves them first, so that all move who arrive.
    """
    if before.household_class not in LISTS:
        return []
    on_list, day, cause = before.household_class, change.on, change.cause
    if before.present and after.present:
        entries = []
        gained = after.people - before.people
        if gained:
            line: Line = "other_increase" if gained > 0 else "other_decrease"
            entries.append(Movement(day, line, on_list, before.area_code, 0, abs(gained), None, cause))
        if after.area_code != before.area_code:
            here, there = before.area_code, after.area_code
            entries.append(Movement(day, "other_decrease", on_list, here, 1, after.people, there, cause))
            entries.append(Movement(day, "other_increase", on_list, there, 1, after.people, here, cause))
        return entries
    if before.present:
        return [Movement(day, "other_decrease", on_list, before.area_code, 1, before.people, None, cause)]
    if after.present:
        return [Movement(day, "other_increase", on_list, after.area_code, 1, after.people, None, cause)]
    return []
