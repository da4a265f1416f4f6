"""What another standard would make of a household, from what is already known of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from services.registry.domain.classification import IncomeRoute, ScoreRoute, ScoreRouteUnknown, classify
from services.registry.domain.deprivations import Resident, computed_deprivations
from services.registry.domain.facts import HouseholdFacts
from services.registry.domain.standards import Standard
from shared.events.registry import HouseholdClass, Setting


@dataclass(frozen=True)
class Known:
    """The assessment by which a household has its class, with its members as registered."""

    setting: Setting
    route: IncomeRoute | ScoreRoute
    ticked: Collection[str]
    facts: HouseholdFacts | None
    residents: Sequence[Resident]
    assessed_on: date


def unanswered(base: Standard, target: Standard) -> tuple[str, ...]:
    """Return the target's indicators that neither ticks under the base nor facts can answer."""
    return tuple(
        indicator.code
        for dimension in target.dimensions
        for indicator in dimension.indicators
        if indicator.code not in base.indicator_codes and indicator.computed_by is None
    )


def simulated_class(target: Standard, known: Known) -> HouseholdClass | None:
    """Return the class under the target; None when it has no cut-offs for a household known by points alone.

    An indicator that facts decide is taken from them, another as ticked; what neither tells counts as not deprived.
    """
    deprived = {code for code in target.indicator_codes if code in known.ticked}
    if known.facts is not None:
        for each in computed_deprivations(target, known.facts, known.residents, known.assessed_on):
            if each.deprived is not None:
                (deprived.add if each.deprived else deprived.discard)(each.indicator)
    try:
        return classify(target, known.setting, known.route, deprived).household_class
    except ScoreRouteUnknown:
        return None
