"""Taking a decision of a commune."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import exists, select

from services.registry.domain.areas import Name, cleaned
from services.registry.domain.decisions import (
    Assessed,
    Classified,
    Decided,
    DecisionFault,
    DecisionRefused,
    decide,
    passed_on,
)
from services.registry.domain.movements import Presence, state_on
from services.registry.domain.review_rules import rules_on
from services.registry.domain.rounds import StepFault, Steps
from services.registry.domain.standards import standards
from services.registry.store.areas import communes
from services.registry.store.decision_effects import Given, events, taken_of, write
from services.registry.store.decisions import Decision
from services.registry.store.heirs import Heir, brought_along, heirs_of
from services.registry.store.household_changes import lock
from services.registry.store.households import outlines_of
from services.registry.store.ledger import classes_of, presences, restate
from services.registry.store.rounds import decide_cases, locked_cases, round_by_id, under_review
from services.registry.tables import ASSESSMENTS, CLASS_HISTORY
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.http import FieldProblem, Problem
from shared.ids import new_id
from shared.messaging.outbox import publish_many

Number = Annotated[str, Field(min_length=1, max_length=60, examples=["215/QĐ-UBND"]), BeforeValidator(cleaned)]
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
    given = [Given(each.assessment.household_id, each) for each in classified]
    given += await _passed_on(session, order, heirs, given, history)
    taken = [taken_of(each, decision_id, presence, history) for each in given]
    signed = {"id": decision_id, **order.model_dump(exclude={"assessment_ids"}), "standard": standard}
    await write(session, signed, taken, by=by, now=now)
    if order.round_id is not None:
        await decide_cases(session, order.round_id, ids, decision_id, order.decided_on)
    classes = {(each.decided.household_id, standard): each.classes for each in taken}
    entries = await restate(session, classes, presence, by=by, now=now, decision_id=decision_id)
    own = tuple(each.decided for each in taken if each.decided.inherited_from is None)
    decision = Decision(**signed, classes=own, movements=tuple(entries))
    outlines = await outlines_of(session, [each.decided.household_id for each in taken])
    await publish_many(session, "registry", await asyncio.to_thread(events, decision, taken, outlines, now))
    return decision


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
    given: Sequence[Given],
    history: Mapping[UUID, Sequence[Decided]],
) -> list[Given]:
    """Return the classes for households that were split off those decided about: they were one then."""
    brought = {} if order.corrects is None else await brought_along(session, heirs, order.corrects)
    classes = {each.household_id: each.classified for each in given}
    passed: list[Given] = []
    for heir in heirs:  # each after its origin
        origin = classes.get(heir.origin_id)
        known = history.get(heir.household_id, ())
        classified = origin and passed_on(origin, heir.since, known, brought.get(heir.household_id))
        if classified is not None:
            classes[heir.household_id] = classified
            passed.append(Given(heir.household_id, classified, heir))
    return passed
