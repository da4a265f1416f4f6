"""Taking and reading the decisions of communes."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import Date, RowMapping, Text, Uuid, bindparam, exists, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from services.registry.domain.areas import Name, cleaned
from services.registry.domain.decisions import (
    Assessed,
    Classified,
    Decided,
    DecisionFault,
    DecisionRefused,
    decide,
    in_force,
    last_on,
    newly_escaped_until,
    passed_on,
)
from services.registry.domain.households import Outline
from services.registry.domain.movements import Presence, state_on
from services.registry.domain.review_rules import rules_on
from services.registry.domain.rounds import StepFault, Steps
from services.registry.domain.standards import standards
from services.registry.store.areas import communes
from services.registry.store.heirs import Heir, brought_along, heirs_of
from services.registry.store.household_changes import lock
from services.registry.store.households import outlines_of
from services.registry.store.ledger import Entry, classes_of, entries_for, presences, restate
from services.registry.store.rounds import decide_cases, locked_cases, round_by_id, under_review
from services.registry.store.statements import household_stated
from services.registry.tables import ASSESSMENTS, CLASS_HISTORY, DECISIONS, HOUSEHOLDS
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among, copy_rows
from shared.events.registry import HouseholdClass, HouseholdClassified, Standing, Transition
from shared.http import FieldProblem, Problem
from shared.ids import new_id
from shared.messaging.outbox import EncodedEvent, publish_many

Number = Annotated[str, Field(min_length=1, max_length=60, examples=["215/QĐ-UBND"]), BeforeValidator(cleaned)]
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
_FIELDS = {"not_yet": "decided_on", "not_a_commune_then": "area_code"}


class DecisionOrder(BaseModel):
    """A decision of the chair of a commune's People's Committee, as signed on paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area_code: str = Field(max_length=12, examples=["08566"])
    number: Number
    decided_on: date = Field(examples=["2026-11-20"])
    signed_by: Name = Field(examples=["Nguyễn Văn Bình"])
    corrects: UUID | None = Field(
        default=None,
        description="the decision that this one corrects: the classes hold from that one's date, in place of its own",
    )
    round_id: UUID | None = Field(
        default=None,
        description="the review round that ends with the decision; without one it is taken over from paper",
    )
    assessment_ids: list[UUID] = Field(min_length=1, max_length=1000)


class ClassDecided(BaseModel):
    """A class that a decision gave a household, from `decided_on` on, told as it was known then."""

    model_config = ConfigDict(frozen=True)

    household_id: UUID
    standard: str
    number: int = Field(description="counts the household's decisions under the standard as recorded, from 1")
    decision_id: UUID
    assessment_id: UUID
    household_class: HouseholdClass
    previous_class: HouseholdClass | None
    transition: Transition | None
    decided_on: date
    people: int
    corrects: int | None = Field(description="the number of the class in whose place this one stands")
    inherited_from: UUID | None = Field(description="the household that this one was split off with its classes")


class Decision(BaseModel):
    """A decision that was taken, with what it did to each household."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    area_code: str
    number: str
    decided_on: date
    signed_by: str
    standard: str
    corrects: UUID | None
    round_id: UUID | None
    classes: tuple[ClassDecided, ...]
    movements: tuple[Entry, ...] = Field(description="what the decision added to the ledger; reversals say of what")


async def take_decision(
    session: Transaction, access: Access, order: DecisionOrder, *, by: str, now: datetime
) -> Decision:
    """Take a decision: classes, history, standings and events of all its households at once.

    Households are locked in the order of their ids first; whoever decides about the same ones waits, then sees what was
    decided here. Assessments of households outside the areas of the access are as unknown as if there were none.

    Raises:
        Problem: 422 `decision_refused`, 409 `decision_conflict`; the errors name what is at fault.
    """
    ids, heirs = await _lock_households(session, order.assessment_ids)
    everybody = {*ids, *(each.household_id for each in heirs)}
    presence = await presences(session, everybody)
    found = await _assessed(session, order, presence)
    access.note_attempt(each.area_code for each in found.values())
    assessments = {key: each for key, each in found.items() if access.covers(each.area_code)}
    known = await classes_of(session, everybody, {each.standard for each in assessments.values()})
    history = {household_id: classes for (household_id, _), classes in known.items()}
    review = await _review(session, access, order, assessments.values(), today=legal_date(now))
    classified = await _decided(session, order, assessments, history, review, legal_date(now))
    decision_id, standard = new_id(), classified[0].assessment.standard
    given = [_Given(each.assessment.household_id, each) for each in classified]
    given += await _passed_on(session, order, heirs, given, history)
    taken = [_taken(each, decision_id, presence, history) for each in given]
    signed = {"id": decision_id, **order.model_dump(exclude={"assessment_ids"}), "standard": standard}
    await _write(session, signed, taken, by=by, now=now)
    if order.round_id is not None:
        await decide_cases(session, order.round_id, ids, decision_id, order.decided_on)
    classes = {(each.decided.household_id, standard): each.classes for each in taken}
    entries = await restate(session, classes, presence, by=by, now=now, decision_id=decision_id)
    own = tuple(each.decided for each in taken if each.decided.inherited_from is None)
    decision = Decision(**signed, classes=own, movements=tuple(entries))
    outlines = await outlines_of(session, [each.decided.household_id for each in taken])
    await publish_many(session, "registry", await asyncio.to_thread(_events, decision, taken, outlines, now))
    return decision


@dataclass(frozen=True)
class _Given:
    """A class for a household: one that the decision names, or one that was split off such, then with the day."""

    household_id: UUID
    classified: Classified
    heir: Heir | None = None


@dataclass(frozen=True)
class _Taken:
    """What a decision does to one household, and how the household stands after it: all its classes, and the last."""

    given: _Given
    decided: ClassDecided
    classes: Sequence[Decided]
    standing: Standing
    is_there: bool


async def _lock_households(
    session: Transaction, assessment_ids: Collection[UUID]
) -> tuple[Sequence[UUID], Sequence[Heir]]:
    """Lock the households that assessments are of, and those that were split off them; return both."""
    named = select(ASSESSMENTS.c.household_id).where(among(ASSESSMENTS.c.id, assessment_ids)).distinct()
    ids = sorted((await session.execute(named)).scalars())
    heirs = await heirs_of(session, ids)
    while True:
        await lock(session, {*ids, *(each.household_id for each in heirs)})
        known, heirs = heirs, await heirs_of(session, ids)
        if len(heirs) == len(known):  # else some were split off while we waited
            return ids, heirs


async def _assessed(
    session: Transaction, order: DecisionOrder, presence: Mapping[UUID, Sequence[Presence]]
) -> dict[UUID, Assessed]:
    given = exists().where(CLASS_HISTORY.c.assessment_id == ASSESSMENTS.c.id, CLASS_HISTORY.c.inherited_from.is_(None))
    # Without the reasons: of a thousand assessments they are most of what would be read.
    findings = [ASSESSMENTS.c[each.name] for each in fields(Assessed) if each.name in ASSESSMENTS.c]
    query = select(*findings, ASSESSMENTS.c.sample_form.label("by_sample_form"), given.label("decided"))
    rows = (await session.execute(query.where(among(ASSESSMENTS.c.id, order.assessment_ids)))).mappings()
    places = {household: state_on(known, order.decided_on) for household, known in presence.items()}
    return {
        row["id"]: Assessed(
            **{**row, "deprivations": tuple(row["deprivations"])},
            area_code=places[row["household_id"]].area_code,
            present=places[row["household_id"]].present,
        )
        for row in rows
    }


async def _decided(
    session: Transaction,
    order: DecisionOrder,
    assessments: dict[UUID, Assessed],
    history: Mapping[UUID, Sequence[Decided]],
    review: Callable[[Assessed], StepFault | None],
    today: date,
) -> list[Classified]:
    commune = (await communes(session, [order.area_code])).on(order.area_code, order.decided_on)
    try:
        if commune is None:
            raise DecisionRefused([DecisionFault("not_a_commune_then")])
        return decide(
            area_code=order.area_code,
            decided_on=order.decided_on,
            today=today,
            named=order.assessment_ids,
            assessments=assessments,
            history=history,
            standards=standards(),
            corrects=order.corrects,
            under_review=review,
        )
    except DecisionRefused as refusal:
        errors = [FieldProblem(_pointer(fault), fault.code, fault.fields) for fault in refusal.faults]
        if refusal.is_conflict:
            raise Problem(409, "decision_conflict", errors=errors, count=len(errors)) from None
        raise Problem(422, "decision_refused", errors=errors, count=len(errors)) from None


async def _review(
    session: Transaction, access: Access, order: DecisionOrder, assessments: Collection[Assessed], *, today: date
) -> Callable[[Assessed], StepFault | None]:
    """Return what tells of an assessment what the review of its household forbids.

    Raises:
        Problem: 404 `round_not_found`.
    """
    households = [each.household_id for each in assessments]
    if order.round_id is None:
        standard = next((each.standard for each in assessments), "")
        waiting = set() if order.corrects else await under_review(session, households, standard, order.decided_on)
        return lambda assessed: StepFault("household_in_round") if assessed.household_id in waiting else None
    found = await round_by_id(session, order.round_id, access)
    cases = await locked_cases(session, found.id, households)
    steps = Steps(found, rules_on(order.decided_on), today)

    def fault(assessed: Assessed) -> StepFault | None:
        if (found.area_code, found.standard) != (order.area_code, assessed.standard):
            return StepFault("round_elsewhere")
        case = cases.get(assessed.household_id)
        return StepFault("not_in_round") if case is None else steps.decision(case, assessed.id, order.decided_on)

    return fault


def _pointer(fault: DecisionFault) -> str:
    if fault.index is not None:
        return f"/body/assessment_ids/{fault.index}"
    return f"/body/{_FIELDS.get(fault.code, 'assessment_ids')}"


async def _passed_on(
    session: Transaction,
    order: DecisionOrder,
    heirs: Sequence[Heir],
    given: Sequence[_Given],
    history: Mapping[UUID, Sequence[Decided]],
) -> list[_Given]:
    """Return the classes for households that were split off those decided about: they were one then."""
    brought = {} if order.corrects is None else await brought_along(session, heirs, order.corrects)
    classes = {each.household_id: each.classified for each in given}
    passed: list[_Given] = []
    for heir in heirs:  # each after its origin
        origin = classes.get(heir.origin_id)
        known = history.get(heir.household_id, ())
        classified = origin and passed_on(origin, heir.since, known, brought.get(heir.household_id))
        if classified is not None:
            classes[heir.household_id] = classified
            passed.append(_Given(heir.household_id, classified, heir))
    return passed


def _taken(
    given: _Given,
    decision_id: UUID,
    presence: Mapping[UUID, Sequence[Presence]],
    history: Mapping[UUID, Sequence[Decided]],
) -> _Taken:
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
    return _Taken(given, decided, classes, now_standing, is_there)


async def _write(
    session: Transaction, signed: dict[str, Any], taken: Sequence[_Taken], *, by: str, now: datetime
) -> None:
    connection = await session.connection()
    await connection.execute(insert(DECISIONS), [signed | {"recorded_by": by, "recorded_at": now}])
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


def _events(
    decision: Decision, taken: Sequence[_Taken], outlines: Mapping[UUID, Outline], now: datetime
) -> list[EncodedEvent]:
    """Return what is told of each household as it is now; thousands of events take too long for the event loop."""
    ordered = sorted(taken, key=lambda each: each.decided.household_id)
    return [
        EncodedEvent.of(event)
        for each in ordered
        for event in (*_classified(decision, each), household_stated(outlines[each.decided.household_id], now))
    ]


def _classified(decision: Decision, taken: _Taken) -> Iterator[HouseholdClassified]:
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


async def decision_by_id(session: Transaction, decision_id: UUID) -> Decision:
    """Return a decision with the classes it gave, in the order of the households' ids.

    Raises:
        Problem: 404 `decision_not_found`.
    """
    row = (await session.execute(select(DECISIONS).where(DECISIONS.c.id == decision_id))).mappings().one_or_none()
    if row is None:
        raise Problem(404, "decision_not_found")
    own = CLASS_HISTORY.c.inherited_from.is_(None)
    query = select(CLASS_HISTORY).where(CLASS_HISTORY.c.decision_id == decision_id, own)
    classes = (await session.execute(query.order_by(CLASS_HISTORY.c.household_id))).mappings()
    known: dict[str, Any] = {name: row[name] for name in Decision.model_fields if name in row}
    entries = await entries_for(session, decision_id)
    return Decision(**known, classes=tuple(map(_class, classes)), movements=tuple(entries))


async def history_of(session: Transaction, household_id: UUID) -> Sequence[ClassDecided]:
    """Return every class that was decided for a household, oldest first, over all standards."""
    query = select(CLASS_HISTORY).where(CLASS_HISTORY.c.household_id == household_id)
    ordered = query.order_by(CLASS_HISTORY.c.decided_on, CLASS_HISTORY.c.standard, CLASS_HISTORY.c.number)
    return [_class(row) for row in (await session.execute(ordered)).mappings()]


def _class(row: RowMapping) -> ClassDecided:
    return ClassDecided.model_validate(dict(row))
