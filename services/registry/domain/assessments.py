"""What reviewers found in a household, and the class it proposes."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.classification import (
    Proposal,
    Route,
    ScoreRouteUnknown,
    UnknownIndicator,
    classify,
)
from services.registry.domain.standards import Standards, UnknownStandard
from shared.events.registry import Setting


class Findings(BaseModel):
    """The findings of one assessment under one standard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standard: str = Field(max_length=40, examples=["vn-2022-2025"])
    assessed_on: date = Field(examples=["2026-11-02"])
    route: Route
    deprivations: tuple[str, ...] = Field(max_length=12, examples=[["housing_quality", "water_source", "nutrition"]])
    b2_points: int | None = Field(default=None, description="points of form B2 as written on it", examples=[30])


class FindingsRefused(ValueError):
    """The findings cannot be evaluated: `field` and `code` say why."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(code)
        self.field = field
        self.code = code


def evaluate(findings: Findings, *, setting: Setting, today: date, standards: Standards) -> Proposal:
    """Return what the findings propose for a household in a setting.

    Raises:
        FindingsRefused: the day is not yet come, the standard is unknown or not in use on that day, an indicator is not
            the standard's, or B2 is not its points times the deprivations.
    """
    if findings.assessed_on > today:
        raise FindingsRefused("assessed_on", "not_yet")
    try:
        standard = standards.named(findings.standard)
    except UnknownStandard:
        raise FindingsRefused("standard", "standard_unknown") from None
    if not standard.usable_on(findings.assessed_on):
        raise FindingsRefused("standard", "standard_not_in_use")
    try:
        proposal = classify(standard, setting, findings.route, findings.deprivations)
    except ScoreRouteUnknown:
        raise FindingsRefused("route", "score_route_unknown") from None
    except UnknownIndicator:
        raise FindingsRefused("deprivations", "indicator_unknown") from None
    if findings.b2_points not in (None, proposal.b2_points):
        raise FindingsRefused("b2_points", "b2_points")
    return proposal
