"""What forbids a decision, told apart from what somebody else decided meanwhile."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.registry.domain.decisions import (
    Assessed,
    Classified,
    Decided,
    DecisionRefused,
    decide,
    in_force,
    newly_escaped_until,
)
from services.registry.domain.standards import standards
from shared.events.registry import HouseholdClass

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


FIRST, SECOND = UUID(int=901), UUID(int=902)


def test_an_assessment_older_than_the_decision_before_is_outdated() -> None:
    between = [Decided(1, "poor", date(2026, 11, 10), FIRST)]
    assert refusal(ASSESSED, decided=between) == ["CONFLICT", "assessment_outdated"]


def made(*, history: list[Decided], corrects: UUID | None = None, on: date = date(2026, 11, 20)) -> Classified:
    (only,) = decide(
        area_code="08566",
        decided_on=on,
        today=TODAY,
        named=[ASSESSED.id],
        assessments={ASSESSED.id: ASSESSED},
        history={ASSESSED.household_id: history},
        standards=standards(),
        corrects=corrects,
    )
    return only


def test_a_decision_may_come_late() -> None:
    late = made(history=[Decided(1, "near_poor", date(2026, 11, 21), FIRST)])
    assert (late.number, late.holds_from, late.previous, late.transition) == (2, date(2026, 11, 20), None, "new_poor")
    assert not late.in_force


def test_a_correction_holds_from_the_day_of_what_it_corrects() -> None:
    history = [
        Decided(1, "near_poor", date(2026, 5, 2), FIRST),
        Decided(2, "not_poor", date(2026, 11, 10), SECOND),
    ]
    right = made(history=history, corrects=SECOND)
    assert (right.number, right.corrects, right.holds_from) == (3, 2, date(2026, 11, 10))
    assert (right.previous, right.transition, right.in_force) == ("near_poor", "near_poor_to_poor", True)
    earlier = made(history=history, corrects=FIRST)
    assert (earlier.previous, earlier.transition, earlier.in_force) == (None, "new_poor", False)


@pytest.mark.parametrize(
    ("history", "corrects", "on", "expected"),
    [
        pytest.param([], SECOND, date(2026, 11, 20), "not_in_corrected", id="gave this household no class"),
        pytest.param(
            [Decided(1, "poor", date(2026, 11, 10), FIRST), Decided(2, "poor", date(2026, 11, 10), SECOND, 1)],
            FIRST, date(2026, 11, 20), "class_replaced", id="corrected already",
        ),
        pytest.param(
            [Decided(1, "poor", date(2026, 11, 10), FIRST), Decided(2, "poor", date(2026, 11, 10), SECOND)],
            FIRST, date(2026, 11, 20), "class_replaced", id="another of the same day stands",
        ),
        pytest.param(
            [Decided(1, "poor", date(2026, 11, 20), FIRST)],
            FIRST, date(2026, 11, 19), "corrected_before_decided", id="dated before what it corrects",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_corrected(history: list[Decided], corrects: UUID, on: date, expected: str) -> None:
    with pytest.raises(DecisionRefused) as refused:
        made(history=history, corrects=corrects, on=on)
    assert [(each.code, each.index) for each in refused.value.faults] == [(expected, 0)]


def test_of_corrected_classes_the_correction_is_in_force() -> None:
    history = [
        Decided(1, "poor", date(2026, 1, 2), FIRST),
        Decided(2, "near_poor", date(2025, 1, 2), SECOND),
        Decided(3, "not_poor", date(2026, 1, 2), UUID(int=903), corrects=1),
        Decided(4, "near_poor", date(2026, 1, 2), UUID(int=904), corrects=3),
    ]
    assert [each.number for each in in_force(history)] == [2, 4]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        pytest.param(["not_poor"], None, id="never on a list"),
        pytest.param(["poor"], None, id="poor"),
        pytest.param(["poor", "near_poor"], None, id="poor to near-poor is no escape"),
        pytest.param(["poor", "not_poor"], date(2026, 2, 27), id="from poor"),
        pytest.param(["near_poor", "not_poor"], date(2026, 2, 27), id="from near-poor"),
        pytest.param(["poor", "near_poor", "not_poor"], date(2027, 2, 27), id="in two steps: from the second"),
        pytest.param(["poor", "not_poor", "not_poor"], date(2026, 2, 27), id="found above again: from the first"),
        pytest.param(["poor", "not_poor", "poor"], None, id="poor again"),
        pytest.param(["poor", "not_poor", "poor", "not_poor"], date(2028, 2, 29), id="escaped again: from then"),
    ],
)
def test_newly_escaped_lasts_36_months_from_recognition(classes: list[HouseholdClass], expected: date | None) -> None:
    days = (date(2022, 2, 28), date(2023, 2, 28), date(2024, 2, 28), date(2025, 3, 1))
    history = [Decided(at, each, days[at], UUID(int=at)) for at, each in enumerate(classes)]
    assert newly_escaped_until(history) == expected


def test_classes_come_in_the_order_in_which_assessments_are_named() -> None:
    made = decide(
        area_code="08566",
        decided_on=date(2026, 11, 20),
        today=TODAY,
        named=[OTHER.id, ASSESSED.id],
        assessments={each.id: each for each in (ASSESSED, OTHER)},
        history={ASSESSED.household_id: [Decided(1, "near_poor", date(2026, 11, 2), FIRST)]},
        standards=standards(),
    )
    assert [(each.assessment.id, each.number, each.previous, each.transition) for each in made] == [
        (OTHER.id, 1, None, "new_poor"),
        (ASSESSED.id, 2, "near_poor", "near_poor_to_poor"),
    ]
