"""Taking decisions of communes."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.registry.domain.decisions import (
    Assessed,
    Decided,
    DecisionFault,
    DecisionRefused,
    decide,
    passed_on,
)
from services.registry.domain.review_rules import rules_on
from services.registry.domain.rounds import StepFault, Steps
from services.registry.domain.standards import standards
from services.registry.store.decision_effects import Given, Taken, events, taken_of, write
from services.registry.store.decision_orders import DecisionOrder, Ground, ground_of
from services.registry.store.decisions import Decision
from services.registry.store.heirs import Heir, brought_along
from services.registry.store.households import outlines_of
from services.registry.store.ledger import Entry, restate
from services.registry.store.rounds import decide_cases, locked_cases, round_by_id
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction
from shared.http import FieldProblem, Problem
from shared.ids import new_id
from shared.messaging.outbox import EncodedEvent, publish_many

_FIELDS = {"not_yet": "decided_on", "not_a_commune_then": "area_code"}


async def take_decisions(
    session: Transaction,
    access: Access,
    orders: Sequence[DecisionOrder],
    *,
    pointers: Sequence[str],
    by: str,
    now: datetime,
) -> list[Decision]:
    """Take decisions, all or none: classes, history, standings and events of all their households at once.

    Households are locked in the order of their ids first; whoever decides about the same ones waits, then sees what was
    decided here. Assessments of households outside the areas of the access are as unknown as if there were none. No
    household may be of two of the decisions, not by a household that was split off it either. `pointers` say where each
    order stood.

    Raises:
        Problem: 422 `decision_refused`, 409 `decision_conflict` or `decision_number_taken`, 404 `round_not_found`; the
            errors name what is at fault.
    """
    ground = await ground_of(session, orders)
    _refuse_taken_numbers(orders, pointers, ground)
    taken: list[_Taken] = []
    touched: set[UUID] = set()
    refusals: list[tuple[str, DecisionRefused]] = []
    for order, at in zip(orders, pointers, strict=True):
        try:
            one = await _taken(session, access, order, ground, touched, legal_date(now))
        except DecisionRefused as refusal:
            refusals.append((at, refusal))
            continue
        taken.append(one)
        touched |= {each.decided.household_id for each in one.effects}
    if refusals:
        raise _refused(refusals)
    return await _write(session, taken, ground, by=by, now=now)


def _refuse_taken_numbers(orders: Sequence[DecisionOrder], pointers: Sequence[str], ground: Ground) -> None:
    known = set(ground.numbers)
    errors: list[FieldProblem] = []
    for order, at in zip(orders, pointers, strict=True):
        if order.signed_as in known:
            errors.append(FieldProblem(f"{at}/number", "value_taken"))
        known.add(order.signed_as)
    if errors:
        raise Problem(409, "decision_number_taken", errors=errors, count=len(errors))


@dataclass(frozen=True)
class _Taken:
    """A decision that can be taken: its row as signed, the round that it ends, and what it does."""

    signed: dict[str, Any]
    named: Collection[UUID]
    effects: Sequence[Taken]


async def _taken(
    session: Transaction,
    access: Access,
    order: DecisionOrder,
    ground: Ground,
    touched: Collection[UUID],
    today: date,
) -> _Taken:
    """Return what an order does, where none of the households was touched by another.

    Raises:
        DecisionRefused: every fault of the order.
        Problem: 404 `round_not_found`.
    """
    found = ground.assessed(order)
    access.note_attempt(each.area_code for each in found.values())
    assessments = {key: each for key, each in found.items() if access.covers(each.area_code)}
    standard = next((each.standard for each in assessments.values()), "")
    history = ground.history(standard)
    review = await _review(session, access, order, ground, assessments.values(), today=today)
    if ground.communes.on(order.area_code, order.decided_on) is None:
        raise DecisionRefused([DecisionFault("not_a_commune_then")])
    classified = decide(
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
    given = [Given(each.assessment.household_id, each) for each in classified]
    given += await _passed_on(session, order, ground.heirs, given, history)
    _refuse_touched(given, touched)
    decision_id = new_id()
    return _Taken(
        signed={"id": decision_id, **order.model_dump(exclude={"assessment_ids"}), "standard": standard},
        named=[each.assessment.household_id for each in classified],
        effects=[taken_of(each, decision_id, ground.presence, history) for each in given],
    )


def _refuse_touched(given: Sequence[Given], touched: Collection[UUID]) -> None:
    """Raise DecisionRefused where another decision of the same batch touches a household, which is `given` at an index.

    Those that were split off stand behind the ones that an order names.
    """
    twice = [index for index, each in enumerate(given) if each.household_id in touched]
    if twice:
        faults = (None if given[index].heir else index for index in twice)
        raise DecisionRefused([DecisionFault("household_twice", index) for index in faults])


async def _write(
    session: Transaction, taken: Sequence[_Taken], ground: Ground, *, by: str, now: datetime
) -> list[Decision]:
    effects = [each for one in taken for each in one.effects]
    await write(session, [one.signed for one in taken], effects, by=by, now=now)
    for one in taken:
        if (round_id := one.signed["round_id"]) is not None:
            await decide_cases(session, round_id, one.named, one.signed["id"], one.signed["decided_on"])
    entries = await restate(
        session,
        {(each.decided.household_id, each.decided.standard): each.classes for each in effects},
        ground.presence,
        by=by,
        now=now,
        decisions={each.decided.household_id: each.decided.decision_id for each in effects},
    )
    added: dict[UUID | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        added[entry.recorded_for].append(entry)
    decisions = [
        Decision(
            **one.signed,
            classes=tuple(each.decided for each in one.effects if each.decided.inherited_from is None),
            movements=tuple(added[one.signed["id"]]),
        )
        for one in taken
    ]
    outlines = await outlines_of(session, [each.decided.household_id for each in effects])

    def told() -> list[EncodedEvent]:
        return [
            event
            for decision, one in zip(decisions, taken, strict=True)
            for event in events(decision, one.effects, outlines, now)
        ]

    await publish_many(session, "registry", await asyncio.to_thread(told))
    return decisions


def _refused(refusals: Sequence[tuple[str, DecisionRefused]]) -> Problem:
    errors = [
        FieldProblem(f"{at}/{_place(fault)}", fault.code, fault.fields)
        for at, refusal in refusals
        for fault in refusal.faults
    ]
    if all(refusal.is_conflict for _, refusal in refusals):
        return Problem(409, "decision_conflict", errors=errors, count=len(errors))
    return Problem(422, "decision_refused", errors=errors, count=len(errors))


def _place(fault: DecisionFault) -> str:
    if fault.index is not None:
        return f"assessment_ids/{fault.index}"
    return _FIELDS.get(fault.code, "assessment_ids")


async def _review(
    session: Transaction,
    access: Access,
    order: DecisionOrder,
    ground: Ground,
    assessments: Collection[Assessed],
    *,
    today: date,
) -> Callable[[Assessed], StepFault | None]:
    """Return what tells of an assessment what the review of its household forbids.

    Raises:
        Problem: 404 `round_not_found`.
    """
    if order.round_id is None:
        waiting = {
            (each.household_id, each.standard)
            for each in ground.waiting
            if order.corrects is None and each.starts_on <= order.decided_on <= each.ends_on
        }
        return lambda one: StepFault("household_in_round") if (one.household_id, one.standard) in waiting else None
    found = await round_by_id(session, order.round_id, access)
    cases = await locked_cases(session, found.id, [each.household_id for each in assessments])
    steps = Steps(found, rules_on(order.decided_on), today)

    def fault(assessed: Assessed) -> StepFault | None:
        if (found.area_code, found.standard) != (order.area_code, assessed.standard):
            return StepFault("round_elsewhere")
        case = cases.get(assessed.household_id)
        return StepFault("not_in_round") if case is None else steps.decision(case, assessed.id, order.decided_on)

    return fault


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
        if heir.household_id in classes:  # the decision names it itself
            continue
        classified = origin and passed_on(origin, heir.since, known, brought.get(heir.household_id))
        if classified is not None:
            classes[heir.household_id] = classified
            passed.append(Given(heir.household_id, classified, heir))
    return passed
