"""Taking and reading the decisions of communes."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import RowMapping, exists, insert, select, update

from services.registry.domain.areas import Name, cleaned
from services.registry.domain.decisions import Assessed, Classified, Decided, DecisionFault, DecisionRefused, decide
from services.registry.domain.households import Household
from services.registry.domain.standards import standards
from services.registry.store.areas import communes
from services.registry.store.households import households_of
from services.registry.store.statements import household_stated
from services.registry.tables import ASSESSMENTS, CLASS_HISTORY, DECISIONS, HOUSEHOLDS, STANDINGS
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among, upsert
from shared.events import Event
from shared.events.registry import HouseholdClass, HouseholdClassified, Standing, Transition
from shared.http import FieldProblem, Problem
from shared.ids import new_id
from shared.messaging.outbox import publish

Number = Annotated[str, Field(min_length=1, max_length=60, examples=["215/QĐ-UBND"]), BeforeValidator(cleaned)]
# Households told of before other requests get their turn: about 10 ms of work.
_AT_ONCE = 100
_FIELDS = {"not_yet": "decided_on", "not_a_commune_then": "area_code"}


class DecisionOrder(BaseModel):
    """A decision of the chair of a commune's People's Committee, as signed on paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area_code: str = Field(max_length=12, examples=["08566"])
    number: Number
    decided_on: date = Field(examples=["2026-11-20"])
    signed_by: Name = Field(examples=["Nguyễn Văn Bình"])
    assessment_ids: list[UUID] = Field(min_length=1, max_length=1000)


class ClassDecided(BaseModel):
    """A class that a decision gave a household, from the decision's date on."""

    model_config = ConfigDict(frozen=True)

    household_id: UUID
    standard: str
    number: int = Field(description="counts the household's decisions under the standard, from 1")
    decision_id: UUID
    assessment_id: UUID
    household_class: HouseholdClass
    previous_class: HouseholdClass | None
    transition: Transition | None
    decided_on: date
    people: int


class Decision(BaseModel):
    """A decision that was taken, with what it did to each household."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    area_code: str
    number: str
    decided_on: date
    signed_by: str
    standard: str
    classes: tuple[ClassDecided, ...]


async def take_decision(
    session: Transaction, access: Access, order: DecisionOrder, *, by: str, now: datetime
) -> Decision:
    """Take a decision: classes, history, standings and events of all its households at once.

    Households are locked in the order of their ids first; whoever decides about the same ones waits, then sees what was
    decided here. Assessments of households outside the areas of the access are as unknown as if there were none.

    Raises:
        Problem: 422 `decision_refused`, 409 `decision_conflict`; the errors name what is at fault.
    """
    await _lock_households(session, order.assessment_ids)
    found = await _assessed(session, order.assessment_ids)
    access.note_attempt(each.area_code for each in found.values())
    assessments = {key: each for key, each in found.items() if access.covers(each.area_code)}
    classified = await _decided(session, order, assessments, legal_date(now))
    households = await households_of(session, [each.household_id for each in assessments.values()])
    standard = classified[0].assessment.standard
    decision_id = new_id()
    classes = [_class_decided(each, decision_id, order, households) for each in classified]
    decision = Decision(
        id=decision_id, standard=standard, classes=tuple(classes), **order.model_dump(exclude={"assessment_ids"})
    )
    await _write(session, decision, by=by, now=now)
    await _tell(session, decision, assessments, households, now)
    return decision


async def _lock_households(session: Transaction, assessment_ids: Collection[UUID]) -> None:
    named = select(ASSESSMENTS.c.household_id).where(among(ASSESSMENTS.c.id, assessment_ids))
    await session.execute(
        select(HOUSEHOLDS.c.id).where(HOUSEHOLDS.c.id.in_(named)).order_by(HOUSEHOLDS.c.id).with_for_update()
    )


async def _assessed(session: Transaction, assessment_ids: Collection[UUID]) -> dict[UUID, Assessed]:
    decided = exists().where(CLASS_HISTORY.c.assessment_id == ASSESSMENTS.c.id).label("decided")
    # Without the reasons: of a thousand assessments they are most of what would be read.
    findings = [ASSESSMENTS.c[each.name] for each in fields(Assessed) if each.name in ASSESSMENTS.c]
    query = (
        select(*findings, ASSESSMENTS.c.sample_form.label("by_sample_form"), HOUSEHOLDS.c.area_code, decided)
        .join(HOUSEHOLDS, HOUSEHOLDS.c.id == ASSESSMENTS.c.household_id)
        .where(among(ASSESSMENTS.c.id, assessment_ids))
    )
    return {
        row["id"]: Assessed(**{**row, "deprivations": tuple(row["deprivations"])})
        for row in (await session.execute(query)).mappings()
    }


async def _decided(
    session: Transaction, order: DecisionOrder, assessments: dict[UUID, Assessed], today: date
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
            history=await _history(session, assessments.values()),
            standards=standards(),
        )
    except DecisionRefused as refusal:
        errors = [FieldProblem(_pointer(fault), fault.code) for fault in refusal.faults]
        if refusal.is_conflict:
            raise Problem(409, "decision_conflict", errors=errors, count=len(errors)) from None
        raise Problem(422, "decision_refused", errors=errors, count=len(errors)) from None


def _pointer(fault: DecisionFault) -> str:
    if fault.index is not None:
        return f"/body/assessment_ids/{fault.index}"
    return f"/body/{_FIELDS.get(fault.code, 'assessment_ids')}"


async def _history(session: Transaction, assessments: Collection[Assessed]) -> dict[UUID, list[Decided]]:
    """Return what was decided for the households under the one standard that the assessments have, oldest first."""
    history: dict[UUID, list[Decided]] = defaultdict(list)
    query = (
        select(CLASS_HISTORY)
        .where(among(CLASS_HISTORY.c.household_id, [each.household_id for each in assessments]))
        .where(among(CLASS_HISTORY.c.standard, {each.standard for each in assessments}))
        .order_by(CLASS_HISTORY.c.household_id, CLASS_HISTORY.c.number)
    )
    for row in await session.execute(query):
        history[row.household_id].append(Decided(row.number, row.household_class, row.decided_on))
    return history


def _class_decided(
    classified: Classified, decision_id: UUID, order: DecisionOrder, households: dict[UUID, Household]
) -> ClassDecided:
    assessment = classified.assessment
    return ClassDecided(
        household_id=assessment.household_id,
        standard=assessment.standard,
        number=classified.number,
        decision_id=decision_id,
        assessment_id=assessment.id,
        household_class=classified.household_class,
        previous_class=classified.previous,
        transition=classified.transition,
        decided_on=order.decided_on,
        people=len(households[assessment.household_id].members),
    )


async def _write(session: Transaction, decision: Decision, *, by: str, now: datetime) -> None:
    row = decision.model_dump(exclude={"classes"}) | {"recorded_by": by, "recorded_at": now}
    connection = await session.connection()
    await connection.execute(insert(DECISIONS), [row])
    await connection.execute(insert(CLASS_HISTORY), [each.model_dump() for each in decision.classes])
    standing = ("household_id", "standard", "household_class", "decided_on")
    await upsert(session, STANDINGS, [{name: getattr(each, name) for name in standing} for each in decision.classes])
    ids = [each.household_id for each in decision.classes]
    await session.execute(
        update(HOUSEHOLDS).where(among(HOUSEHOLDS.c.id, ids)).values(version=HOUSEHOLDS.c.version + 1)
    )


async def _tell(
    session: Transaction,
    decision: Decision,
    assessments: dict[UUID, Assessed],
    households: dict[UUID, Household],
    now: datetime,
) -> None:
    classes = sorted(decision.classes, key=lambda each: each.household_id)
    for start in range(0, len(classes), _AT_ONCE):
        events: list[Event] = []
        for each in classes[start : start + _AT_ONCE]:
            standing = Standing(
                standard=each.standard, household_class=each.household_class, decided_on=each.decided_on
            )
            events.append(_classified(decision, each, assessments[each.assessment_id]))
            events.append(household_stated(households[each.household_id].with_standing(standing), now))
        await publish(session, "registry", events)


def _classified(decision: Decision, decided: ClassDecided, assessment: Assessed) -> HouseholdClassified:
    return HouseholdClassified(
        household_id=decided.household_id,
        decision_id=decision.id,
        decision_number=decision.number,
        standard=decided.standard,
        household_class=decided.household_class,
        previous_class=decided.previous_class,
        transition=decided.transition,
        area_code=decision.area_code,
        people=decided.people,
        b1_points=assessment.b1_points,
        b2_points=assessment.b2_points,
        deprivations=assessment.deprivations,
        decided_on=decided.decided_on,
    )


async def decision_by_id(session: Transaction, decision_id: UUID) -> Decision:
    """Return a decision with the classes it gave, in the order of the households' ids.

    Raises:
        Problem: 404 `decision_not_found`.
    """
    row = (await session.execute(select(DECISIONS).where(DECISIONS.c.id == decision_id))).mappings().one_or_none()
    if row is None:
        raise Problem(404, "decision_not_found")
    query = select(CLASS_HISTORY).where(CLASS_HISTORY.c.decision_id == decision_id)
    classes = (await session.execute(query.order_by(CLASS_HISTORY.c.household_id))).mappings()
    known: dict[str, Any] = {name: row[name] for name in Decision.model_fields if name != "classes"}
    return Decision(**known, classes=tuple(map(_class, classes)))


async def history_of(session: Transaction, household_id: UUID) -> Sequence[ClassDecided]:
    """Return every class that was decided for a household, oldest first, over all standards."""
    query = select(CLASS_HISTORY).where(CLASS_HISTORY.c.household_id == household_id)
    ordered = query.order_by(CLASS_HISTORY.c.decided_on, CLASS_HISTORY.c.standard, CLASS_HISTORY.c.number)
    return [_class(row) for row in (await session.execute(ordered)).mappings()]


def _class(row: RowMapping) -> ClassDecided:
    return ClassDecided.model_validate(dict(row))
