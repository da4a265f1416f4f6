"""The commune's decision: the class of a household follows from it alone, on its date.

A decision may come late, dated before others that are known, and it may correct one: then its classes hold from the day
of the decision that it corrects, in place of those. Nothing that was recorded is changed; `in_force` tells which of all
classes hold.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from services.registry.domain.movements import LISTS
from services.registry.domain.review_rules import rules_on
from services.registry.domain.rounds import StepFault
from services.registry.domain.standards import Standards
from services.registry.domain.transitions import transition
from shared.events.registry import HouseholdClass, Transition

CONFLICTS = frozenset({"assessment_decided", "assessment_outdated", "class_replaced"})


@dataclass(frozen=True)
class Assessed:
    """An assessment that a decision names, with where its household lives on the day of the decision, if it does."""

    id: UUID
    household_id: UUID
    area_code: str
    standard: str
    assessed_on: date
    proposed_class: HouseholdClass
    b1_points: int | None
    b2_points: int
    deprivations: tuple[str, ...]
    decided: bool
    by_sample_form: bool = False
    present: bool = True


@dataclass(frozen=True)
class Decided:
    """One class that was decided, and the day from which it holds.

    `number` counts the household's decisions under a standard from 1, in the order in which they were recorded;
    `corrects` is the number of the one in whose place this one stands. `recorded_at` is None for one that is taken now.
    """

    number: int
    household_class: HouseholdClass
    decided_on: date
    decision_id: UUID
    corrects: int | None = None
    recorded_at: datetime | None = None


def in_force(history: Iterable[Decided]) -> list[Decided]:
    """Return the classes that no other corrects, by day; of one day the later recorded comes last."""
    known = list(history)
    corrected = {each.corrects for each in known if each.corrects is not None}
    standing = [each for each in known if each.number not in corrected] if corrected else known
    standing.sort(key=_by_day)
    return standing


def _by_day(decided: Decided) -> tuple[date, int]:
    return decided.decided_on, decided.number


def newly_escaped_until(history: Sequence[Decided]) -> date | None:
    """Return the last day on which a household counts as newly escaped; None when it did not leave both lists last.

    `history` are the classes in force. Who was poor or near-poor and was recognised as above the near-poor line counts
    for the months that were the rule on that day.
    """
    recognised = None
    for before, after in pairwise(history):
        if after.household_class in LISTS:
            recognised = None
        elif before.household_class in LISTS:
            recognised = after.decided_on
    return None if recognised is None else rules_on(recognised).newly_escaped.until(recognised)


@dataclass(frozen=True)
class Classified:
    """What a decision does to one household: the class holds from `holds_from` on.

    `previous` and `transition` are told from the classes in force before that day as known now.
    """

    assessment: Assessed
    number: int
    household_class: HouseholdClass
    holds_from: date
    previous: HouseholdClass | None
    transition: Transition | None
    corrects: int | None
    in_force: bool


@dataclass(frozen=True)
class DecisionFault:
    """What forbids a decision: the whole of it, or the assessment at `index` of its list. `fields` fill in its text."""

    code: str
    index: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


class DecisionRefused(ValueError):
    """A decision cannot be taken; `faults` say why."""

    def __init__(self, faults: Sequence[DecisionFault]) -> None:
        super().__init__(", ".join(sorted({fault.code for fault in faults})))
        self.faults = tuple(faults)

    @property
    def is_conflict(self) -> bool:
        """Whether somebody else's decision, not a mistake in this one, is what forbids it."""
        return all(fault.code in CONFLICTS for fault in self.faults)


def decide(
    *,
    area_code: str,
    decided_on: date,
    today: date,
    named: Sequence[UUID],
    assessments: Mapping[UUID, Assessed],
    history: Mapping[UUID, Sequence[Decided]],
    standards: Standards,
    corrects: UUID | None = None,
    under_review: Callable[[Assessed], StepFault | None] = lambda _: None,
) -> list[Classified]:
    """Return what a decision does to each household, in the order of the assessments that it names.

    `history` holds what was decided for each household under the assessments' standard. A decision may be taken by a
    standard before it is in force, from its opening review on. `corrects` is the decision that this one corrects;
    `under_review` tells what the review of a household forbids.

    Raises:
        DecisionRefused: every fault of the decision and its assessments.
    """
    faults = _faults_of_the_whole(decided_on, today, named, assessments, standards)
    seen: set[UUID] = set()
    classified: list[Classified] = []
    for index, assessment_id in enumerate(named):
        assessment = assessments.get(assessment_id)
        if assessment is None:
            faults.append(DecisionFault("assessment_unknown", index))
            continue
        known = history.get(assessment.household_id, ())
        standing = in_force(known)
        corrected = next((each for each in standing if corrects and each.decision_id == corrects), None)
        code = _fault_of(assessment, area_code, decided_on)
        code = code or _fault_in_time(assessment, decided_on, known, standing, corrects, corrected)
        if code is None and assessment.household_id in seen:
            code = "household_twice"
        seen.add(assessment.household_id)
        review = under_review(assessment) if code is None else None
        if code is not None:
            faults.append(DecisionFault(code, index))
        elif review is not None:
            faults.append(DecisionFault(review.code, index, review.fields))
        else:
            classified.append(_classified(assessment, decided_on, len(known) + 1, standing, corrected))
    if faults:
        raise DecisionRefused(faults)
    return classified


def passed_on(given: Classified, since: date, known: Sequence[Decided], brought_along: int | None) -> Classified | None:
    """Return what a decision does to a household that was split off the decided one `since`; None where nothing.

    It counts for both what they were before. What `given` corrects concerns an heir that brought the same class along,
    as its own number `brought_along`, and where no other decision has replaced it there. `known` is what was decided
    for the heir.
    """
    standing = in_force(known)
    corrected = next((each for each in standing if each.number == brought_along), None)
    concerned = given.holds_from < since if given.corrects is None else corrected is not None
    return _classified(given.assessment, given.holds_from, len(known) + 1, standing, corrected) if concerned else None


def last_on(history: Iterable[Decided], day: date) -> Decided | None:
    """Return the class in force on a day."""
    before = [each for each in in_force(history) if each.decided_on <= day]
    return before[-1] if before else None


def _faults_of_the_whole(
    decided_on: date, today: date, named: Sequence[UUID], assessments: Mapping[UUID, Assessed], standards: Standards
) -> list[DecisionFault]:
    faults = []
    if decided_on > today:
        faults.append(DecisionFault("not_yet"))
    codes = {assessments[each].standard for each in named if each in assessments}
    if len(codes) > 1:
        faults.append(DecisionFault("standards_differ"))
    if not all(standards.named(code).usable_on(decided_on) for code in codes):
        faults.append(DecisionFault("standard_not_in_use"))
    return faults


def _fault_of(assessment: Assessed, area_code: str, decided_on: date) -> str | None:
    if assessment.area_code != area_code:
        return "assessment_elsewhere"
    if not assessment.present:
        return "household_not_there"
    if assessment.decided:
        return "assessment_decided"
    if assessment.by_sample_form:
        return "sample_form"
    if decided_on < assessment.assessed_on:
        return "decided_before_assessed"
    return None


def _fault_in_time(
    assessment: Assessed,
    decided_on: date,
    known: Sequence[Decided],
    standing: Sequence[Decided],
    corrects: UUID | None,
    corrected: Decided | None,
) -> str | None:
    """Return what the household's other decisions forbid."""
    if corrects is None:
        before = [each for each in standing if each.decided_on <= decided_on]
        return "assessment_outdated" if before and assessment.assessed_on < before[-1].decided_on else None
    if corrected is None:
        return "class_replaced" if any(each.decision_id == corrects for each in known) else "not_in_corrected"
    if decided_on < corrected.decided_on:
        return "corrected_before_decided"
    same_day = [each for each in standing if each.decided_on == corrected.decided_on]
    return "class_replaced" if same_day[-1] != corrected else None


def _classified(
    assessment: Assessed, decided_on: date, number: int, standing: Sequence[Decided], corrected: Decided | None
) -> Classified:
    holds_from = decided_on if corrected is None else corrected.decided_on
    others = [each for each in standing if each != corrected]
    before = [each.household_class for each in others if each.decided_on <= holds_from]
    return Classified(
        assessment=assessment,
        number=number,
        household_class=assessment.proposed_class,
        holds_from=holds_from,
        previous=before[-1] if before else None,
        transition=transition(before, assessment.proposed_class),
        corrects=None if corrected is None else corrected.number,
        in_force=len(before) == len(others),
    )
