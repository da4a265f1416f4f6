"""Assessments: what reviewers found, and the class it proposes."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.assessments import Findings
from services.registry.domain.classification import Reason
from services.registry.domain.deprivations import ComputedDeprivation
from services.registry.store import assessments, households
from services.registry.store.assessments import Assessment
from shared import clock
from shared.access import Access
from shared.events.registry import HouseholdClass, Setting
from shared.http import IDEMPOTENT, About, Actor, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["assessments"])

Recording = Annotated[Access, needs("assessments.record")]


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
