"""The commune's decision: the class of a household follows from it alone, on its date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.registry.domain.standards import Standards
from services.registry.domain.transitions import transition
from shared.events.registry import HouseholdClass, Transition

CONFLICTS = frozenset({"assessment_decided", "assessment_outdated", "decision_out_of_order"})


@dataclass(frozen=True)
class Assessed:
    """An assessment that a decision names, with where its household lives now."""

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


@dataclass(frozen=True)
class Decided:
    """One class that was decided: `number` counts the household's decisions under a standard from 1."""

    number: int
    household_class: HouseholdClass
    decided_on: date


@dataclass(frozen=True)
class Classified:
    """What a decision does to one household."""

    assessment: Assessed
    number: int
    household_class: HouseholdClass
    previous: HouseholdClass | None
    transition: Transition | None


@dataclass(frozen=True)
class DecisionFault:
    """What forbids a decision: the whole of it, or the assessment at `index` of its list."""

    code: str
    index: int | None = None


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
) -> list[Classified]:
    """Return what a decision does to each household, in the order of the assessments that it names.

    `history` holds, oldest first, what was decided for each household under the assessments' standard. A decision may
    be taken by a standard before it is in force, from its opening review on.

    Raises:
        DecisionRefused: every fault of the decision and its assessments.
    """
    faults = _faults_of_the_whole(decided_on, today, named, assessments, standards)
    seen: set[UUID] = set()
    for index, assessment_id in enumerate(named):
        assessment = assessments.get(assessment_id)
        if assessment is None:
            faults.append(DecisionFault("assessment_unknown", index))
            continue
        code = _fault_of(assessment, area_code, decided_on, history.get(assessment.household_id, ()))
        if code is None and assessment.household_id in seen:
            code = "household_twice"
        seen.add(assessment.household_id)
        if code is not None:
            faults.append(DecisionFault(code, index))
    if faults:
        raise DecisionRefused(faults)
    return [_classified(assessments[each], history.get(assessments[each].household_id, ())) for each in named]


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


def _fault_of(assessment: Assessed, area_code: str, decided_on: date, history: Sequence[Decided]) -> str | None:
    if assessment.area_code != area_code:
        return "assessment_elsewhere"
    if assessment.decided:
        return "assessment_decided"
    if assessment.by_sample_form:
        return "sample_form"
    if decided_on < assessment.assessed_on:
        return "decided_before_assessed"
    if history and decided_on < history[-1].decided_on:
        return "decision_out_of_order"
    if history and assessment.assessed_on < history[-1].decided_on:
        return "assessment_outdated"
    return None


def _classified(assessment: Assessed, history: Sequence[Decided]) -> Classified:
    return Classified(
        assessment=assessment,
        number=len(history) + 1,
        household_class=assessment.proposed_class,
        previous=history[-1].household_class if history else None,
        transition=transition([each.household_class for each in history], assessment.proposed_class),
    )
