"""The calendar of reviews, and the rules of each step."""

import json
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.registry.domain.review_rules import read_review_rules, rules_on
from services.registry.domain.rounds import (
    Case,
    Round,
    Stage,
    Steps,
    period_named,
    period_of_application,
)

RULES = rules_on(date(2026, 1, 1))


@pytest.mark.parametrize(
    ("name", "starts_on", "ends_on"),
    [
        ("2026", date(2026, 9, 1), date(2026, 12, 14)),
        ("2026-01", date(2026, 1, 15), date(2026, 1, 30)),
        ("2026-02", date(2026, 2, 15), date(2026, 3, 2)),
        ("2026-08", date(2026, 8, 15), date(2026, 8, 30)),
    ],
)
def test_a_round_has_its_days(name: str, starts_on: date, ends_on: date) -> None:
    period = period_named(name, RULES)
    assert period is not None
    assert (period.name, period.starts_on, period.ends_on) == (name, starts_on, ends_on)


@pytest.mark.parametrize("month", [9, 10, 11, 12])
def test_from_september_to_december_the_yearly_round_takes_the_place_of_monthly_ones(month: int) -> None:
    assert period_named(f"2026-{month:02}", RULES) is None


@pytest.mark.parametrize(
    ("received_on", "period"),
    [
        pytest.param(date(2026, 7, 14), "2026-07", id="before the round"),
        pytest.param(date(2026, 7, 15), "2026-07", id="on the day it starts"),
        pytest.param(date(2026, 7, 16), "2026-08", id="the day after"),
        pytest.param(date(2026, 7, 20), "2026-08", id="on the 20th: the next month's"),
        pytest.param(date(2026, 8, 15), "2026-08", id="the last monthly round"),
        pytest.param(date(2026, 8, 20), "2026", id="September folds into the year's"),
        pytest.param(date(2026, 9, 1), "2026", id="the yearly round begins"),
        pytest.param(date(2026, 12, 14), "2026", id="its last day"),
        pytest.param(date(2026, 12, 15), "2027-01", id="after it"),
        pytest.param(date(2026, 12, 31), "2027-01", id="at the end of the year"),
    ],
)
def test_an_application_belongs_to_a_round(received_on: date, period: str) -> None:
    assert period_of_application(received_on, RULES).name == period


@pytest.mark.parametrize(
    ("present", "agreeing", "agreed"),
    [(40, 19, False), (40, 20, True), (41, 20, False), (41, 21, True), (1, 0, False), (1, 1, True)],
)
def test_half_of_those_present_must_agree(present: int, agreeing: int, agreed: bool) -> None:
    assert RULES.meeting.agreed(present, agreeing) == agreed


@pytest.mark.parametrize(
    ("posted_on", "until"),
    [
        pytest.param(date(2026, 10, 5), date(2026, 10, 8), id="a Monday"),
        pytest.param(date(2026, 10, 8), date(2026, 10, 13), id="over a week-end"),
        pytest.param(date(2026, 10, 10), date(2026, 10, 14), id="on a Saturday"),
        pytest.param(date(2026, 4, 29), date(2026, 5, 6), id="over two holidays and a week-end"),
    ],
)
def test_a_posting_lasts_three_working_days(posted_on: date, until: date) -> None:
    assert RULES.after(posted_on, RULES.posting) == until


def test_what_no_source_confirmed_says_so() -> None:
    assert not RULES.posting.confirmed
    assert RULES.posting.note
    assert RULES.annual.confirmed


def test_a_doubt_without_a_note_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a note"):
        type(RULES.posting)(working_days=3, legal_basis="QĐ 24", confirmed=False)


def test_rules_leave_no_gap() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        read_review_rules('{"rules": []}')
    first, second = RULES.model_dump(mode="json"), RULES.model_dump(mode="json")
    rules = [first | {"valid_to": "2026-12-31"}, second | {"valid_from": "2027-01-02"}]
    with pytest.raises(ValueError, match="without a gap"):
        read_review_rules(json.dumps({"rules": rules}))


PERIOD = period_named("2026", RULES)
assert PERIOD is not None
STEPS = Steps(Round(UUID(int=1), "08566", "vn-2022-2025", PERIOD), RULES, today=date(2026, 12, 1))
FOUND = UUID(int=5)
LISTED = Case(UUID(int=2), "on_list")
APPLIED = Case(UUID(int=2), "applied")
SCREENED = replace(APPLIED, screened_on=date(2026, 9, 20))
SURVEYED = replace(LISTED, assessment_id=FOUND, assessed_on=date(2026, 10, 1), proposed_class="poor")
AGREED = replace(SURVEYED, met_on=date(2026, 10, 5), agreed=True)
POSTED = replace(AGREED, posted_on=date(2026, 10, 6), posted_until=date(2026, 10, 9))
OBJECTED = replace(POSTED, objected_on=date(2026, 10, 7))
DECIDED = replace(POSTED, decision_id=UUID(int=6), decided_on=date(2026, 10, 12))


@pytest.mark.parametrize(
    ("case", "stage"),
    [
        (LISTED, "listed"), (replace(SCREENED, screened_out=True), "screened_out"), (SURVEYED, "surveyed"),
        (replace(AGREED, agreed=False), "not_agreed"), (AGREED, "agreed"), (POSTED, "posted"), (OBJECTED, "objected"),
        (DECIDED, "decided"), (replace(DECIDED, certificate="0001/GCN-2026"), "certified"),
    ],
)  # fmt: skip
def test_the_stage_follows_from_the_records(case: Case, stage: Stage) -> None:
    assert case.stage == stage


@pytest.mark.parametrize(
    ("step", "case", "on", "code"),
    [
        ("screening", APPLIED, date(2026, 9, 20), None),
        ("screening", LISTED, date(2026, 9, 20), "screening_not_needed"),
        ("screening", replace(SCREENED, assessment_id=FOUND), date(2026, 9, 20), "screening_after_survey"),
        ("survey", LISTED, date(2026, 8, 31), "round_not_begun"),
        ("survey", LISTED, date(2026, 9, 1), None),
        ("survey", LISTED, date(2026, 12, 2), "not_yet"),
        ("survey", APPLIED, date(2026, 9, 20), "screening_missing"),
        ("survey", SCREENED, date(2026, 9, 19), "survey_before_screening"),
        ("survey", replace(SCREENED, screened_out=True), date(2026, 9, 21), "case_screened_out"),
        ("survey", POSTED, date(2026, 10, 7), "survey_after_posting"),
        ("survey", DECIDED, date(2026, 10, 13), "case_decided"),
        ("meeting", SURVEYED, date(2026, 10, 1), None),
        ("meeting", LISTED, date(2026, 10, 1), "survey_missing"),
        ("meeting", SURVEYED, date(2026, 9, 30), "meeting_before_survey"),
        ("meeting", replace(AGREED, agreed=False), date(2026, 10, 6), "score_again"),
        ("meeting", POSTED, date(2026, 10, 7), "meeting_after_posting"),
        ("posting", AGREED, date(2026, 10, 5), None),
        ("posting", SURVEYED, date(2026, 10, 5), "meeting_missing"),
        ("posting", replace(AGREED, agreed=False), date(2026, 10, 5), "meeting_not_agreed"),
        ("posting", AGREED, date(2026, 10, 4), "posting_before_meeting"),
        ("posting", POSTED, date(2026, 10, 7), "posted_already"),
        ("objection", POSTED, date(2026, 10, 9), None),
        ("objection", POSTED, date(2026, 10, 10), "objection_late"),
        ("objection", POSTED, date(2026, 10, 5), "objection_early"),
        ("objection", AGREED, date(2026, 10, 7), "posting_missing"),
        ("objection", OBJECTED, date(2026, 10, 8), "objection_open"),
        ("recheck", OBJECTED, date(2026, 10, 20), None),
        ("recheck", OBJECTED, date(2026, 10, 6), "recheck_early"),
        ("recheck", POSTED, date(2026, 10, 8), "objection_missing"),
        ("certificate", DECIDED, date(2026, 10, 12), None),
        ("certificate", DECIDED, date(2026, 10, 11), "certificate_early"),
        ("certificate", POSTED, date(2026, 10, 12), "decision_missing"),
        ("certificate", replace(DECIDED, proposed_class="not_poor"), date(2026, 10, 12), "certificate_not_due"),
        ("certificate", replace(DECIDED, certificate="1"), date(2026, 10, 12), "certificate_issued"),
    ],
)
def test_a_step_is_taken_in_its_order_and_time(step: str, case: Case, on: date, code: str | None) -> None:
    fault = getattr(STEPS, step)(case, on)
    assert (None if fault is None else fault.code) == code
    assert fault is None or fault.code == "not_yet" or fault.fields["legal_basis"]


@pytest.mark.parametrize(
    ("case", "assessment", "on", "code"),
    [
        (POSTED, FOUND, date(2026, 10, 10), None),
        (POSTED, FOUND, date(2026, 10, 9), "posting_not_over"),
        (POSTED, UUID(int=9), date(2026, 10, 12), "assessment_not_posted"),
        (OBJECTED, FOUND, date(2026, 10, 12), "objection_open"),
        (AGREED, FOUND, date(2026, 10, 12), "posting_missing"),
        (DECIDED, FOUND, date(2026, 10, 12), "case_decided"),
    ],
)
def test_the_decision_comes_after_the_posting_and_its_objections(
    case: Case, assessment: UUID, on: date, code: str | None
) -> None:
    fault = STEPS.decision(case, assessment, on)
    assert (None if fault is None else fault.code) == code


def test_no_step_is_taken_after_the_round() -> None:
    after = replace(STEPS, today=date(2026, 12, 31)).decision(POSTED, FOUND, date(2026, 12, 15))
    assert after is not None
    assert (after.code, after.fields["ends_on"]) == ("round_over", "14/12/2026")
