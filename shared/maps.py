"""Maps of administrative units by date: what a unit of one map is on another, over reorganisations between them.

Households of a unit that was split are, until somebody places them, in no unit: they stand in `unplaced(code)`.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Protocol

_UNPLACED = "?"


class Step(Protocol):
    """A unit takes over another, or with others a part of it, from the day `effective` on."""

    @property
    def old_code(self) -> str: ...
    @property
    def new_code(self) -> str: ...
    @property
    def effective(self) -> date: ...


def unplaced(code: str) -> str:
    """Return the code under which households of a split unit wait to be placed: no unit of any day has it."""
    return code + _UNPLACED


def is_unplaced(code: str) -> bool:
    """Return whether a code is one of `unplaced`."""
    return code.endswith(_UNPLACED)


def unit_waited_for(code: str) -> str:
    """Return the code of the split unit whose households wait under a code of `unplaced`."""
    return code.removesuffix(_UNPLACED)


def counterparts(code: str, steps: Iterable[Step], *, on: date, seen_on: date) -> frozenset[str]:
    """Return the codes of the units on the map of `seen_on` which the unit of a code on the day `on` became or was.

    A code that no step names stays itself. Of what waits to be placed the unit that it was is known, and what it
    becomes is not.
    """
    known = list(steps)
    forward = on <= seen_on
    first, last = min(on, seen_on), max(on, seen_on)
    found = {code}
    for day in sorted({each.effective for each in known if first < each.effective <= last}, reverse=not forward):
        here = [(each.old_code, each.new_code) for each in known if each.effective == day]
        if not forward:
            here = [(new, old) for old, new in here]
            here += [(unplaced(old), old) for _, old in here]
        named = {before for before, _ in here}
        found = {after for before, after in here if before in found} | (found - named)
    return frozenset(found)


def place_on_map(own: str | None, options: Collection[str]) -> str | None:
    """Return where a household counts on another map, of the units that its own became or was; None where not known.

    `own` is where the household itself was on the day of the map: it decides where a unit was split or merged.
    """
    if own in options:
        return own
    return next(iter(options)) if len(options) == 1 else None


class OtherMap:
    """The map of a day, on which what stood on other days is shown. Looks up each unit once between reorganisations."""

    def __init__(self, steps: Iterable[Step], seen_on: date) -> None:
        self._steps = list(steps)
        self._seen_on = seen_on
        self._days = sorted({each.effective for each in self._steps})
        self._known: dict[tuple[str, int], frozenset[str]] = {}

    def options(self, code: str, on: date) -> frozenset[str]:
        """Return the units of this map which the unit of a code on a day became or was."""
        key = code, bisect_right(self._days, on)
        if key not in self._known:
            self._known[key] = counterparts(code, self._steps, on=on, seen_on=self._seen_on)
        return self._known[key]

    def place(self, code: str, on: date, own: str | None) -> str | None:
        """Return the unit of this map in which a household of a unit on a day counts, None where it is in none known.

        `own` is where it was itself on the day of the map. Who waits to be placed is of the unit that was split.
        """
        if is_unplaced(code):
            code = unit_waited_for(code)
            split_on = [each.effective for each in self._steps if each.old_code == code and each.effective <= on]
            on = max(split_on, default=on) - timedelta(days=1)
        found = place_on_map(own, self.options(code, on))
        return None if found is None or is_unplaced(found) else found
