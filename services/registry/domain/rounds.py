"""The steps of a review round: in which order, by which day, with which record, and the rule that says so.

A round is of one commune, under one standard, for a year or a month (Decision 24/2021/QĐ-TTg). Each household in it
goes the same way: survey (a quick screening first for who applied), village meeting, public posting, decision,
certificate; below the share of the meeting it is scored and heard again, and an objection stands in the way of the
decision until it was re-checked. What counts is the day of the record on paper, not the day on which it is typed in.
Days are dates in law (Asia/Ho_Chi_Minh).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from services.registry.domain.review_rules import ReviewRules, Sourced
from shared.events.registry import HouseholdClass

RoundKind = Literal["annual", "regular"]
ListedFor = Literal["on_list", "applied"]
Stage = Literal[
    "listed", "screened_out", "surveyed", "not_agreed", "agreed", "posted", "objected", "decided", "certified"
]  # fmt: skip


@dataclass(frozen=True)
class Period:
    """When a round is and how it is named: `2026` is the yearly one, `2026-07` that of July."""

    kind: RoundKind
    name: str
    starts_on: date
    ends_on: date


def annual_period(year: int, rules: ReviewRules) -> Period:
    """Return the period of the yearly round."""
    return Period("annual", f"{year:04}", rules.annual.first.in_year(year), rules.annual.last.in_year(year))


def regular_period(year: int, month: int, rules: ReviewRules) -> Period | None:
    """Return the period of a month's round; None where the yearly round takes its place."""
    starts_on = date(year, month, rules.regular.day)
    annual = annual_period(year, rules)
    if annual.starts_on.month <= month <= annual.ends_on.month:
        return None
    return Period("regular", f"{year:04}-{month:02}", starts_on, rules.regular.ends_on(starts_on))


def period_named(name: str, rules: ReviewRules) -> Period | None:
    """Return the period of a name, None where there is no such round."""
    year, _, month = name.partition("-")
    return regular_period(int(year), int(month), rules) if month else annual_period(int(year), rules)


def period_of_application(received_on: date, rules: ReviewRules) -> Period:
    """Return the round to which an application belongs that was received on a day.

    Received after the day on which a month's round starts, it waits for the next one; what falls into the months of the
    yearly round is of that one, until it ends.
    """
    annual = annual_period(received_on.year, rules)
    if annual.starts_on <= received_on <= annual.ends_on:
        return annual
    waits = received_on.day > rules.regular.day
    index = received_on.year * 12 + received_on.month - 1 + waits
    year, month = index // 12, index % 12 + 1
    if received_on > annual.ends_on and year == received_on.year:
        year, month = year + 1, 1
    return regular_period(year, month, rules) or annual_period(year, rules)


@dataclass(frozen=True)
class Round:
    """A round that was opened."""

    id: UUID
    area_code: str
    standard: str
    period: Period


@dataclass(frozen=True)
class Case:
    """A household in a round, as far as its records go. Votes are of the people present at its last meeting."""

    household_id: UUID
    listed_for: ListedFor
    screened_on: date | None = None
    screened_out: bool = False
    assessment_id: UUID | None = None
    assessed_on: date | None = None
    proposed_class: HouseholdClass | None = None
    met_on: date | None = None
    agreed: bool | None = None
    posted_on: date | None = None
    posted_until: date | None = None
    objected_on: date | None = None
    decision_id: UUID | None = None
    decided_on: date | None = None
    certificate: str | None = None

    @property
    def stage(self) -> Stage:
        """How far the household has come."""
        if self.certificate is not None:
            return "certified"
        if self.decision_id is not None:
            return "decided"
        if self.screened_out:
            return "screened_out"
        if self.objected_on is not None:
            return "objected"
        if self.posted_on is not None:
            return "posted"
        if self.agreed is not None:
            return "agreed" if self.agreed else "not_agreed"
        return "listed" if self.assessment_id is None else "surveyed"


@dataclass(frozen=True)
class StepFault:
    """Why a step cannot be taken: `validation.<code>` filled in by `fields`, the rule's legal basis among them."""

    code: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def _fault(code: str, rule: Sourced, **fields: Any) -> StepFault:
    shown = {name: f"{value:%d/%m/%Y}" if isinstance(value, date) else value for name, value in fields.items()}
    return StepFault(code, {"legal_basis": rule.legal_basis, **shown})


@dataclass(frozen=True)
class Steps:
    """What the rules of a day allow in a round. Each method returns what forbids a step, None where nothing does."""

    round: Round
    rules: ReviewRules
    today: date

    def in_time(self, on: date) -> StepFault | None:
        """Return what forbids any step on a day."""
        period, rule = self.round.period, self._calendar
        if on > self.today:
            return StepFault("not_yet")
        if on < period.starts_on:
            return _fault("round_not_begun", rule, starts_on=period.starts_on)
        if on > period.ends_on:
            return _fault("round_over", rule, ends_on=period.ends_on)
        return None

    @property
    def _calendar(self) -> Sourced:
        return self.rules.annual if self.round.period.kind == "annual" else self.rules.regular

    def screening(self, case: Case, screened_on: date) -> StepFault | None:
        """Form A: who applied is screened before the survey."""
        if case.listed_for != "applied":
            return _fault("screening_not_needed", self.rules.screening)
        if case.assessment_id is not None:
            return _fault("screening_after_survey", self.rules.screening)
        return self.in_time(screened_on)

    def survey(self, case: Case, assessed_on: date) -> StepFault | None:
        """Forms B1 and B2, anew after a meeting that did not agree or an objection that was found right."""
        if case.decision_id is not None:
            return _fault("case_decided", self.rules.decision)
        if case.screened_out:
            return _fault("case_screened_out", self.rules.screening)
        if case.listed_for == "applied" and case.screened_on is None:
            return _fault("screening_missing", self.rules.screening)
        if case.screened_on is not None and assessed_on < case.screened_on:
            return _fault("survey_before_screening", self.rules.screening, day=case.screened_on)
        if case.posted_on is not None:
            return _fault("survey_after_posting", self.rules.posting)
        return self.in_time(assessed_on)

    def meeting(self, case: Case, held_on: date) -> StepFault | None:
        """The village meeting hears what the survey found."""
        rule = self.rules.meeting
        if case.assessed_on is None:
            return _fault("survey_missing", rule)
        if case.posted_on is not None or case.decision_id is not None:
            return _fault("meeting_after_posting", rule)
        if case.agreed is False:
            return _fault("score_again", rule, percent=rule.percent)
        if held_on < case.assessed_on:
            return _fault("meeting_before_survey", rule, day=case.assessed_on)
        return self.in_time(held_on)

    def posting(self, case: Case, posted_on: date) -> StepFault | None:
        """Posted is what the meeting agreed to."""
        rule = self.rules.posting
        if case.posted_on is not None:
            return _fault("posted_already", rule, day=case.posted_on)
        if case.met_on is None:
            return _fault("meeting_missing", rule)
        if not case.agreed:
            return _fault("meeting_not_agreed", self.rules.meeting, percent=self.rules.meeting.percent)
        if posted_on < case.met_on:
            return _fault("posting_before_meeting", rule, day=case.met_on)
        return self.in_time(posted_on)

    def objection(self, case: Case, received_on: date) -> StepFault | None:
        """Objections are heard while the list is posted."""
        rule = self.rules.posting
        if case.decision_id is not None:
            return _fault("case_decided", self.rules.decision)
        if case.posted_on is None or case.posted_until is None:
            return _fault("posting_missing", rule)
        if case.objected_on is not None:
            return _fault("objection_open", self.rules.recheck, day=case.objected_on)
        if received_on < case.posted_on:
            return _fault("objection_early", rule, day=case.posted_on)
        if received_on > case.posted_until:
            return _fault("objection_late", rule, day=case.posted_until)
        return self.in_time(received_on)

    def recheck(self, case: Case, rechecked_on: date) -> StepFault | None:
        """An objection is looked into once. Late is told in the record, since a household cannot wait for ever."""
        rule = self.rules.recheck
        if case.objected_on is None:
            return _fault("objection_missing", rule)
        if rechecked_on < case.objected_on:
            return _fault("recheck_early", rule, day=case.objected_on)
        return self.in_time(rechecked_on)

    def decision(self, case: Case, assessment_id: UUID, decided_on: date) -> StepFault | None:
        """The chair decides on what was posted, after the posting and its objections."""
        rule = self.rules.posting
        if case.decision_id is not None:
            return _fault("case_decided", self.rules.decision)
        if case.posted_until is None:
            return _fault("posting_missing", rule)
        if case.assessment_id != assessment_id:
            return _fault("assessment_not_posted", rule)
        if case.objected_on is not None:
            return _fault("objection_open", self.rules.recheck, day=case.objected_on)
        if decided_on <= case.posted_until:
            return _fault("posting_not_over", rule, day=case.posted_until)
        return self.in_time(decided_on)

    def certificate(self, case: Case, issued_on: date) -> StepFault | None:
        """Who is recognised as poor or near-poor gets a certificate."""
        rule = self.rules.certificate
        if case.decided_on is None:
            return _fault("decision_missing", rule)
        if case.proposed_class == "not_poor":
            return _fault("certificate_not_due", rule)
        if case.certificate is not None:
            return _fault("certificate_issued", rule)
        if issued_on < case.decided_on:
            return _fault("certificate_early", rule, day=case.decided_on)
        return StepFault("not_yet") if issued_on > self.today else None
