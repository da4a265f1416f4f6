"""Which class a household's findings propose under a standard, and why.

Poor means below the line AND deprived of enough; near-poor is below the same line with fewer deprivations; above the
line a household is not poor whatever it lacks (Decree 07/2021/NĐ-CP, article 3; Decree 351/2025/NĐ-CP).
"""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.standards import Standard
from shared.events.registry import HouseholdClass, Setting


class ScoreRouteUnknown(ValueError):
    """The standard has no known cut-offs of form B1; only measured income decides."""


class UnknownIndicator(ValueError):
    """A deprivation is named that the standard does not have, or one is named twice."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IncomeRoute(_Part):
    """Income was measured: VND per person and month."""

    kind: Literal["income"]
    income_per_person_month: int = Field(ge=0, le=1_000_000_000, examples=[1_200_000])


class ScoreRoute(_Part):
    """Form B1 stands in for income; the points say how well off the household is."""

    kind: Literal["score"]
    b1_points: int = Field(ge=0, le=1000, examples=[120])


class FormRoute(_Part):
    """Form B1 as filled in: its points follow from a table."""

    kind: Literal["form"]
    version: str = Field(max_length=40, examples=["sample-b1-2022"])
    region: str = Field(max_length=40, examples=["midlands_mountains"])
    answers: dict[str, str] = Field(max_length=60, examples=[{"motorbike": "no"}])


Route = Annotated[IncomeRoute | ScoreRoute, Field(discriminator="kind")]


class Reason(_Part):
    """One criterion of the rule: what was found, the threshold, whether it is met, and where the law says so."""

    criterion: Literal["income_per_person_month", "b1_points", "deprivations"]
    value: int
    comparison: Literal["at_most", "at_least"]
    threshold: int
    met: bool
    legal_basis: str


class Proposal(_Part):
    """The class that the findings propose. The class itself follows from the commune's decision alone."""

    household_class: HouseholdClass
    b1_points: int | None
    b2_points: int
    deprivations: tuple[str, ...]
    reasons: tuple[Reason, ...]


def classify(standard: Standard, setting: Setting, route: Route, deprivations: Collection[str]) -> Proposal:
    """Return the proposed class with its reasons; deprivations come back in the order of the form.

    Raises:
        ScoreRouteUnknown: the route is by score, and the standard has no cut-offs.
        UnknownIndicator: a deprivation is not one of the standard's, or stands there twice.
    """
    if len(set(deprivations)) != len(deprivations) or not set(deprivations) <= set(standard.indicator_codes):
        raise UnknownIndicator
    below = _below_the_line(standard, setting, route)
    rule = standard.deprivations
    lacking = Reason(
        criterion="deprivations",
        value=len(deprivations),
        comparison="at_least",
        threshold=rule.needed_for_poor,
        met=len(deprivations) >= rule.needed_for_poor,
        legal_basis=rule.legal_basis,
    )
    return Proposal(
        household_class=_class_of(below=below.met, lacking=lacking.met),
        b1_points=route.b1_points if isinstance(route, ScoreRoute) else None,
        b2_points=rule.points_each * len(deprivations),
        deprivations=tuple(code for code in standard.indicator_codes if code in deprivations),
        reasons=(below, lacking),
    )


def _class_of(*, below: bool, lacking: bool) -> HouseholdClass:
    if not below:
        return "not_poor"
    return "poor" if lacking else "near_poor"


def _below_the_line(standard: Standard, setting: Setting, route: Route) -> Reason:
    if isinstance(route, IncomeRoute):
        lines, criterion, value = standard.income_lines, "income_per_person_month", route.income_per_person_month
    elif standard.score_cutoffs is None:
        raise ScoreRouteUnknown(standard.code)
    else:
        lines, criterion, value = standard.score_cutoffs, "b1_points", route.b1_points
    threshold = lines.at(setting)
    return Reason(
        criterion=criterion,
        value=value,
        comparison="at_most",
        threshold=threshold,
        met=value <= threshold,
        legal_basis=lines.legal_basis,
    )
