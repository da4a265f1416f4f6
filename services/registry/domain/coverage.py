"""Which communes an administrative unit covers: what a grant in it is worth."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from services.registry.domain.areas import Area
from services.registry.domain.successions import Succession, with_predecessors
from shared.events.registry import AreaLevel
from shared.maps import is_unplaced

# No household is placed in a village alone, so a grant there would cover nothing.
GRANTABLE_LEVELS: tuple[AreaLevel, ...] = ("province", "district", "commune")


def covered_communes(
    units: Iterable[Area], code: str, on: date, successions: Sequence[Succession] = ()
) -> tuple[str, ...]:
    """Return the codes of the communes that the unit of a code covers on a day, in order; none where there is no unit.

    A unit covers what was ever below it, and what its communes have taken over, since households keep the commune in
    which they were registered. A unit that keeps code and level is the same through all its periods: the province of
    before 1 July 2025 goes on in the one of after. What begins after `on` is not covered yet.
    """
    begun = [unit for unit in units if unit.valid_from <= on]
    if is_unplaced(code):
        return (code,)
    unit_now = next((unit for unit in begun if unit.code == code and unit.valid_on(on)), None)
    if unit_now is None:
        return ()
    reached = [unit for unit in begun if unit.code == code and unit.level == unit_now.level]
    communes = {unit.code for unit in _communes_under(reached, begun)}
    in_use = {unit.code for unit in begun if unit.valid_on(on)}
    return tuple(sorted(with_predecessors(communes, successions, in_use=in_use, on=on)))


def communes_within(units: Iterable[Area], code: str, first: date, last: date) -> tuple[Area, ...]:
    """Return the communes that the unit of a code holds on some day of a period, by code, each as it was last."""
    known = [unit for unit in units if unit.valid_from <= last and (unit.valid_to is None or first <= unit.valid_to)]
    communes = _communes_under([unit for unit in known if unit.code == code], known)
    by_code = {unit.code: unit for unit in sorted(communes, key=lambda unit: unit.valid_from)}
    return tuple(by_code[each] for each in sorted(by_code))


def _communes_under(reached: Sequence[Area], units: Iterable[Area]) -> list[Area]:
    """Return the communes among some units and all that lies below them."""
    below: dict[str, list[Area]] = defaultdict(list)
    for unit in units:
        if unit.parent_code is not None:
            below[unit.parent_code].append(unit)
    waiting, communes = list(reached), []
    while waiting:
        unit = waiting.pop()
        if unit.level == "commune":
            communes.append(unit)
        else:
            waiting += [child for child in below[unit.code] if _meet(unit, child)]
    return communes


def _meet(parent: Area, child: Area) -> bool:
    return parent.valid_on(child.valid_from) or child.valid_on(parent.valid_from)
