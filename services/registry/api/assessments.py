"""Assessments: what reviewers found, and the class it proposes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.assessments import Evaluation, Findings
from services.registry.domain.classification import Reason
from services.registry.domain.deprivations import ComputedDeprivation
from services.registry.store import assessments, households
from services.registry.store.assessments import Assessment
from shared import clock
from shared.access import Access
from shared.events.registry import HouseholdClass, Setting
from shared.http import IDEMPOTENT, About, Actor, Reads, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["assessments"])

Recording = Annotated[Access, needs("assessments.record")]
Reading = Annotated[Access, needs("households.read")]


class AssessmentView(BaseModel):
    """Findings as recorded, the class they propose, and why. The class itself follows from a decision alone."""

    id: UUID
    household_id: UUID
    standard: str
    setting: Setting
    b1_points: int | None
    b2_points: int
    deprivations: tuple[str, ...]
    proposed_class: HouseholdClass
    reasons: tuple[Reason, ...]
    computed: tuple[ComputedDeprivation, ...] = Field(description="what the facts say, beside what was ticked")
    differences: tuple[str, ...] = Field(description="indicators about which ticks and facts disagree")
    form_version: str | None
    sample_form: bool = Field(description="scored by a sample table: no decision can rest on it")

    @classmethod
    def of(cls, assessment: Assessment) -> Self:
        """Return the view of an assessment."""
        proposal, form = assessment.evaluation.proposal, assessment.evaluation.form
        return cls(
            id=assessment.id,
            household_id=assessment.household_id,
            standard=assessment.findings.standard,
            setting=assessment.setting,
            b1_points=proposal.b1_points,
            b2_points=proposal.b2_points,
            deprivations=proposal.deprivations,
            proposed_class=proposal.household_class,
            reasons=proposal.reasons,
            computed=assessment.evaluation.computed,
            differences=assessment.evaluation.differences,
            form_version=form and form.version,
            sample_form=form is not None and form.sample,
        )


class RecordedAssessment(BaseModel):
    """An assessment on record, with when it was made and by whom."""

    id: UUID
    standard: str
    assessed_on: date
    setting: Setting
    income_per_person_month: int | None = Field(description="VND per person and month, where income was measured")
    b1_points: int | None
    b2_points: int
    deprivations: tuple[str, ...]
    proposed_class: HouseholdClass
    reasons: tuple[Reason, ...]
    computed: tuple[ComputedDeprivation, ...] = Field(description="what the facts say, beside what was ticked")
    form_version: str | None
    sample_form: bool
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Return the view of a row."""
        return cls.model_validate({name: row[name] for name in cls.model_fields})


class Trial(BaseModel):
    """What findings would propose; nothing was recorded."""

    b1_points: int | None
    b2_points: int
    proposed_class: HouseholdClass
    reasons: tuple[Reason, ...]
    computed: tuple[ComputedDeprivation, ...]
    differences: tuple[str, ...] = Field(description="indicators about which ticks and facts disagree")
    sample_form: bool

    @classmethod
    def of(cls, evaluation: Evaluation) -> Self:
        """Return the view of an evaluation."""
        proposal, form = evaluation.proposal, evaluation.form
        return cls(
            b1_points=proposal.b1_points,
            b2_points=proposal.b2_points,
            proposed_class=proposal.household_class,
            reasons=proposal.reasons,
            computed=evaluation.computed,
            differences=evaluation.differences,
            sample_form=form is not None and form.sample,
        )


class FindingsOfHousehold(Findings):
    """Findings in a household of a batch."""

    household_id: UUID


class FindingsBatch(BaseModel):
    """Findings to be recorded together: all or none."""

    model_config = ConfigDict(extra="forbid")

    assessments: list[FindingsOfHousehold] = Field(min_length=1, max_length=500)


class AssessedBatch(BaseModel):
    """The assessments of a batch, in the order sent."""

    assessments: list[AssessmentView]


@router.post("/households/{household_id}/assessments", status_code=201, dependencies=[IDEMPOTENT])
async def assess_household(
    tx: Tx, actor: Actor, access: Recording, household_id: UUID, findings: Findings
) -> AssessmentView:
    """Record what was found in a household under a standard."""
    await households.household(tx, household_id, access)
    items = [(household_id, findings)]
    (made,) = await assessments.assess(tx, access, items, pointers=["/body"], by=actor, now=clock.now())
    return AssessmentView.of(made)


@router.get("/households/{household_id}/assessments")
async def list_assessments(tx: Tx, access: Reading, reads: Reads, household_id: UUID) -> Sequence[RecordedAssessment]:
    """Show what was ever found in a household, newest first, with the reasons of each proposed class."""
    found = await households.household(tx, household_id, access)
    reads.one("household", found.id, area=found.area_code)
    return [RecordedAssessment.of(row) for row in await assessments.assessments_of(tx, household_id)]


@router.post("/households/{household_id}/assessments/trial")
async def try_assessment(tx: Tx, access: Recording, household_id: UUID, findings: Findings) -> Trial:
    """Show what findings would propose and why, without recording them."""
    await households.household(tx, household_id, access)
    items = [(household_id, findings)]
    (tried,) = await assessments.evaluated(tx, access, items, pointers=["/body"], now=clock.now())
    return Trial.of(tried.evaluation)


@router.post("/assessments/batches", status_code=201, dependencies=[IDEMPOTENT])
async def assess_households(
    tx: Tx, actor: Actor, access: Recording, about: About, body: FindingsBatch
) -> AssessedBatch:
    """Record what was found in up to 500 households, all or none."""
    made = await assessments.assess(
        tx,
        access,
        [(each.household_id, each) for each in body.assessments],
        pointers=[f"/body/assessments/{index}" for index in range(len(body.assessments))],
        by=actor,
        now=clock.now(),
    )
    about.many("household", [each.household_id for each in body.assessments])
    return AssessedBatch(assessments=[AssessmentView.of(each) for each in made])
