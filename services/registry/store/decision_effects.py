"""What a decision does: the classes and standings of its households, and what is told of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Text, Uuid, bindparam, insert, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from services.registry.domain.decisions import Classified, Decided, in_force, last_on, newly_escaped_until
from services.registry.domain.households import Outline
from services.registry.domain.movements import Presence, state_on
from services.registry.store.decisions import ClassDecided, Decision
from services.registry.store.heirs import Heir
from services.registry.store.statements import household_stated
from services.registry.tables import CLASS_HISTORY, DECISIONS, HOUSEHOLDS
from shared.db import Transaction, among, copy_rows
from shared.events.registry import HouseholdClassified, Standing
from shared.messaging.outbox import EncodedEvent

# One statement for a thousand households: their rows are locked, so none of another decision comes between.
_STAND = text(
    """
    INSERT INTO standings (household_id, standard, household_class, decided_on, newly_escaped_until)
    SELECT * FROM unnest(:household_ids, :standards, :classes, :days, :escapes)
    ON CONFLICT (household_id, standard) DO UPDATE SET household_class = excluded.household_class,
        decided_on = excluded.decided_on, newly_escaped_until = excluded.newly_escaped_until
    """
).bindparams(
    bindparam("household_ids", type_=ARRAY(Uuid)),
    bindparam("standards", type_=ARRAY(Text)),
    bindparam("classes", type_=ARRAY(Text)),
    bindparam("days", type_=ARRAY(Date)),
    bindparam("escapes", type_=ARRAY(Date)),
)


@dataclass(frozen=True)
class Given:
    """A class for a household: one that the decision names, or one that was split off such, then with the day."""

    household_id: UUID
    classified: Classified
    heir: Heir | None = None


@dataclass(frozen=True)
class Taken:
    """What a decision does to one household, and how the household stands after it: all its classes, and the last."""

    given: Given
    decided: ClassDecided
    classes: Sequence[Decided]
    standing: Standing
    is_there: bool


def taken_of(
    given: Given,
    decision_id: UUID,
    presence: Mapping[UUID, Sequence[Presence]],
    history: Mapping[UUID, Sequence[Decided]],
) -> Taken:
    """Return what a decision does to a household, by its presence and the classes that it has so far."""
    household_id, classified = given.household_id, given.classified
    assessment, first_day = classified.assessment, given.heir.since if given.heir else date.min
    decided = ClassDecided(
        household_id=household_id,
        standard=assessment.standard,
        number=classified.number,
        decision_id=decision_id,
        assessment_id=assessment.id,
        household_class=classified.household_class,
        previous_class=classified.previous,
        transition=classified.transition,
        decided_on=classified.holds_from,
        people=state_on(presence[household_id], max(classified.holds_from, first_day)).people,
        corrects=classified.corrects,
        inherited_from=given.heir and given.heir.origin_id,
    )
    own = Decided(decided.number, decided.household_class, decided.decided_on, decision_id, decided.corrects)
    classes = [*history.get(household_id, ()), own]
    standing = in_force(classes)
    now_standing = Standing(
        standard=assessment.standard,
        household_class=standing[-1].household_class,
        decided_on=standing[-1].decided_on,
        newly_escaped_until=newly_escaped_until(standing),
    )
    is_there = state_on(presence[household_id], date.max).present
    return Taken(given, decided, classes, now_standing, is_there)


async def write(
    session: Transaction, signed: Sequence[dict[str, Any]], taken: Sequence[Taken], *, by: str, now: datetime
) -> None:
    """Write decisions as signed with the classes and standings of their households, whose versions count up.

    No household is of two of the decisions.
    """
    connection = await session.connection()
    await connection.execute(insert(DECISIONS), [each | {"recorded_by": by, "recorded_at": now} for each in signed])
    await copy_rows(session, CLASS_HISTORY, [each.decided.model_dump() for each in taken])
    there = [each for each in taken if each.is_there]  # what ended since has a class then, and none today
    standings = [each.standing for each in there]
    await session.execute(
        _STAND,
        {
            "household_ids": [each.decided.household_id for each in there],
            "standards": [each.standard for each in standings],
            "classes": [each.household_class for each in standings],
            "days": [each.decided_on for each in standings],
            "escapes": [each.newly_escaped_until for each in standings],
        },
    )
    ids = [each.decided.household_id for each in taken]
    await session.execute(
        update(HOUSEHOLDS).where(among(HOUSEHOLDS.c.id, ids)).values(version=HOUSEHOLDS.c.version + 1)
    )


def events(
    decision: Decision, taken: Sequence[Taken], outlines: Mapping[UUID, Outline], now: datetime
) -> list[EncodedEvent]:
    """Return what is told of each household as it is now; thousands of events take too long for the event loop."""
    ordered = sorted(taken, key=lambda each: each.decided.household_id)
    return [
        EncodedEvent.of(event)
        for each in ordered
        for event in (*_classified(decision, each), household_stated(outlines[each.decided.household_id], now))
    ]


def _classified(decision: Decision, taken: Taken) -> Iterator[HouseholdClassified]:
    """Yield what is told of the class: of who was split off since, from its first day on, if it holds then."""
    decided, classified, heir = taken.decided, taken.given.classified, taken.given.heir
    if heir is not None:
        then = last_on(taken.classes, heir.since)
        if then is None or then.number != decided.number:
            return
    yield HouseholdClassified(
        household_id=decided.household_id,
        decision_id=decision.id,
        decision_number=decision.number,
        standard=decided.standard,
        household_class=decided.household_class,
        previous_class=decided.previous_class,
        transition=decided.transition if heir is None else None,
        area_code=decision.area_code,
        people=decided.people,
        b1_points=classified.assessment.b1_points,
        b2_points=classified.assessment.b2_points,
        deprivations=classified.assessment.deprivations,
        decided_on=max(decided.decided_on, heir.since) if heir else decided.decided_on,
        corrects_decision_id=decision.corrects,
        in_force=classified.in_force,
    )
