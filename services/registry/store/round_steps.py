"""The steps of review rounds on record: screening, survey, meeting, posting, objections, certificates.

Each takes households of one round, all or none. Their case rows are locked in the order of ids first; what forbids a
step is found by the rules (`domain.rounds.Steps`) and told for each household with its legal basis.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from services.registry.domain.review_rules import rules_on
from services.registry.domain.round_records import (
    Issue,
    Issued,
    MeetingHeld,
    Minutes,
    Objection,
    ObjectionTaken,
    Posted,
    Posting,
    Recheck,
    Rechecked,
    Screening,
    Surveys,
)
from services.registry.domain.rounds import Case, Round, StepFault, Steps
from services.registry.store.rounds import locked_cases
from services.registry.tables import (
    ASSESSMENTS,
    CERTIFICATES,
    REVIEW_CASES,
    REVIEW_MEETINGS,
    REVIEW_OBJECTIONS,
    REVIEW_POSTINGS,
    REVIEW_VOTES,
)
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.http import FieldProblem, Problem
from shared.ids import new_id


@dataclass(frozen=True)
class Desk:
    """Where steps of one round are taken, by somebody, now."""

    session: Transaction
    round: Round
    by: str
    now: datetime

    def _steps(self, on: date) -> Steps:
        return Steps(self.round, rules_on(on), legal_date(self.now))

    async def _cases(
        self,
        asked: Mapping[UUID, str],
        allowed: Callable[[Case], StepFault | None],
    ) -> dict[UUID, Case]:
        """Return the cases of the households asked for, by the pointers at which they stand.

        Raises:
            Problem: 409 `step_refused`; some are not in the round, or something forbids the step.
        """
        cases = await locked_cases(self.session, self.round.id, asked)
        errors = []
        for household_id, at in asked.items():
            case = cases.get(household_id)
            fault = StepFault("not_in_round") if case is None else allowed(case)
            if fault is not None:
                errors.append(FieldProblem(at, fault.code, fault.fields))
        if errors:
            raise Problem(409, "step_refused", errors=errors, count=len(errors))
        return cases

    async def _save(self, cases: Collection[Case], changes: Mapping[str, Any], **each: Mapping[UUID, Any]) -> None:
        """Write what a step changed in cases: the same for all, and what differs by household."""
        names = [*changes, *each]
        rows = [
            {
                "_household": case.household_id,
                "_stage": case.stage,
                **changes,
                **{name: values[case.household_id] for name, values in each.items()},
            }
            for case in cases
        ]
        table = REVIEW_CASES
        statement = (
            update(table)
            .where(table.c.round_id == self.round.id, table.c.household_id == bindparam("_household"))
            .values({name: bindparam(name) for name in names} | {"stage": bindparam("_stage")})
        )
        await (await self.session.connection()).execute(statement, rows)

    async def _record(self, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        recorded = {"recorded_by": self.by, "recorded_at": self.now}
        await (await self.session.connection()).execute(insert(table), [{**row, **recorded} for row in rows])

    async def screen(self, screening: Screening) -> None:
        """Record form A. Raises 409 `step_refused`."""
        steps = self._steps(screening.screened_on)
        asked = {screening.household_id: "/body/household_id"}
        cases = await self._cases(asked, lambda case: steps.screening(case, screening.screened_on))
        noted: dict[str, Any] = {"screened_on": screening.screened_on, "screened_out": screening.screened_out}
        changed = [replace(each, **noted) for each in cases.values()]
        await self._save(changed, noted | {"screening_reason": screening.reason})

    async def survey(self, surveys: Surveys) -> None:
        """Record by which assessments households are heard; an earlier survey of the round gives way.

        Raises:
            Problem: 409 `step_refused`; also where an assessment is not the household's, or by another standard.
        """
        named = {each.household_id: each.assessment_id for each in surveys.surveys}
        query = select(
            ASSESSMENTS.c.id, ASSESSMENTS.c.household_id, ASSESSMENTS.c.standard, ASSESSMENTS.c.assessed_on
        ).where(among(ASSESSMENTS.c.id, named.values()))
        found = {row.id: row for row in await self.session.execute(query)}

        def allowed(case: Case) -> StepFault | None:
            assessment = found.get(named[case.household_id])
            if assessment is None or assessment.household_id != case.household_id:
                return StepFault("assessment_unknown")
            if assessment.standard != self.round.standard:
                return StepFault("standards_differ")
            if case.met_on is not None and assessment.id == case.assessment_id:
                return StepFault("assessment_heard")
            return self._steps(assessment.assessed_on).survey(case, assessment.assessed_on)

        asked = {each.household_id: f"/body/surveys/{at}" for at, each in enumerate(surveys.surveys)}
        cases = await self._cases(asked, allowed)
        cleared = {"meeting_id": None, "met_on": None, "agreed": None}
        changed = [
            replace(each, assessment_id=named[each.household_id], met_on=None, agreed=None) for each in cases.values()
        ]
        await self._save(changed, cleared, assessment_id=named)

    async def meet(self, minutes: Minutes) -> MeetingHeld:
        """Record a meeting. Raises 409 `step_refused`; also where more agree than are present."""
        steps = self._steps(minutes.held_on)
        votes = {each.household_id: each for each in minutes.votes}

        def allowed(case: Case) -> StepFault | None:
            if votes[case.household_id].agreeing > minutes.present:
                return StepFault("more_agree_than_present")
            return steps.meeting(case, minutes.held_on)

        asked = {each.household_id: f"/body/votes/{at}" for at, each in enumerate(minutes.votes)}
        cases = await self._cases(asked, allowed)
        rule = steps.rules.meeting
        agreed = {each: rule.agreed(minutes.present, vote.agreeing) for each, vote in votes.items()}
        meeting_id = new_id()
        await self._record(
            REVIEW_MEETINGS, [minutes.model_dump(exclude={"votes"}) | {"id": meeting_id, "round_id": self.round.id}]
        )
        rows = [
            each.model_dump()
            | {
                "meeting_id": meeting_id,
                "assessment_id": cases[each.household_id].assessment_id,
                "agreed": agreed[each.household_id],
            }
            for each in minutes.votes
        ]
        await (await self.session.connection()).execute(insert(REVIEW_VOTES), rows)
        noted: dict[str, Any] = {"meeting_id": meeting_id, "met_on": minutes.held_on, "village": minutes.village}
        changed = [replace(each, met_on=minutes.held_on, agreed=agreed[each.household_id]) for each in cases.values()]
        await self._save(changed, noted, agreed=agreed)
        return MeetingHeld(
            id=meeting_id,
            agreed=[each for each in votes if agreed[each]],
            not_agreed=[each for each in votes if not agreed[each]],
        )

    async def post(self, posting: Posting) -> Posted:
        """Record a posting. Raises 409 `step_refused`."""
        steps = self._steps(posting.posted_on)
        asked = {each: f"/body/household_ids/{at}" for at, each in enumerate(posting.household_ids)}
        cases = await self._cases(asked, lambda case: steps.posting(case, posting.posted_on))
        until = steps.rules.after(posting.posted_on, steps.rules.posting)
        posted = Posted(id=new_id(), posted_on=posting.posted_on, posted_until=until)
        row = posted.model_dump() | {"round_id": self.round.id, "places": posting.places}
        await self._record(REVIEW_POSTINGS, [row])
        noted: dict[str, Any] = {"posted_on": posting.posted_on, "posted_until": until}
        await self._save([replace(each, **noted) for each in cases.values()], noted | {"posting_id": posted.id})
        return posted

    async def object(self, objection: Objection) -> ObjectionTaken:
        """Record an objection. Raises 409 `step_refused`."""
        steps = self._steps(objection.received_on)
        asked = {objection.household_id: "/body/household_id"}
        cases = await self._cases(asked, lambda case: steps.objection(case, objection.received_on))
        taken = ObjectionTaken(id=new_id(), due_on=steps.rules.after(objection.received_on, steps.rules.recheck))
        row = objection.model_dump() | taken.model_dump() | {"round_id": self.round.id}
        await self._record(REVIEW_OBJECTIONS, [row])
        noted: dict[str, Any] = {"objected_on": objection.received_on}
        await self._save([replace(each, **noted) for each in cases.values()], noted)
        return taken

    async def recheck(self, objection_id: UUID, recheck: Recheck) -> Rechecked:
        """Record a re-check. Raises 404 `objection_not_found`, 409 `step_refused`."""
        table = REVIEW_OBJECTIONS.c
        query = select(REVIEW_OBJECTIONS).where(table.id == objection_id, table.round_id == self.round.id)
        row = (await self.session.execute(query.with_for_update())).mappings().one_or_none()
        if row is None:
            raise Problem(404, "objection_not_found")
        if row["rechecked_on"] is not None:
            raise Problem(
                409, "step_refused", errors=[FieldProblem("/path/objection_id", "objection_settled")], count=1
            )
        steps = self._steps(recheck.rechecked_on)
        asked = {row["household_id"]: "/body/rechecked_on"}
        cases = await self._cases(asked, lambda case: steps.recheck(case, recheck.rechecked_on))
        noted = recheck.model_dump() | {"rechecked_by": self.by}
        await self.session.execute(update(REVIEW_OBJECTIONS).where(table.id == objection_id).values(noted))
        settled: dict[str, Any] = {"objected_on": None}
        if recheck.found_right:
            settled |= {"posted_on": None, "posted_until": None, "met_on": None, "agreed": None}
        changed = [replace(each, **settled) for each in cases.values()]
        await self._save(changed, settled | ({"posting_id": None, "meeting_id": None} if recheck.found_right else {}))
        return Rechecked(household_id=row["household_id"], late=recheck.rechecked_on > row["due_on"])

    async def certify(self, issue: Issue) -> list[Issued]:
        """Issue certificates. Raises 409 `step_refused`, 409 `certificate_number_taken`."""
        steps = self._steps(issue.issued_on)
        asked = {each: f"/body/household_ids/{at}" for at, each in enumerate(issue.household_ids)}
        cases = await self._cases(asked, lambda case: steps.certificate(case, issue.issued_on))
        numbers = {
            each: f"{number:04}/GCN-{issue.issued_on.year}"
            for number, each in enumerate(issue.household_ids, start=issue.first_number)
        }
        await self._record(
            CERTIFICATES,
            [
                {
                    "round_id": self.round.id,
                    "household_id": each,
                    "area_code": self.round.area_code,
                    "number": numbers[each],
                    "decision_id": cases[each].decision_id,
                    "issued_on": issue.issued_on,
                    "signed_by": issue.signed_by,
                }
                for each in issue.household_ids
            ],
        )
        changed = [replace(each, certificate=numbers[each.household_id]) for each in cases.values()]
        await self._save(changed, {}, certificate=numbers)
        return [Issued(household_id=each, number=numbers[each]) for each in issue.household_ids]
