"""What forbids a decision, told apart from what somebody else decided meanwhile."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.registry.domain.decisions import Assessed, Decided, DecisionRefused, decide
from services.registry.domain.standards import standards

TODAY = date(2026, 11, 23)
ASSESSED = Assessed(
    id=UUID(int=1),
    household_id=UUID(int=101),
    area_code="08566",
    standard="vn-2022-2025",
    assessed_on=date(2026, 11, 2),
    proposed_class="poor",
    b1_points=120,
    b2_points=30,
    deprivations=("nutrition", "housing_quality", "water_source"),
    decided=False,
)
OTHER = replace(ASSESSED, id=UUID(int=2), household_id=UUID(int=102))


def refusal(*assessments: Assessed, on: date = date(2026, 11, 20), decided: list[Decided] | None = None) -> list[str]:
    with pytest.raises(DecisionRefused) as refused:
        decide(
            area_code="08566",
            decided_on=on,
            today=TODAY,
            named=[each.id for each in assessments],
            assessments={each.id: each for each in assessments},
            history={ASSESSED.household_id: decided or []},
            standards=standards(),
        )
    return sorted(
        {fault.code for fault in refused.value.faults} | ({"CONFLICT"} if refused.value.is_conflict else set())
    )


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        pytest.param(replace(ASSESSED, area_code="08593"), ["assessment_elsewhere"], id="another commune"),
        pytest.param(replace(ASSESSED, decided=True), ["CONFLICT", "assessment_decided"], id="decided"),
        pytest.param(replace(ASSESSED, assessed_on=date(2026, 11, 21)), ["decided_before_assessed"], id="too early"),
    ],
)
def test_an_assessment_may_forbid_a_decision(assessment: Assessed, expected: list[str]) -> None:
    assert refusal(assessment, OTHER) == expected


def test_a_decision_is_not_dated_ahead() -> None:
    assert refusal(ASSESSED, on=date(2026, 11, 24)) == ["not_yet"]


def test_a_decision_goes_by_one_standard() -> None:
    assert refusal(ASSESSED, replace(OTHER, standard="vn-2026-2030")) == ["standards_differ"]


def test_a_decision_names_a_household_once() -> None:
    assert refusal(ASSESSED, replace(OTHER, household_id=ASSESSED.household_id)) == ["household_twice"]


def test_a_standard_is_not_used_outside_its_days() -> None:
    early = replace(ASSESSED, standard="vn-2026-2030", assessed_on=date(2026, 8, 1))
    assert refusal(early, on=date(2026, 8, 31)) == ["standard_not_in_use"]


def test_decisions_keep_the_order_of_their_dates() -> None:
    later = [Decided(1, "poor", date(2026, 11, 21))]
    assert refusal(ASSESSED, decided=later) == ["CONFLICT", "decision_out_of_order"]
    between = [Decided(1, "poor", date(2026, 11, 10))]
    assert refusal(ASSESSED, decided=between) == ["CONFLICT", "assessment_outdated"]


def test_classes_come_in_the_order_in_which_assessments_are_named() -> None:
    made = decide(
        area_code="08566",
        decided_on=date(2026, 11, 20),
        today=TODAY,
        named=[OTHER.id, ASSESSED.id],
        assessments={each.id: each for each in (ASSESSED, OTHER)},
        history={ASSESSED.household_id: [Decided(1, "near_poor", date(2026, 11, 2))]},
        standards=standards(),
    )
    assert [(each.assessment.id, each.number, each.previous, each.transition) for each in made] == [
        (OTHER.id, 1, None, "new_poor"),
        (ASSESSED.id, 2, "near_poor", "near_poor_to_poor"),
    ]
