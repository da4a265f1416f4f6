"""How a household moved between classes: the lines of the official movement tables.

Each movement counts in exactly one line, so that the tables' identity holds: poor at the end = poor at the start, less
who became near-poor or rose above, plus near-poor who became poor, plus re-poverty, plus new poverty. Therefore who
comes out of the near-poor list counts as near-poor that became poor even when poor before; re-poverty comes from above
both lists.
"""

from collections.abc import Sequence

from shared.events.registry import HouseholdClass, Transition

_FROM_A_LIST: dict[tuple[HouseholdClass, HouseholdClass], Transition] = {
    ("poor", "near_poor"): "escaped_to_near_poor",
    ("poor", "not_poor"): "escaped_above_near_poor",
    ("near_poor", "poor"): "near_poor_to_poor",
    ("near_poor", "not_poor"): "rose_above_near_poor",
}


def transition(history: Sequence[HouseholdClass], decided: HouseholdClass) -> Transition | None:
    """Return the movement that a decision makes, None when the household stays where it was.

    `history` holds the classes decided before under the same standard, oldest first: new and repeated poverty differ
    only by it.
    """
    previous = history[-1] if history else "not_poor"
    if previous != "not_poor":
        return _FROM_A_LIST.get((previous, decided))
    if decided == "poor":
        return "re_poor" if "poor" in history else "new_poor"
    if decided == "near_poor":
        return "re_near_poor" if "near_poor" in history else "new_near_poor"
    return None
