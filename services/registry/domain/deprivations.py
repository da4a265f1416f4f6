"""Deprivations computed from facts, each with its reason and the persons it is about.

What the reviewer ticked decides the class; what the facts say stands beside it. An indicator whose facts are missing is
neither deprived nor not: it says which facts are missing. Nobody in the age band is "not deprived".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.registry.domain.facts import HouseholdFacts, MemberFacts, answers
from services.registry.domain.indicator_rules import (
    DependantsRule,
    FloorAreaRule,
    HouseholdRule,
    IndicatorRule,
    MemberRule,
    StructureRule,
)
from services.registry.domain.standards import Standard
from shared.events.registry import Sex


@dataclass(frozen=True)
class Resident:
    """A member as registered, as far as rules look at one."""

    id: UUID
    sex: Sex
    birth_date: date


class ComputedDeprivation(BaseModel):
    """What the facts say about one indicator. `deprived` is None where facts or the rule are missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    indicator: str
    deprived: bool | None
    criterion: Literal["members", "dependants_percent", "structures", "floor_area_m2", "household"] | None = None
    value: Decimal | None = None
    comparison: Literal["at_least", "more_than", "less_than"] | None = None
    threshold: Decimal | None = None
    persons: tuple[UUID, ...] = ()
    missing: tuple[str, ...] = ()
    legal_basis: str | None = None


class _Found(BaseModel):
    model_config = ConfigDict(frozen=True)

    deprived: bool | None
    criterion: str
    value: Decimal | None = None
    comparison: str = "at_least"
    threshold: Decimal = Decimal(1)
    persons: tuple[UUID, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Case:
    facts: HouseholdFacts
    residents: Sequence[Resident]
    on: date

    def member(self, resident: Resident) -> MemberFacts:
        return next(
            (each for each in self.facts.members if each.person_id == resident.id),
            MemberFacts(person_id=resident.id),
        )


def months_of_age(birth: date, on: date) -> int:
    """Return the whole months that somebody has lived on a day."""
    return (on.year - birth.year) * 12 + on.month - birth.month - (on.day < birth.day)


def computed_deprivations(
    standard: Standard, facts: HouseholdFacts, residents: Sequence[Resident], on: date
) -> tuple[ComputedDeprivation, ...]:
    """Return what facts say about each indicator of a standard, in the order of the form, at a day of review."""
    case = _Case(facts, [each for each in residents if each.birth_date <= on], on)
    computed = []
    for dimension in standard.dimensions:
        for indicator in dimension.indicators:
            rule = indicator.computed_by
            if rule is None:
                computed.append(ComputedDeprivation(indicator=indicator.code, deprived=None, missing=("rule",)))
                continue
            found = _TESTS[type(rule.test)](rule.test, case).model_dump()
            computed.append(ComputedDeprivation(indicator=indicator.code, legal_basis=rule.legal_basis, **found))
    return tuple(computed)


def _any_member(rule: MemberRule, case: _Case) -> _Found:
    lacking, missing = [], []
    for each in case.residents:
        months = months_of_age(each.birth_date, case.on)
        for band in rule.bands:
            if not band.takes(months, each.sex, case.on):
                continue
            answer = getattr(case.member(each), rule.fact)
            if answer is None:
                missing.append(f"members/{each.id}/{rule.fact}")
            elif not answers(answer) & set(band.accepted):
                lacking.append(each.id)
    return _Found(
        deprived=True if lacking else None if missing else False,
        criterion="members",
        value=Decimal(len(lacking)),
        persons=tuple(lacking),
        missing=tuple(missing),
    )


def _dependants(rule: DependantsRule, case: _Case) -> _Found:
    dependants, missing = [], []
    for each in case.residents:
        allowance = case.member(each).monthly_allowance
        if months_of_age(each.birth_date, case.on) < rule.below_months or allowance:
            dependants.append(each.id)
        elif allowance is None:
            missing.append(f"members/{each.id}/monthly_allowance")
    people = len(case.residents)
    least = people > 0 and len(dependants) * 100 > rule.more_than_percent * people
    most = people > 0 and (len(dependants) + len(missing)) * 100 > rule.more_than_percent * people
    return _Found(
        deprived=least if least == most else None,
        criterion="dependants_percent",
        value=Decimal(len(dependants) * 100 / people).quantize(Decimal("0.01")) if people else None,
        comparison="more_than",
        threshold=Decimal(rule.more_than_percent),
        persons=tuple(dependants),
        missing=tuple(missing),
    )


def _structure(rule: StructureRule, case: _Case) -> _Found:
    durable = case.facts.durable
    weak = None if durable is None else sum(not part for part in (durable.wall, durable.column, durable.roof))
    return _Found(
        deprived=None if weak is None else weak >= rule.not_durable_at_least,
        criterion="structures",
        value=None if weak is None else Decimal(weak),
        threshold=Decimal(rule.not_durable_at_least),
        missing=("durable",) if weak is None else (),
    )


def _floor_area(rule: FloorAreaRule, case: _Case) -> _Found:
    area, people = case.facts.floor_area_m2, len(case.residents)
    known = area is not None and people > 0
    return _Found(
        # Compared before it is divided: a rounded quotient could fall on the other side of the limit.
        deprived=area < rule.less_than_m2 * people if area is not None and people else None,
        criterion="floor_area_m2",
        value=(area / people).quantize(Decimal("0.01")) if area is not None and people else None,
        comparison="less_than",
        threshold=rule.less_than_m2,
        missing=() if known else ("floor_area_m2",),
    )


def _household(rule: HouseholdRule, case: _Case) -> _Found:
    answer = getattr(case.facts, rule.fact, None)
    accepted = None if answer is None else len(answers(answer) & set(rule.accepted))
    return _Found(
        deprived=None if accepted is None else accepted < 1,
        criterion="household",
        value=None if accepted is None else Decimal(accepted),
        comparison="less_than",
        missing=(rule.fact,) if accepted is None else (),
    )


_TESTS: dict[type[IndicatorRule], Callable[..., _Found]] = {
    MemberRule: _any_member,
    DependantsRule: _dependants,
    StructureRule: _structure,
    FloorAreaRule: _floor_area,
    HouseholdRule: _household,
}
