"""What reviewers found in a household, and the class it proposes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.classification import (
    FormRoute,
    IncomeRoute,
    Proposal,
    ScoreRoute,
    ScoreRouteUnknown,
    UnknownIndicator,
    classify,
)
from services.registry.domain.deprivations import ComputedDeprivation, Resident, computed_deprivations
from services.registry.domain.facts import HouseholdFacts
from services.registry.domain.form_b1 import FormAnswersRefused, FormB1, FormsB1
from services.registry.domain.standards import Standard, Standards, UnknownStandard
from shared.events.registry import Setting


class Findings(BaseModel):
    """The findings of one assessment under one standard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standard: str = Field(max_length=40, examples=["vn-2022-2025"])
    assessed_on: date = Field(examples=["2026-11-02"])
    route: Annotated[IncomeRoute | ScoreRoute | FormRoute, Field(discriminator="kind")]
    deprivations: tuple[str, ...] = Field(max_length=12, examples=[["housing_quality", "water_source", "nutrition"]])
    facts: HouseholdFacts | None = Field(default=None, description="deprivations are computed beside the ticks")
    b2_points: int | None = Field(default=None, description="points of form B2 as written on it", examples=[30])


class FindingsRefused(ValueError):
    """The findings cannot be evaluated: `field` and `code` say why."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(code)
        self.field = field
        self.code = code


@dataclass(frozen=True)
class Evaluation:
    """What findings propose, what the facts in them say, and the form that gave the points."""

    proposal: Proposal
    computed: tuple[ComputedDeprivation, ...]
    form: FormB1 | None

    @property
    def differences(self) -> tuple[str, ...]:
        """The indicators about which ticks and facts disagree, in the order of the form."""
        ticked = self.proposal.deprivations
        return tuple(
            each.indicator
            for each in self.computed
            if each.deprived is not None and each.deprived != (each.indicator in ticked)
        )


def evaluate(
    findings: Findings,
    *,
    setting: Setting,
    today: date,
    standards: Standards,
    forms: FormsB1,
    residents: Sequence[Resident] = (),
) -> Evaluation:
    """Return what the findings propose for a household in a setting; `residents` are its members as registered.

    Raises:
        FindingsRefused: the day is not yet come, the standard is unknown or not in use on that day, an indicator is not
            the standard's, B2 is not its points times the deprivations, the form or an answer is unknown, or facts are
            about somebody who is no member.
    """
    if findings.assessed_on > today:
        raise FindingsRefused("assessed_on", "not_yet")
    try:
        standard = standards.named(findings.standard)
    except UnknownStandard:
        raise FindingsRefused("standard", "standard_unknown") from None
    if not standard.usable_on(findings.assessed_on):
        raise FindingsRefused("standard", "standard_not_in_use")
    form, route = _counted(findings, setting, forms)
    try:
        proposal = classify(standard, setting, route, findings.deprivations)
    except ScoreRouteUnknown:
        raise FindingsRefused("route", "score_route_unknown") from None
    except UnknownIndicator:
        raise FindingsRefused("deprivations", "indicator_unknown") from None
    if findings.b2_points not in (None, proposal.b2_points):
        raise FindingsRefused("b2_points", "b2_points")
    return Evaluation(proposal, _computed(standard, findings, residents), form)


def _counted(findings: Findings, setting: Setting, forms: FormsB1) -> tuple[FormB1 | None, IncomeRoute | ScoreRoute]:
    route = findings.route
    if not isinstance(route, FormRoute):
        return None, route
    try:
        form = forms.named(route.version, findings.standard)
        points = form.points(setting, route.region, route.answers)
    except FormAnswersRefused as refusal:
        field = "route" if refusal.item is None else f"route/form/answers/{refusal.item}"
        raise FindingsRefused(field, refusal.code) from None
    return form, ScoreRoute(kind="score", b1_points=points)


def _computed(standard: Standard, findings: Findings, residents: Sequence[Resident]) -> tuple[ComputedDeprivation, ...]:
    if findings.facts is None:
        return ()
    known = {each.id for each in residents}
    for index, member in enumerate(findings.facts.members):
        if member.person_id not in known:
            raise FindingsRefused(f"facts/members/{index}/person_id", "not_a_member")
    return computed_deprivations(standard, findings.facts, residents, findings.assessed_on)
