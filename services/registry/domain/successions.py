"""Which administrative unit takes over which, and from what day on."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.areas import Area
from shared.maps import unplaced


class Succession(BaseModel):
    """A unit takes over another, or with others a part of it, on the day `effective`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    old_code: str = Field(max_length=12, examples=["08548"])
    new_code: str = Field(max_length=12, examples=["08566"])
    effective: date = Field(examples=["2025-07-01"])


def is_between_units(succession: Succession, units: Iterable[Area]) -> bool:
    """Return whether there was the old unit on the day before, and is the new one, of one level, from the day on."""
    before = succession.effective - timedelta(days=1)
    of_codes = [unit for unit in units if unit.code in (succession.old_code, succession.new_code)]
    old = {unit.level for unit in of_codes if unit.code == succession.old_code and unit.valid_on(before)}
    new = {unit.level for unit in of_codes if unit.code == succession.new_code and unit.valid_on(succession.effective)}
    return bool(old & new)


def with_predecessors(
    communes: Collection[str], successions: Iterable[Succession], *, in_use: Collection[str], on: date
) -> set[str]:
    """Return communes with all that they have taken over, until a day; of what was split, where they have every part.

    A code that another unit has been given since (`in_use` on the day) stays that unit's; households of what was split
    that wait to be placed are under a code of their own.
    """
    heirs: dict[tuple[str, date], set[str]] = defaultdict(set)
    for each in successions:
        if each.effective <= on:
            heirs[each.old_code, each.effective].add(each.new_code)
    covered, taken = set(communes), set(in_use)
    while True:
        whole = [(old, new) for (old, _), new in heirs.items() if new <= covered]
        gained = {old for old, _ in whole} - taken | {unplaced(old) for old, new in whole if len(new) > 1}
        gained -= covered
        if not gained:
            return covered
        covered |= gained
